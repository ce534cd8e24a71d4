"""Peaks and playable forms are made while a job waits, and never stay where the recording is gone."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.errors import RequestError
from callscribe.media.blobs import BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.derived import Derived
from callscribe.settings import Settings
from callscribe.transcriptions import keys, repository
from callscribe.transcriptions.documents import InspectedMedia
from callscribe.transcriptions.media import TranscriptionMedia
from callscribe.transcriptions.tables import Transcription
from odd_files import gsm
from resolved import job_row

Make = Callable[[TranscriptionMedia, Transcription], Coroutine[Any, Any, Any]]


class Waiting:
    """A job that was looked at and waits for its turn: six seconds that no browser plays."""

    def __init__(self, database: Database, account: str, folder: Path) -> None:
        self._database = database
        self._decoder = Decoder()
        self.blobs = BlobStore((folder / "blobs").as_uri())
        self.row = job_row(account)
        self.blobs.put_bytes(keys.media(self.row.blobs), gsm(150))
        with self.blobs.local_path(keys.media(self.row.blobs), folder) as path:
            self.row.media_info = InspectedMedia.of(self._decoder.inspect(path))
        with database.write() as session:
            session.add(self.row)
        self._derived = Derived(self.blobs, self._decoder, Settings(data_dir=folder))
        self.media = TranscriptionMedia(self.blobs, self._derived, self._has_media)

    def close(self) -> None:
        self._derived.close()

    def erase_media(self) -> None:
        with self._database.write() as session:
            repository.set_erased(session, [self.row], media_erased_at=now())

    def delete(self) -> None:
        with self._database.write() as session:
            assert repository.delete(session, self.row.account_sid, self.row.id)

    def names(self) -> set[str]:
        return {key.removeprefix(f"{self.row.blobs}/") for key in self.blobs.keys(self.row.blobs)}

    def _has_media(self, row: Transcription) -> bool:
        with self._database.read() as session:
            return repository.has_media(session, row.id)


@pytest.fixture
def waiting(database: Database, account: str, tmp_path: Path) -> Iterator[Waiting]:
    waiting = Waiting(database, account, tmp_path)
    yield waiting
    waiting.close()


def test_made_once_while_the_job_waits(waiting: Waiting) -> None:
    found = asyncio.run(waiting.media.playable(waiting.row))
    audio, media_type = found.audio, found.media_type
    assert (media_type, audio.size) == ("audio/mpeg", pytest.approx(6 * 32_000 / 8, rel=0.1))
    found = json.loads(asyncio.run(waiting.media.peaks(waiting.row)))
    assert (found["durationSeconds"], len(found["channels"]), len(found["channels"][0])) == (6.0, 1, 300)
    made = {key: waiting.blobs.get_bytes(key) for key in waiting.blobs.keys(waiting.row.blobs)}
    waiting.blobs.put_bytes(keys.media(waiting.row.blobs), b"not read again")
    assert asyncio.run(waiting.media.playable(waiting.row)).audio == audio
    assert json.loads(asyncio.run(waiting.media.peaks(waiting.row))) == found
    assert waiting.names() == {key.removeprefix(f"{waiting.row.blobs}/") for key in made}


@pytest.mark.parametrize("make", [TranscriptionMedia.playable, TranscriptionMedia.peaks])
@pytest.mark.parametrize("gone", ["media", "job"])
def test_nothing_stays_behind_an_erasure(waiting: Waiting, make: Make, gone: str) -> None:
    """The request saw the job as it was before."""
    if gone == "media":
        waiting.erase_media()
    else:
        waiting.delete()
    with pytest.raises(RequestError) as refused:
        asyncio.run(make(waiting.media, waiting.row))
    assert refused.value.code == 20404
    assert waiting.names() == {"media"}


def test_erased_recording_answers_410(waiting: Waiting) -> None:
    waiting.row.media_erased_at = now()
    for make in (TranscriptionMedia.playable, TranscriptionMedia.peaks):
        with pytest.raises(RequestError) as refused:
            asyncio.run(make(waiting.media, waiting.row))
        assert refused.value.status == 410
