"""What every start of the program makes sure of: folders with nothing of the dead in them, schema, a first account."""

from filelock import FileLock
from sqlalchemy.exc import OperationalError

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts, Credentials
from callscribe.db.engine import Database
from callscribe.db.migrate import migrate
from callscribe.errors import SetupError
from callscribe.media.blobs import reap_copies
from callscribe.settings import Settings


def prepare(settings: Settings) -> tuple[Database, Credentials | None]:
    """The database, migrated, with at least one account; and its credentials if it was made just now.

    Processes that start together on one data folder take turns.

    Raises:
        SetupError: a setting is wrong; the message says which.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.spool.mkdir(exist_ok=True)
    reap_copies(settings.spool)
    with FileLock(settings.data_dir / "setup.lock"):
        database = Database(settings.database)
        try:
            migrate(database)
        except OperationalError as error:
            shown = database.engine.url.render_as_string(hide_password=True)
            raise SetupError(
                f"The database {shown} does not answer: {error.orig}. Check CALLSCRIBE_DATABASE_URL."
            ) from error
        accounts = Accounts(database, TokenCipher.from_settings(settings))
        return database, accounts.ensure_first(settings)
