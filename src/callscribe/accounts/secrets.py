"""How auth tokens are kept.

Tokens are 128 random bits, so one round of SHA-256 is enough to check them: there is nothing to guess.
To sign callbacks the token itself is needed; it is encrypted with a key that is not in the database.
"""

import hashlib
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from callscribe.errors import SetupError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.settings import Settings

SHARED_KEY = "secret.key"
"""The blob that has the key of a fleet which was given none."""


def hash_token(token: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenCipher:
    """Encrypts tokens with a key that all processes of an installation have.

    It is `CALLSCRIBE_SECRET_KEY`, else that of the file `secret.key` in the data folder; else, where both database and
    blob store are shared with other machines, that of the blob `secret.key`. Whoever comes first makes it.
    """

    def __init__(self, key: str | bytes) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SetupError(
                "CALLSCRIBE_SECRET_KEY (or the file secret.key) is not a key: it must be 32 bytes in URL-safe base64."
            ) from error

    @classmethod
    def from_settings(cls, settings: Settings) -> "TokenCipher":
        """Read the key, or make one at the first start."""
        if settings.secret_key is not None:
            return cls(settings.secret_key.get_secret_value())
        path = settings.data_dir / "secret.key"
        if settings.is_shared and not path.exists():
            return cls(_shared(BlobStore(settings.blobs)))
        return cls(_read_or_create(path))

    def encrypt(self, token: str) -> str:
        """Encrypted and authenticated, as text."""
        return self._fernet.encrypt(token.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """The token.

        Raises:
            SetupError: the key is not the one it was encrypted with.
        """
        try:
            return self._fernet.decrypt(encrypted).decode()
        except InvalidToken as error:
            raise SetupError(
                "An auth token cannot be decrypted: the secret key changed. Put the old secret.key (or "
                "CALLSCRIBE_SECRET_KEY) back, or give the account a new token with `callscribe accounts rotate`."
            ) from error


def _shared(blobs: BlobStore) -> bytes:
    try:
        return blobs.get_bytes(SHARED_KEY).strip()
    except BlobMissing:
        blobs.put_new(SHARED_KEY, Fernet.generate_key())
        return blobs.get_bytes(SHARED_KEY).strip()  # where another was quicker, that one's


def _read_or_create(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        pass
    # Written aside and linked: a process killed half-way, or a second one, never leaves or reads half a key.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes().strip()
