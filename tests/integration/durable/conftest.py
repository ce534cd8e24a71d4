from collections.abc import Iterator

import pytest

from callscribe.db.engine import Database
from callscribe.preparation import prepare
from callscribe.settings import Settings


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data") / "callscribe")
    database, _ = prepare(settings)
    yield database
    database.close()
