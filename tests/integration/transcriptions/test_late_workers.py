"""A worker that was taken for dead goes on inside its step: nothing of a job that another has ended changes."""

import errno
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.callbacks.service import Callbacks
from callscribe.callbacks.tables import Callback
from callscribe.conversations.service import Conversations
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.durable.retry import with_retries
from callscribe.errors import BlobDamaged, Cancelled, Code, JobError
from callscribe.ids import new_recording_sid
from callscribe.jobs.callback_payload import CallbackBody
from callscribe.jobs.fetch import FetchSteps
from callscribe.jobs.finish import SMALL_BODY_BYTES, FinishSteps
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.loading import load_job
from callscribe.jobs.recognize import RecognizeSteps
from callscribe.jobs.redact import Redactor
from callscribe.jobs.replacing import Audible, AudioChanged, Replacement, Replacing
from callscribe.media.blobs import BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.spool import Spool
from callscribe.recordings.tables import Recording
from callscribe.redaction.policy import Policy, Redaction
from callscribe.search import finding
from callscribe.search.finding import Narrowed
from callscribe.search.queries import Query
from callscribe.settings import Settings
from callscribe.speech.diarization.diarizer import Diarizer
from callscribe.speech.engines.registry import Engines
from callscribe.speech.interface import Segment, Word
from callscribe.transcriptions import chunk_repository, keys, repository
from callscribe.transcriptions.checkpoints import Checkpoints
from callscribe.transcriptions.documents import InspectedMedia, RecordedAudio
from callscribe.transcriptions.tables import Chunk, Status, Transcription
from harness import eventually
from media_server import MediaServer, body
from resolved import job_row, resolved

SPOKEN = [
    Segment(0, at, at + 0.8, (Word("Good", at, at + 0.3, 0.9), Word("morning.", at + 0.3, at + 0.8, 0.9)), "en")
    for at in map(float, range(40))
]


class Spoken(RecognizeSteps):
    """Hears the same in every chunk."""

    def _recognized(self, row: Transcription, chunk: Chunk) -> list[Segment]:  # noqa: ARG002
        return SPOKEN


class Steps:
    """The steps of a job as a worker does them, without DBOS around them."""

    def __init__(self, database: Database, queue: WorkQueue, blobs: BlobStore, settings: Settings) -> None:
        decoder, diarizer, engines = Decoder(), Diarizer(settings), Engines(settings)
        callbacks, checkpoints = Callbacks(queue), Checkpoints(blobs)
        self.database, self.blobs = database, blobs
        self.tracker = JobTracker(database, blobs, Spool.of(settings, settings.spool))
        replacing, conversations = Replacing(database, blobs, queue), Conversations(database, callbacks)
        self.replacing = replacing
        self.redactor = redactor = Redactor(blobs, checkpoints, decoder, engines, self.tracker, replacing)
        self.finish = FinishSteps(
            database, blobs, checkpoints, callbacks, conversations, diarizer, redactor, replacing, settings
        )
        self.fetch = FetchSteps(database, blobs, decoder, None, self.tracker, self.finish, settings)
        self.recognize = Spoken(database, checkpoints, decoder, engines, diarizer, self.tracker, settings)

    def row(self, transcription_id: str) -> Transcription:
        return load_job(self.database, transcription_id)

    @contextmanager
    def leaving(self, row: Transcription) -> Iterator[None]:
        """As a workflow does it."""
        try:
            yield
        except Cancelled:
            self.finish.leave(row.id, row.blobs)


@pytest.fixture
def steps(database: Database, tmp_path: Path) -> Steps:
    return Steps(
        database,
        WorkQueue(),
        BlobStore((tmp_path / "blobs").as_uri()),
        Settings(data_dir=tmp_path, media_allow=("127.0.0.1",)),
    )


@pytest.fixture
def job(database: Database, account: str, steps: Steps) -> Transcription:
    """Running, with one chunk that is to be recognised."""
    row = job_row(
        account,
        resolved_configuration=resolved(transcriptionStatusCallback={"url": "http://127.0.0.1:9/c", "method": "POST"}),
    )
    with database.write() as session:
        session.add(row)
        session.flush()
        chunk_repository.add_chunks(session, row.id, [(0.0, 40.0)])
    spoken: dict[str, Any] = {"duration": 40.0, "copies": False, "channels": [{"channel": 0, "gain": 1, "spans": []}]}
    Checkpoints(steps.blobs).put_segmentation(row, spoken)
    return row


