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

IF_LOST = (
    "If it is lost, each account of `callscribe accounts list` needs a new token: `callscribe accounts rotate SID "
    "--key-lost`."
)
WHERE_IT_LIES = (
    "It may be the file `secret.key` in the data folder of the first machine: start that machine, or run `callscribe "
    "migrate` or `callscribe doctor` there, once with CALLSCRIBE_BLOBS_URL set, and all have it; or give all processes "
    f"the same CALLSCRIBE_SECRET_KEY, the content of that file. {IF_LOST}"
)
"""What to do where the key of the accounts is not here."""


def hash_token(token: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenCipher:
    """Encrypts tokens with a key that all processes of an installation have.

    It is `CALLSCRIBE_SECRET_KEY`, else that of the file `secret.key` in the data folder; else, where both database and
    blob store are shared with other machines, that of the blob `secret.key`. The first machine makes it; a machine
    that has a file already shares it as the blob.
    """

    def __init__(self, key: str | bytes) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise SetupError(
                "CALLSCRIBE_SECRET_KEY (or the file secret.key) is not a key: it must be 32 bytes in URL-safe base64."
            ) from error

    @classmethod
    def from_settings(cls, settings: Settings, encrypted: str | None = None) -> "TokenCipher":
        """Read the key, or make one at the first start.

        `encrypted`: a token as the database has it. With it, no key is made, since there is one; and no file is
        shared whose key is another.

        Raises:
            SetupError: the key lies elsewhere, or there are two; the message says what to do.
        """
        if settings.secret_key is not None:
            return cls(settings.secret_key.get_secret_value())
        path = settings.data_dir / "secret.key"
        if not settings.is_shared:
            if encrypted is not None and not path.exists():
                raise SetupError(
                    f"The accounts in the database have a secret key that is not here: put it back as {path}. "
                    f"{WHERE_IT_LIES}"
                )
            return cls(_read_or_create(path))
        blobs = BlobStore(settings.blobs)
        if not path.exists():
            return cls(_shared(blobs, encrypted))
        cipher = cls(path.read_bytes().strip())
        _share(path, cipher, blobs, encrypted)
        return cipher

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
                "An auth token cannot be decrypted: the secret key changed, or this process has another than the "
                f"others. Put the old one back. {WHERE_IT_LIES}"
            ) from error

    def fits(self, encrypted: str) -> bool:
        """Whether this was encrypted with the same key."""
        try:
            self._fernet.decrypt(encrypted)
        except InvalidToken:
            return False
        return True


def _shared(blobs: BlobStore, encrypted: str | None) -> bytes:
    """The key of the fleet, made where neither it nor an account is there yet."""
    key = _found(blobs)
    if key is not None:
        return key
    if encrypted is not None:
        raise SetupError(f"The accounts in the database have a secret key that is not here. {WHERE_IT_LIES}")
    blobs.put_new(SHARED_KEY, Fernet.generate_key())
    return blobs.get_bytes(SHARED_KEY).strip()  # where another was quicker, that one's


def _share(path: Path, own: TokenCipher, blobs: BlobStore, encrypted: str | None) -> None:
    """Make the key of the file that of the fleet, which came later than this machine. Nothing is ever overwritten."""
    key = path.read_bytes().strip()
    found = _found(blobs)
    if found is None:
        if encrypted is not None and not own.fits(encrypted):
            raise SetupError(
                f"The accounts in the database have another secret key than the file {path}. Move it away. "
                f"{WHERE_IT_LIES}"
            )
        blobs.put_new(SHARED_KEY, key)
        found = blobs.get_bytes(SHARED_KEY).strip()
    if found == key:
        return
    own_is_right = encrypted is not None and own.fits(encrypted)
    its_is_right = encrypted is not None and TokenCipher(found).fits(encrypted)
    drop_file = f"move the file {path} away, and this machine uses the blob"
    drop_blob = (
        f"save and delete the blob {SHARED_KEY} in CALLSCRIBE_BLOBS_URL and start this machine first: it shares its own"
    )
    if own_is_right or its_is_right:
        right, advice = ("file", drop_blob) if own_is_right else ("blob", drop_file)
        advice = f"The accounts in the database have that of the {right}: {advice}."
    else:
        advice = f"If the accounts were made with that of the blob, {drop_file}; else {drop_blob}."
    raise SetupError(f"There are two secret keys, the file {path} and the blob {SHARED_KEY}. {advice}")


def _found(blobs: BlobStore) -> bytes | None:
    try:
        return blobs.get_bytes(SHARED_KEY).strip()
    except BlobMissing:
        return None


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
