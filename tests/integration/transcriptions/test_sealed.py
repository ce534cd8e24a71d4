"""Blobs of a job that redacts, in a folder and in an object store."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

import servers
from callscribe.accounts.secrets import TokenCipher
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.sealing import is_sealed
from callscribe.transcriptions.sealed import copy_into, new_sealing_key, store_of
from resolved import job_row

CIPHER = TokenCipher(Fernet.generate_key())


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlobStore]:
    if request.param == "folder":
        yield BlobStore((tmp_path / "blobs").as_uri())
        return
    with servers.object_store(tmp_path / "s3") as store, pytest.MonkeyPatch.context() as patch:
        for name, value in store.environment().items():
            patch.setenv(name, value)
        yield BlobStore(f"s3://{servers.BUCKET}/{uuid4().hex}")


def test_what_a_job_puts_is_sealed_with_its_key(blobs: BlobStore) -> None:
    row, other = job_row("AC" + "1" * 32), job_row("AC" + "1" * 32)
    row.sealing_key, other.sealing_key = new_sealing_key(CIPHER), new_sealing_key(CIPHER)
    recorded = bytes(range(256)) * 40_000  # of more than one part of an upload
    blobs.put_bytes("recording/media", recorded)
    store = store_of(row, blobs, CIPHER)
    copy_into(store, "recording/media", "job/media")
    assert is_sealed(blobs.get_bytes("job/media"))
    assert store.get_bytes("job/media") == recorded
    assert store.size("job/media") == len(recorded)
    copy_into(blobs, "job/media", "job/redacted/media", of=store)
    assert blobs.get_bytes("job/redacted/media") == recorded
    with pytest.raises(Exception, match="key"):
        store_of(other, blobs, CIPHER).get_bytes("job/media")
    with pytest.raises(BlobMissing):
        copy_into(store, "recording/none", "job/none")


def test_job_without_redaction_seals_nothing(blobs: BlobStore) -> None:
    assert store_of(job_row("AC" + "1" * 32), blobs, CIPHER) is blobs