def names(steps: Steps, row: Transcription) -> set[str]:
    return {key.removeprefix(f"{row.blobs}/") for key in steps.blobs.keys(row.blobs)}


def body_key(database: Database, row: Transcription) -> str:
    with database.read() as session:
        [callback] = session.query(Callback).filter(Callback.subject_id == row.id)
        return str(callback.body_key)


def found(database: Database, row: Transcription) -> list[tuple[str, int]]:
    """What a search for a word of the job finds: the job, and in how many sentences."""
    with database.read() as session:
        page = finding.find(session, Query.parse("morning"), Narrowed(row.account_sid), None, 50)
    return [(hit.transcription_id, hit.count) for hit in page.rows]


def test_search_finds_what_has_ended(database: Database, steps: Steps, job: Transcription) -> None:
    assert steps.recognize.recognize(job.id, 0)
    as_the_second_saw_it = steps.row(job.id)
    assert found(database, job) == []
    steps.finish.complete(job.id)
    assert found(database, job) == [(job.id, 40)]
    with pytest.raises(Cancelled):
        steps.finish._complete(as_the_second_saw_it)
    steps.finish.complete(job.id)
    assert found(database, job) == [(job.id, 40)]


def test_second_end_leaves_transcript(database: Database, steps: Steps, job: Transcription) -> None:
    assert steps.recognize.recognize(job.id, 0)
    as_the_second_saw_it = steps.row(job.id)
    steps.finish.complete(job.id)
    there = names(steps, job)
    transcript = steps.blobs.get_bytes(keys.transcript(job.blobs))
    assert b"Good morning." in transcript
    with steps.leaving(job):
        steps.finish._complete(as_the_second_saw_it)
    assert steps.blobs.get_bytes(keys.transcript(job.blobs)) == transcript
    assert names(steps, job) == there


def told(database: Database, row: Transcription) -> list[str]:
    """The kinds of the events of a job."""
    with database.read() as session:
        return list(session.scalars(sa.select(Callback.event).where(Callback.subject_id == row.id)))


@pytest.mark.parametrize("end", [Status.COMPLETED, Status.FAILED])
def test_repeated_end_told_once(database: Database, steps: Steps, job: Transcription, end: Status) -> None:
    assert steps.recognize.recognize(job.id, 0)
    as_the_second_saw_it = steps.row(job.id)
    body = CallbackBody.of(as_the_second_saw_it).model_copy(update={"language": "x" * SMALL_BODY_BYTES})
    for _ in range(2):  # a step runs again where its worker was killed behind the commit
        if end is Status.COMPLETED:
            steps.finish.complete(job.id)
        else:
            steps.finish.fail(job.id, Code.JOB_INTERNAL, "The log says why.")
    there = names(steps, job)
    for status in (Status.COMPLETED, Status.FAILED):  # and one who read the row before comes to the transition itself
        steps.finish._conclude(as_the_second_saw_it, status, body)
    assert told(database, job) == [end.value]
    assert names(steps, job) == there


