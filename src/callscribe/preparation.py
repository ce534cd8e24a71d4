"""What every start of the program makes sure of: folders with nothing of the dead in them, schema, a first account."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

import sqlalchemy as sa
from filelock import FileLock

from callscribe.accounts.provider_usage import hours_of_engines
from callscribe.accounts.service import Accounts, Credentials
from callscribe.db.engine import Database
from callscribe.errors import SetupError
from callscribe.media.blobs import reap_copies
from callscribe.media.spool import Spool
from callscribe.migrations.runner import migrate, one_at_a_time
from callscribe.migrations.schema import check
from callscribe.outages import DAMAGED, outage
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.engines import registry
from callscribe.speech.prices import Prices
from callscribe.vault.opening import use_keys


def prepare(
    settings: Settings, *, migrating: bool | None = None, key_lost: bool = False
) -> tuple[Database, Credentials | None]:
    """The database, with at least one account; and its credentials if it was made just now.

    `migrating`: whether the schema is brought to that of this version, or only checked. By default it is where the
    database is a file of this machine alone. `key_lost`: a new secret key is made although there are accounts.

    Processes that start together on one database or data folder take turns.

    Raises:
        SetupError: a setting is wrong, or the schema does not fit; the message says what to do.
    """
    check_engines(settings)
    with opened(settings) as database:
        settings.spool.mkdir(exist_ok=True)
        reap_copies(settings.spool)
        Spool.of(settings).reap()
        if migrating or (migrating is None and database.is_sqlite):
            migrate(database)
        else:
            check(database)
        if database.reserve is not None:
            database.reserve.keep()
        accounts = Accounts.of(database, settings, key_lost=key_lost)
        with one_at_a_time(database):
            return database, accounts.ensure_first(settings)


def check_engines(settings: Settings) -> None:
    """Make sure that what the settings say of engines can be followed.

    Raises:
        SetupError: it cannot; the message names the setting.
    """
    routes.check_orders(settings)
    hours_of_engines(settings)
    Prices.parse(settings.prices)
    for engine in registry.declared():
        engine.check(settings)


def join(settings: Settings, *, migrating: bool = False) -> tuple[Database, Credentials | None]:
    """The same for a process that does work: it must have the key that all accounts have.

    Raises:
        SetupError: the schema or the key is not that of the others, or recordings cannot be opened in a confined
            process where that is required; the message says what to do.
    """
    from callscribe.media.decoding import check_box  # noqa: PLC0415  loads what most commands have no use for

    check_box(settings)
    database, credentials = prepare(settings, migrating=migrating)
    try:
        Accounts.of(database, settings).check_key()
    except SetupError:
        database.close()
        raise
    return database, credentials


def data_folder(settings: Settings) -> Path:
    """The data folder, made where there is none.

    Raises:
        SetupError: it cannot be made, or written to.
    """
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        reason = error.strerror or error
        raise SetupError(
            f"The data folder {folder} cannot be used: {reason}. Choose another with --data or CALLSCRIBE_DATA_DIR."
        ) from error


def existing(settings: Settings) -> Settings:
    """The same settings, for a command that only looks, or changes what is there: it makes no folder by a slip.

    Raises:
        SetupError: there is nothing yet.
    """
    file = sa.make_url(settings.database).database
    if settings.database.startswith("sqlite") and file and not Path(file).exists():
        raise SetupError(
            f"There is no database {file}. Is --data, or CALLSCRIBE_DATA_DIR, the folder of the server? "
            "`callscribe serve` makes it."
        )
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database, while nobody else prepares one in this data folder. It stays open unless something goes wrong.

    Raises:
        SetupError: it cannot be reached.
    """
    with FileLock(data_folder(settings) / "setup.lock"):
        try:
            database = Database(settings.database, settings.database_pool)
        except (sa.exc.ArgumentError, ValueError, OSError) as error:
            raise SetupError(f"CALLSCRIBE_DATABASE_URL cannot be used: {error}.") from None
        use_keys(database, settings)
        try:
            yield database
        except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:  # the latter from what is said at a connection
            database.close()
            shown = database.engine.url.render_as_string(hide_password=True)
            reason = error.orig if isinstance(error, sa.exc.DatabaseError) else error
            if outage(error) == DAMAGED:
                what = f"is damaged: {reason}. Put back a backup of it (docs/operations.md, The data folder)"
            else:
                what = f"does not answer: {reason}. Check CALLSCRIBE_DATABASE_URL"
            raise SetupError(f"The database {shown} {what}.") from error
        except BaseException:
            database.close()
            raise
