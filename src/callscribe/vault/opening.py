"""The accounts' keys as the settings say."""

from urllib.parse import unquote, urlsplit

from callscribe.db.engine import Database
from callscribe.db.sealed import use_vault
from callscribe.errors import SetupError
from callscribe.media.blobs import BlobStore
from callscribe.settings import Settings
from callscribe.vault.account_keys import AccountKeys
from callscribe.vault.master import HOW_TO_MAKE, LocalMasterKey, MasterKey

PATIENCE = 5.0
"""Seconds that a store of keys may be silent."""


def master_key(settings: Settings) -> MasterKey | None:
    """What wraps the accounts' keys; None where nothing is set.

    Raises:
        SetupError: what is set cannot be used.
    """
    given = [settings.master_key, settings.master_key_file, settings.kms_url]
    if sum(each is not None for each in given) > 1:
        raise SetupError(
            "Of CALLSCRIBE_MASTER_KEY, CALLSCRIBE_MASTER_KEY_FILE and CALLSCRIBE_KMS_URL, set one and no more."
        )
    if settings.kms_url is not None:
        from callscribe.vault.transit import TransitMasterKey  # noqa: PLC0415  its HTTP client takes long to load

        return TransitMasterKey(settings)
    return LocalMasterKey.from_settings(settings)


def account_keys(settings: Settings) -> AccountKeys | None:
    """The accounts' keys; None where nothing is sealed, and nothing can have been.

    Raises:
        SetupError: there is no master key, or the keys lie among what they seal.
    """
    master = master_key(settings)
    if master is None:
        if settings.encryption == "none":
            return None
        raise SetupError(
            "CALLSCRIBE_ENCRYPTION=account needs a master key: CALLSCRIBE_MASTER_KEY, CALLSCRIBE_MASTER_KEY_FILE or "
            f"CALLSCRIBE_KMS_URL; {HOW_TO_MAKE}."
        )
    if settings.is_shared and settings.keys_url is None:
        raise SetupError(
            "Machines that share a database and a blob store share the accounts' keys as well: set CALLSCRIBE_KEYS_URL "
            "to a folder or bucket that all of them have."
        )
    if lies_in(settings.keys, settings.blobs):
        raise SetupError(
            "CALLSCRIBE_KEYS_URL lies in the store of CALLSCRIBE_BLOBS_URL: a backup of that would have the keys as "
            "well, and erasing one would erase nothing. Choose another folder or bucket."
        )
    return AccountKeys(BlobStore(settings.keys, PATIENCE), master, seals=settings.encryption == "account")


def use_keys(database: Database, settings: Settings) -> AccountKeys | None:
    """The same, by which a database's rows are sealed and read from now on."""
    keys = account_keys(settings)
    if keys is not None:
        use_vault(database, keys)
    return keys


def lies_in(inner: str, outer: str) -> bool:
    """Whether one store, by its URL, is a part of another, or the other of it."""
    first, second = urlsplit(inner), urlsplit(outer)
    if (first.scheme, first.netloc) != (second.scheme, second.netloc):
        return False
    paths = [unquote(each.path).strip("/").split("/") for each in (first, second)]
    a, b = ([part for part in path if part] for path in paths)
    return a[: len(b)] == b or b[: len(a)] == a
