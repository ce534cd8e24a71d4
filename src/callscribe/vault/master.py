"""What seals the accounts' keys: a master key of the operator's, or a key management service."""

import base64
import binascii
from collections.abc import Sequence
from typing import Protocol

from callscribe.errors import KeyUnknown, SealBroken, SetupError
from callscribe.sealing import HEADER, KEY_BYTES, Keyring, key_name, name_in, seal, unseal
from callscribe.settings import Settings

HOW_TO_MAKE = "`callscribe keys new-master` prints one"


class MasterKey(Protocol):
    """Wraps and unwraps other keys, each for one account. The seam for a key management service."""

    def wrap(self, account_sid: str, key: bytes) -> str:
        """A key, wrapped so that it comes out for this account alone."""
        ...

    def unwrap(self, account_sid: str, wrapped: str) -> bytes:
        """The key.

        Raises:
            SetupError: it was wrapped by another master key, for another account, or was changed.
            TimedOut: the service does not answer, see `waiting`.
        """
        ...

    def is_current(self, wrapped: str) -> bool:
        """Whether it was wrapped by that version of the master key which wraps now."""
        ...


class LocalMasterKey:
    """Master keys in the operator's hand: the first wraps, and each unwraps what it has wrapped.

    Args:
        keys: 32 bytes each.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ring = Keyring(*keys)

    @classmethod
    def from_settings(cls, settings: Settings) -> "LocalMasterKey | None":
        """That of `CALLSCRIBE_MASTER_KEY` or `CALLSCRIBE_MASTER_KEY_FILE`; None where there is neither.

        Raises:
            SetupError: it cannot be read, or is none.
        """
        if settings.master_key is not None:
            where, text = "CALLSCRIBE_MASTER_KEY", settings.master_key.get_secret_value().replace(",", "\n")
        elif settings.master_key_file is not None:
            where = f"The file {settings.master_key_file} (CALLSCRIBE_MASTER_KEY_FILE)"
            try:
                text = settings.master_key_file.read_text()
            except (OSError, UnicodeDecodeError) as error:
                raise SetupError(f"{where} cannot be read: {error}.") from None
        else:
            return None
        keys = [_read(line.strip(), where) for line in text.splitlines() if line.strip()]
        if not keys:
            raise SetupError(f"{where} has no key in it; {HOW_TO_MAKE}.")
        return cls(keys)

    def wrap(self, account_sid: str, key: bytes) -> str:
        """See `MasterKey`."""
        return base64.b64encode(seal(self._ring, for_account(account_sid, key))).decode()

    def unwrap(self, account_sid: str, wrapped: str) -> bytes:
        """See `MasterKey`."""
        try:
            return of_account(account_sid, unseal(self._ring, base64.b64decode(wrapped, validate=True)))
        except KeyUnknown:
            raise SetupError(
                f"The key of account {account_sid} was sealed with another master key. Put that behind the present one "
                "in CALLSCRIBE_MASTER_KEY, separated by a comma, or in the file of CALLSCRIBE_MASTER_KEY_FILE, on a "
                "line of its own."
            ) from None
        except (SealBroken, binascii.Error):
            raise SetupError(f"The key of account {account_sid} is not as it was written.") from None

    def is_current(self, wrapped: str) -> bool:
        """See `MasterKey`."""
        try:
            return name_in(base64.b64decode(wrapped)[:HEADER]) == key_name(self._ring.current)
        except binascii.Error:
            return False


def for_account(account_sid: str, key: bytes) -> bytes:
    """A key as it is wrapped: with whose it is, so that it cannot be given to another."""
    return account_sid.encode() + key


def of_account(account_sid: str, unwrapped: bytes) -> bytes:
    """The same back.

    Raises:
        SetupError: it is another account's.
    """
    key = unwrapped.removeprefix(account_sid.encode())
    if len(key) != KEY_BYTES or len(unwrapped) == KEY_BYTES:
        raise SetupError(f"What lies as the key of account {account_sid} is another's.")
    return key


def _read(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SetupError(f"{where} is not a master key: 32 bytes in base64, 44 characters; {HOW_TO_MAKE}.")
    return key
