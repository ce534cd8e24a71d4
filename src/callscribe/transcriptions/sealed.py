"""What a job that redacts keeps from readers: its media, chunks and original lie sealed, with a key of the job's own.

The key is in the job's row, encrypted by the installation's. It goes in the transaction that ends the job, unless the
original is to be kept: what lies in the blob store is nobody's to read from then on, whenever it is deleted.
"""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from callscribe.db.url_credentials import Cipher
from callscribe.media.blobs import BlobStore
from callscribe.sealing import new_key
from callscribe.transcriptions.tables import Transcription


def new_sealing_key(cipher: Cipher | None) -> str:
    """A key for one job, encrypted, for its row."""
    if cipher is None:
        raise RuntimeError("nothing is known that a key could be encrypted with")
    return cipher.encrypt(base64.urlsafe_b64encode(new_key()).decode())


def store_of(row: Transcription, blobs: BlobStore, cipher: Cipher | None) -> BlobStore:
    """The blob store as this job's own: what it puts there is sealed where the job redacts.

    Raises:
        SetupError: its key was encrypted with another key of the installation.
    """
    if row.sealing_key is None:
        return blobs
    if cipher is None:
        raise RuntimeError("nothing is known that the key of a job could be decrypted with")
    return blobs.sealed_with(base64.urlsafe_b64decode(cipher.decrypt(row.sealing_key)))


def copy_into(store: BlobStore, source: str, target: str, *, of: BlobStore | None = None) -> None:
    """Copy a blob a piece at a time, so that the copy is sealed as `store` has it; from `of`, where it is opened there.

    Raises:
        BlobMissing: there is no `source`.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="copying") as reader:  # see `BlobStore.put_stream`
        store.put_stream(target, _read_by(reader, (of or store).stream(source)))


def _read_by(reader: ThreadPoolExecutor, pieces: Iterator[bytes]) -> Iterator[bytes]:
    while piece := reader.submit(next, pieces, b"").result():
        yield piece
