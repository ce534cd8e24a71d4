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
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    quiet_dbos()
    DBOS.migrate(database.engine.url.render_as_string(hide_password=False))
