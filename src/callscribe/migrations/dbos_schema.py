"""The one place that uses what is not public in DBOS; pyproject.toml pins its minor version.

`get_migration_versions` and `get_sqlite_migration_versions`: the revision of DBOS's tables in the database, and the
one that its library brings. A process that may not change the schema has to tell whether it can work with it;
`DBOS.migrate` changes it, and nothing public only looks.

`tests/integration/db/test_schema.py` fails where they mean something else.
"""

from dbos._migration import get_migration_versions, get_sqlite_migration_versions

from callscribe.db.engine import Database


def versions(database: Database) -> tuple[int, int]:
    """The revision of DBOS's tables in the database, 0 where there are none, and the one that its library brings."""
    if database.is_sqlite:
        return get_sqlite_migration_versions(database.engine)
    return get_migration_versions(database.engine, "dbos", use_listen_notify=True)