def test_failed_job_tidied_once_store_is_back(
    database: Database, steps: Steps, job: Transcription, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolved(
        redaction={"policy": "redacted"}, transcriptionStatusCallback={"url": "http://127.0.0.1:9/c", "method": "POST"}
    )
    with database.write() as session:
        repository.update_running(session, job.id, resolved_configuration=asked, media_bytes=9)
    steps.blobs.put_bytes(keys.media(job.blobs), b"recording")
    delete = BlobStore.delete_prefix
    looks: list[Status] = []

    def away_twice(blobs: BlobStore, prefix: str) -> None:
        looks.append(steps.row(job.id).status)
        if len(looks) < 3:
            raise OSError(errno.ESTALE, "away")
        delete(blobs, prefix)

    monkeypatch.setattr(BlobStore, "delete_prefix", away_twice)
    with_retries(lambda: steps.finish.fail(job.id, Code.MEDIA_UNDECODABLE, "It is no recording."), attempts=1)
    assert set(looks) == {Status.FAILED}  # told before anything is waited for
    assert told(database, job) == ["FAILED"]
    assert names(steps, job) == set()


def test_uncommitted_end_told_on_repeat(
    database: Database, steps: Steps, job: Transcription, monkeypatch: pytest.MonkeyPatch
) -> None:
    emit = Callbacks.emit

    def emit_and_die(*arguments: Any, **named: Any) -> None:
        emit(*arguments, **named)
        raise SystemExit

    monkeypatch.setattr(Callbacks, "emit", emit_and_die)
    with pytest.raises(SystemExit):
        steps.finish.fail(job.id, Code.JOB_INTERNAL, "The log says why.")
    assert steps.row(job.id).status == Status.RUNNING
    assert told(database, job) == []
    monkeypatch.undo()
    steps.finish.fail(job.id, Code.JOB_INTERNAL, "The log says why.")
    assert told(database, job) == ["FAILED"]


def test_unasked_end_leaves_no_callback(database: Database, steps: Steps, job: Transcription) -> None:
    asked = resolved(transcriptionStatusCallback={"url": "http://127.0.0.1:9/c", "events": ["FAILED"]})
    with database.write() as session:
        repository.update_running(session, job.id, resolved_configuration=asked)
    assert steps.recognize.recognize(job.id, 0)
    steps.finish.complete(job.id)
    assert steps.row(job.id).status == Status.COMPLETED
    assert told(database, job) == []
    assert names(steps, job) == {"segmentation.json", "transcript.json"}


def test_late_chunk_removed(steps: Steps, job: Transcription, monkeypatch: pytest.MonkeyPatch) -> None:
    def while_another_ends_it(row: Transcription, chunk: Chunk) -> list[Segment]:
        monkeypatch.undo()
        assert steps.recognize.recognize(job.id, 0)
        steps.finish.complete(job.id)
        return SPOKEN

    monkeypatch.setattr(steps.recognize, "_recognized", while_another_ends_it)
    with steps.leaving(job):
        steps.recognize.recognize(job.id, 0)
    assert not {name for name in names(steps, job) if name.startswith("chunks/")}
    assert steps.row(job.id).status == Status.COMPLETED


def test_chunk_after_deletion_removed(
    database: Database, steps: Steps, job: Transcription, monkeypatch: pytest.MonkeyPatch
) -> None:
    def while_it_is_deleted(row: Transcription, chunk: Chunk) -> list[Segment]:
        with database.write() as session:
            repository.delete(session, row.account_sid, row.id)
        return SPOKEN

    monkeypatch.setattr(steps.recognize, "_recognized", while_it_is_deleted)
    with steps.leaving(job):
        steps.recognize.recognize(job.id, 0)
    assert names(steps, job) == set()


def test_unqueued_callback_body_removed(database: Database, steps: Steps, job: Transcription) -> None:
    orphan = keys.callback(job.blobs)
    steps.blobs.put_bytes(orphan, b"{}")
    assert steps.recognize.recognize(job.id, 0)
    steps.finish.complete(job.id)
    sent = body_key(database, job)
    assert sent != orphan
    assert len(steps.blobs.get_bytes(sent)) > SMALL_BODY_BYTES
    assert names(steps, job) == {"segmentation.json", "transcript.json", sent.removeprefix(f"{job.blobs}/")}


def test_late_download_spares_recording(database: Database, steps: Steps, job: Transcription) -> None:
    fetching = threading.Event()

    def hanging(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        fetching.set()
        stopping.wait(30)

    with MediaServer().running() as media, steps.tracker.watch(job.id):
        media.paths["/call.wav"] = hanging
        with database.write() as session:
            repository.update_running(session, job.id, media_url=media.url("/call.wav"))
        with ThreadPoolExecutor(1) as thread:
            late = thread.submit(steps.fetch.fetch, job.id, 0, 0.0)
            assert fetching.wait(30)
            steps.blobs.put_bytes(keys.media(job.blobs), b"as another worker fetched it")
            assert steps.recognize.recognize(job.id, 0)
            steps.finish.complete(job.id)
            steps.tracker.cancellation(job.id).cancel()  # as it looks for ended jobs
            assert isinstance(late.exception(30), Cancelled)
        eventually(lambda: not [each for each in threading.enumerate() if each.name == "cancellable"], timeout=20)
    assert steps.blobs.get_bytes(keys.media(job.blobs)) == b"as another worker fetched it"


def test_failed_attempts_download_removed(steps: Steps, job: Transcription) -> None:
    steps.blobs.put_bytes(keys.media(job.blobs), b"fetched, and not counted yet")
    steps.finish.fail(job.id, Code.MEDIA_DOWNLOAD, "The host is away.")
    assert steps.row(job.id).status == Status.FAILED
    assert names(steps, job) == {"segmentation.json"}


def test_media_stay_when_job_fails_later(database: Database, steps: Steps, job: Transcription) -> None:
    steps.blobs.put_bytes(keys.media(job.blobs), b"a recording")
    with database.write() as session:
        assert repository.set_media_bytes(session, job.id, 11)
    steps.finish.fail(job.id, Code.MEDIA_UNDECODABLE, "It is none.")
    assert names(steps, job) == {"media", "segmentation.json"}


def test_erased_data_stay_erased(database: Database, steps: Steps, job: Transcription) -> None:
    assert steps.recognize.recognize(job.id, 0)
    as_the_late_one_saw_it = steps.row(job.id)
    steps.finish.complete(job.id)
    with database.write() as session:
        row = repository.find(session, job.id)
        assert row is not None
        row.media_erased_at = row.transcript_erased_at = now()
    steps.blobs.delete_prefix(job.blobs)
    for key in (keys.media, keys.peaks, keys.playable, keys.segmentation, keys.transcript):
        steps.blobs.put_bytes(key(job.blobs), b"late")
    Checkpoints(steps.blobs).put_chunk(job, 0, SPOKEN)
    Checkpoints(steps.blobs).put_voices(job, 0, [])
    steps.finish._tidy(as_the_late_one_saw_it)
    assert {name for name in names(steps, job) if not name.startswith("callback-")} == set()


def test_fetched_after_erasure_removed(database: Database, steps: Steps, job: Transcription) -> None:
    with MediaServer().running() as media, steps.tracker.watch(job.id):

        def while_another_ends_it(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
            assert steps.recognize.recognize(job.id, 0)
            steps.finish.complete(job.id)
            with database.write() as session:
                row = repository.find(session, job.id)
                assert row is not None
                row.media_erased_at = now()
            handler.send_response(200)
            handler.send_header("Content-Length", "5")
            handler.end_headers()
            handler.wfile.write(b"sound")

        media.paths["/call.wav"] = while_another_ends_it
        with database.write() as session:
            repository.update_running(session, job.id, media_url=media.url("/call.wav"))
        with steps.leaving(job):
            steps.fetch.fetch(job.id, 0, 0.0)
    assert "media" not in names(steps, job)
    assert steps.row(job.id).media_bytes == 0


def test_a_recording_that_is_not_what_was_fetched_is_not_decoded(steps: Steps, job: Transcription) -> None:
    with MediaServer().running() as server, steps.tracker.watch(job.id):
        server.paths["/call.wav"] = body(b"a call")
        with steps.database.write() as session:
            repository.update_running(session, job.id, media_url=server.url("/call.wav"))
        steps.fetch.fetch(job.id, 1, 0.0)
        steps.blobs.put_bytes(keys.media(job.blobs), b"a coll")
        with pytest.raises(BlobDamaged):
            steps.fetch.inspect(job.id)


INFO = InspectedMedia(container="wav", codec="pcm_s16le", channels=1, sample_rate=8000, duration=40.0, regular=True)


@pytest.fixture
def recorded(database: Database, steps: Steps, job: Transcription) -> Transcription:
    """The job, of a recording whose audio it has fetched."""
    sid = new_recording_sid()
    steps.blobs.put_bytes(keys.media(job.blobs), b"as it was said")
    with database.write() as session:
        session.add(
            Recording(
                account_sid=job.account_sid,
                sid=sid,
                channels=1,
                status="completed",
                source="upload",
                start_time=now(),
                blobs=f"{job.account_sid}/{sid}/first",
                sha256="1" * 64,
                size=14,
                container="wav",
                codec="pcm_s16le",
            )
        )
        columns = {"source_id": sid, "media_sha256": "1" * 64, "media_info": INFO, "media_bytes": 14}
        repository.update_running(session, job.id, **columns)
    return steps.row(job.id)


def redact_recording(database: Database, steps: Steps, row: Transcription, audio: str = "redacted") -> str:
    """What another job does at its end that redacts the same recording; the SHA-256 that it has then, as it were."""
    folder, sha256 = f"{row.account_sid}/{row.source_id}/{audio}", audio.encode().hex().ljust(64, "0")
    steps.blobs.put_bytes(f"{folder}/media", audio.encode())
    with database.write() as session:
        recording = session.get_one(Recording, (row.account_sid, row.source_id))
        recording.blobs, recording.sha256, recording.size = folder, sha256, len(audio)
        recording.container = recording.codec = "flac"
    return sha256


@pytest.mark.parametrize("others", [1, 9])
def test_job_does_not_end_with_audio_that_was_redacted_meanwhile(
    database: Database, steps: Steps, recorded: Transcription, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    assert steps.recognize.recognize(recorded.id, 0)
    look = Replacing.current
    redacted: list[str] = []

    def look_before(self: Replacing, row: Transcription) -> Audible | None:
        seen = look(self, row)
        assert steps.row(recorded.id).status is Status.RUNNING
        if len(redacted) < others:
            redacted.append(redact_recording(database, steps, row, f"by {len(redacted) + 1}"))
        return seen

    monkeypatch.setattr(Replacing, "current", look_before)
    steps.finish.complete(recorded.id)
    ended = steps.row(recorded.id)
    assert (ended.status, ended.media_sha256) == (Status.COMPLETED, redacted[-1])
    assert steps.blobs.get_bytes(keys.media(ended.audio)) == f"by {others}".encode()
    assert keys.media(ended.blobs) not in set(steps.blobs.keys(ended.blobs))


@pytest.mark.parametrize("info", [INFO, None], ids=["inspected", "not inspected"])
def test_job_that_fails_keeps_no_audio_that_was_redacted_meanwhile(
    database: Database, steps: Steps, recorded: Transcription, info: InspectedMedia | None
) -> None:
    with database.write() as session:
        repository.update_running(session, recorded.id, media_info=info)
    redact_recording(database, steps, recorded)
    steps.finish.fail(recorded.id, Code.JOB_INTERNAL, "The log says why.")
    ended = steps.row(recorded.id)
    assert (ended.status, ended.media_bytes) == (Status.FAILED, 0)
    assert keys.media(ended.blobs) not in set(steps.blobs.keys(ended.blobs))


def test_job_that_fails_keeps_audio_that_is_its_recordings(steps: Steps, recorded: Transcription) -> None:
    steps.finish.fail(recorded.id, Code.JOB_INTERNAL, "The log says why.")
    assert steps.row(recorded.id).media_bytes == 14
    assert steps.blobs.get_bytes(keys.media(recorded.blobs)) == b"as it was said"


@pytest.mark.parametrize("outcome", ["replaced", "deleted", "lost"])
def test_recording_that_is_replaced_while_it_is_copied_is_copied_as_it_is_now(
    database: Database, steps: Steps, recorded: Transcription, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    assert recorded.source_id is not None
    first, second = (f"{recorded.account_sid}/{recorded.source_id}/{each}/media" for each in ("first", "redacted"))
    steps.blobs.delete(keys.media(recorded.blobs))
    audio = RecordedAudio(sid=recorded.source_id, channels=1, media=first, sha256="1" * 64, call_sid=None)
    with database.write() as session:
        repository.update_running(session, recorded.id, media_sha256=None, media_bytes=None, recording=audio)
    copy = BlobStore.copy

    def copy_behind_a_replacement(blobs: BlobStore, source: str, target: str) -> None:
        if source == first:
            changed = audio.model_copy(update={"media": second, "sha256": redact_recording(database, steps, recorded)})
            with database.write() as session:
                repository.update_running(session, recorded.id, recording=changed)
        elif outcome != "replaced":  # and then that is deleted, and saved for this job, or damaged
            if outcome == "deleted":
                copy(blobs, second, target)
            blobs.delete(second)
        copy(blobs, source, target)

    monkeypatch.setattr(BlobStore, "copy", copy_behind_a_replacement)
    with steps.tracker.watch(recorded.id):
        if outcome == "lost":
            with pytest.raises(JobError, match="is gone") as raised:
                steps.fetch.fetch(recorded.id, 0, 0.0)
            assert raised.value.code == Code.MEDIA_NOT_FOUND
            return
        assert steps.fetch.fetch(recorded.id, 0, 0.0) is None
    fetched = steps.row(recorded.id)
    assert steps.blobs.get_bytes(keys.media(fetched.blobs)) == b"redacted"
    assert (fetched.media_sha256, fetched.media_bytes) == (b"redacted".hex().ljust(64, "0"), 8)


def test_job_that_redacts_looks_again_where_what_another_left_is_replaced(
    steps: Steps, recorded: Transcription
) -> None:
    gone = Audible(f"{recorded.account_sid}/{recorded.source_id}/first/media", INFO, "2" * 64, 8)
    asked = Redaction(Policy.REDACTED)
    with steps.tracker.watch(recorded.id), pytest.raises(AudioChanged):
        steps.redactor._put_muted(recorded, asked, [], gone)


def ends_redacted(steps: Steps, row: Transcription) -> None:
    """A job's end that redacts its recording, which is deleted by now."""
    key = f"{row.blobs}/redacted/media"
    steps.blobs.put_bytes(key, b"redacted")
    audible = Audible(key, INFO, "2" * 64, 8)
    made = steps.replacing.prepare(row, audible, row.media_sha256)
    assert made is not None
    steps.finish._conclude(row, Status.COMPLETED, CallbackBody.of(row), None, made, **audible.columns("redacted"))


@pytest.mark.parametrize("end", [Status.COMPLETED, Status.FAILED])
def test_of_jobs_of_a_deleted_recording_that_end_at_once_none_keeps_what_the_other_redacted(
    database: Database, steps: Steps, recorded: Transcription, monkeypatch: pytest.MonkeyPatch, end: Status
) -> None:
    values = {name: getattr(recorded, name) for name in ("source_id", "media_sha256", "media_info", "media_bytes")}
    other = job_row(recorded.account_sid, **values)
    steps.blobs.put_bytes(keys.media(other.blobs), b"as it was said")
    with database.write() as session:
        session.add(other)
        session.delete(session.get_one(Recording, (recorded.account_sid, recorded.source_id)))
    assert steps.recognize.recognize(recorded.id, 0)
    look, apply = Replacing.current, Replacing.apply
    has_looked, goes_on = threading.Event(), threading.Event()

    def look_before(self: Replacing, row: Transcription) -> Audible | None:
        seen = look(self, row)
        has_looked.set()
        assert goes_on.wait(60)
        return seen

    def second_ends() -> None:
        if end is Status.COMPLETED:
            steps.finish.complete(recorded.id)
        else:
            has_looked.set()
            assert goes_on.wait(60)
            steps.finish.fail(recorded.id, Code.JOB_INTERNAL, "The log says why.")

    with ThreadPoolExecutor() as pool:

        def apply_while_the_second_ends(self: Replacing, session: Session, made: Replacement) -> None:
            apply(self, session, made)
            goes_on.set()
            eventually(lambda: second.done() or waits(database))

        monkeypatch.setattr(Replacing, "current", look_before)
        monkeypatch.setattr(Replacing, "apply", apply_while_the_second_ends)
        second = pool.submit(second_ends)
        assert has_looked.wait(60)
        ends_redacted(steps, steps.row(other.id))
        second.result(60)
    ended = steps.row(recorded.id)
    heard = [steps.blobs.get_bytes(key) for key in steps.blobs.keys(ended.blobs) if key.endswith("/media")]
    assert (ended.status, heard) == (end, [b"redacted"] if end is Status.COMPLETED else [])


def waits(database: Database) -> bool:
    """Whether somebody waits to write; SQLite's writers wait for one another in any case."""
    with database.read() as session:
        return database.is_sqlite or bool(session.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
