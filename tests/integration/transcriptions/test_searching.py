"""What the search index has of a job, from its end to its erasure; and what is made up for."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.media.blobs import BlobStore
from callscribe.search import finding
from callscribe.search.finding import Narrowed
from callscribe.search.queries import Query
from callscribe.settings import Settings
from callscribe.transcriptions import index_repository, keys, repository, searching
from callscribe.transcriptions.retention import Sweep
from callscribe.transcriptions.searching import MakingUp
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import TRANSCRIPT, Sentence, Transcript
from resolved import job_row

SPOKEN = Transcript(4.0, "en-US", (Sentence(0, 0, 0.0, 4.0, "Good morning.", 0.9, ()),))
Ended = Callable[..., Transcription]


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore((tmp_path / "blobs").as_uri())


@pytest.fixture
def ended(database: Database, account: str, blobs: BlobStore) -> Ended:
    """A job of a version without search: a row and a transcript, and nothing in the index."""
    with database.write() as session:  # what other tests left
        session.execute(sa.update(Transcription).values(is_searchable=False))

    def job(data: bytes | None = TRANSCRIPT.dump_json(SPOKEN), **columns: Any) -> Transcription:
        row = job_row(account, **{"status": Status.COMPLETED} | columns)
        with database.write() as session:
            session.add(row)
        if data is not None:
            blobs.put_document(keys.transcript(row.blobs), data)
        return row

    return job


def found(database: Database, account: str) -> list[str]:
    with database.read() as session:
        page = finding.find(session, Query.parse("morning"), Narrowed(account), None, 50)
    return [hit.transcription_id for hit in page.rows]


def test_older_transcripts_made_up_for(
    database: Database, account: str, blobs: BlobStore, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "BATCH", 2)
    first, second, third = ended(), ended(), ended()
    ended(status=Status.FAILED)
    ended(transcript_erased_at=now())
    for data in (None, b"{}"):  # gone, and no transcript: neither keeps the others from their turn
        ended(data)
    monkeypatch.setattr(searching, "MOST_BATCHES", 1)
    MakingUp(database, blobs)()
    assert found(database, account) == []  # the newest come first, and these were the two that there is nothing of
    MakingUp(database, blobs)()
    assert found(database, account) == [third.id, second.id]
    monkeypatch.setattr(searching, "MOST_BATCHES", 50)
    MakingUp(database, blobs)()
    assert found(database, account) == [third.id, second.id, first.id]
    with database.read() as session:
        assert index_repository.unsearched(session, 9) == []


def test_deleted_meanwhile_not_put_in(
    database: Database, account: str, blobs: BlobStore, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ended()
    read = blobs.get_document

    def while_it_is_deleted(key: str) -> bytes:
        with database.write() as session:
            repository.delete(session, account, row.id)
        return read(key)

    monkeypatch.setattr(blobs, "get_document", while_it_is_deleted)
    MakingUp(database, blobs)()
    assert found(database, account) == []


def test_deletion_and_retention_take_words(
    database: Database, account: str, tmp_path: Path, blobs: BlobStore, ended: Ended
) -> None:
    past = now() - timedelta(minutes=1)
    kept, deleted = ended(), ended()
    due = [ended(transcript_due_at=past), ended(job_due_at=past)]
    MakingUp(database, blobs)()
    assert set(found(database, account)) == {row.id for row in (kept, deleted, *due)}
    with database.write() as session:
        repository.delete(session, account, deleted.id)
    Sweep(database, WorkQueue(), Settings(data_dir=tmp_path))()
    assert found(database, account) == [kept.id]
    MakingUp(database, blobs)()  # brings nothing back
    assert found(database, account) == [kept.id]
