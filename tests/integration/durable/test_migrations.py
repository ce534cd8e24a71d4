from pathlib import Path

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.migrations.runner import migrate


class _Killed(BaseException):
    pass


def _tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names


@pytest.mark.parametrize("fatal", [1, 2, 5, 9, 14])
def test_killed_migration_goes_through_next(tmp_path: Path, fatal: int) -> None:
    url = f"sqlite:///{tmp_path / 'callscribe.db'}"
    database = Database(url)
    statements = 0

    def kill(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal statements
        statements += statement.lstrip().startswith("CREATE")
        if statements == fatal:
            raise _Killed

    sa.event.listen(database.engine, "before_cursor_execute", kill)
    with pytest.raises(_Killed):
        migrate(database)
    sa.event.remove(database.engine, "before_cursor_execute", kill)
    assert _tables(url) == set()
    database.close()

    again = Database(url)
    migrate(again)
    migrate(again)
    again.close()
    assert {"accounts", "transcriptions", "callbacks", "workflow_status"} <= _tables(url)
