"""Bring the database to the schema of this version; Alembic for our tables, DBOS for its own."""

from alembic import command
from alembic.config import Config
from dbos import DBOS

from callscribe.db.engine import Database
from callscribe.durable import quiet_dbos


def migrate(database: Database) -> None:
    """Apply what is missing. Does nothing when nothing is; safe to call at every start."""
    config = Config()
    config.set_main_option("script_location", "callscribe:db/migrations")
    with database.engine.begin() as connection:
        if database.is_sqlite:
            # pysqlite begins no transaction before DDL: a process killed here would leave half a schema.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    quiet_dbos()
    DBOS.migrate(database.engine.url.render_as_string(hide_password=False))
