"""Recordings on SQLite with a folder and on PostgreSQL with an object store: the same rules on both."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto.server import ThreadedMotoServer
from sqlalchemy.orm import Session

import servers
from callscribe.accounts.tables import Account
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.durable.tables import Piece
from callscribe.errors import RequestError
from callscribe.ids import new_account_sid
from callscribe.media.blobs import BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.derived import Derived
from callscribe.media.spool import Spool
from callscribe.preparation import prepare
from callscribe.recordings import keys
from callscribe.recordings.fields import RecordingFields
from callscribe.recordings.importing import Outcome, find, import_all
from callscribe.recordings.intake import sweep
from callscribe.recordings.media import Extension, RecordingMedia
from callscribe.recordings.metadata import Metadata
from callscribe.recordings.repository import CallFilters, RecordingFilters, TimeRange
from callscribe.recordings.service import Recordings
from callscribe.recordings.tables import Intake, Recording
from callscribe.settings import Settings
from media_files import make

CALL_SID = "CA00112233445566778899aabbccddeeff"
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Installation:
    settings: Settings
    database: Database
    queue: WorkQueue
    blobs: BlobStore

    def recordings(self, **options: Any) -> Recordings:
        return Recordings(self.database, self.queue, self.blobs, Decoder(), self.settings, **options)

    def account(self) -> str:
        sid = new_account_sid()
        with self.database.write() as session:
            session.add(Account(sid=sid, name="test", token_hash="", token_encrypted=""))
        return sid

    def intakes(self, account: str) -> int:
        with self.database.read() as session:
            query = sa.select(sa.func.count()).select_from(Intake).where(Intake.account_sid == account)
            return session.scalar(query) or 0


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with servers.postgresql() as server:
        yield server.url


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
        }.items():
            patch.setenv(name, value)
        with closing(boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")) as client:
            client.create_bucket(Bucket="calls")
            yield client
    server.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bucket: Any
) -> Iterator[Installation]:
    on_postgresql = request.param == "postgresql"
    settings = Settings(
        data_dir=tmp_path_factory.mktemp(request.param) / "callscribe",
        database_url=request.getfixturevalue("postgresql") if on_postgresql else None,
        blobs_url="s3://calls/blobs" if on_postgresql else None,
    )
    database, _ = prepare(settings, migrating=True)
    yield Installation(settings, database, WorkQueue(), BlobStore(settings.blobs))
    database.close()


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Larger than a part of an upload."""
    path, _ = make(tmp_path_factory.mktemp("audio") / "call.wav", "wav-f64", 40.0, 2)
    assert path.stat().st_size > 8 * 1024**2
    return path.read_bytes()


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path, _ = make(tmp_path_factory.mktemp("short") / "call.mp3", "mp3-8k", 2.5)
    return path.read_bytes()


def pieces(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 100_000):
        yield data[at : at + 100_000]


async def arriving(data: bytes) -> AsyncIterator[bytes]:
    for piece in pieces(data):
        yield piece


async def joined(parts: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in parts])


def receive(recordings: Recordings, account: str, data: bytes, fields: RecordingFields) -> dict[str, Any]:
    return asyncio.run(
        recordings.receive(
            account,
            arriving(data),
            lambda: fields,
            base_url="",
            render=lambda row: {"sid": row.sid},
            repetition=lambda _incoming: None,
        )
    )


def test_recording_lives_in_every_store(place: Installation, audio: bytes) -> None:
    account, recordings = place.account(), place.recordings()
    fields = {"CallSid": CALL_SID, "From": "+15550100", "Direction": "inbound", "StartTime": BEGIN}
    sid = receive(recordings, account, audio, RecordingFields.model_validate(fields))["sid"]
    row = recordings.fetch(account, sid)
    assert (row.channels, row.size, row.start_time) == (2, len(audio), BEGIN)
    assert place.intakes(account) == 0
    found = recordings.fetch_call(account, CALL_SID)
    assert (found.from_, found.end_time) == ("+15550100", BEGIN + timedelta(seconds=40))

    derived = Derived(place.blobs, Decoder(), place.settings)
    media = RecordingMedia(place.blobs, derived, recordings.is_there)
    whole = asyncio.run(media.audio(row, Extension.WAV, None))
    assert asyncio.run(joined(media.pieces(whole, 0, whole.size))) == audio
    one = asyncio.run(media.audio(row, Extension.MP3, 1))
    assert one.size == pytest.approx(40 * 32_000 / 8, rel=0.02)
    assert list(place.settings.spool.iterdir()) == []
    derived.close()

    assert row.blobs is not None
    key = keys.media(row.blobs)
    recordings.delete(account, sid)
    with pytest.raises(RequestError):
        recordings.fetch(account, sid)
    assert place.blobs.exists(key)  # until a worker erases it
    with place.database.read() as session:
        queued = session.scalars(sa.select(Piece.id).where(Piece.workflow == "RecordingWorkflows.erase_recording"))
        assert any(sid in each for each in queued)


def test_refused_leaves_nothing(place: Installation, audio: bytes) -> None:
    account, recordings = place.account(), place.recordings()
    mono = RecordingFields.model_validate({"Channels": "1"})
    for fields, data in ((mono, audio), (RecordingFields(), audio[: len(audio) // 2])):
        with pytest.raises(RequestError):
            receive(recordings, account, data, fields)
        with pytest.raises(RequestError):
            recordings.store(account, fields, pieces(data))
    assert place.intakes(account) == 0
    assert recordings.page(account, RecordingFilters(), None, 10).rows == []


def test_failing_hook_takes_recording_too(place: Installation, short: bytes) -> None:
    def broken(_session: Session, _recording: Recording, _base_url: str) -> None:
        raise RuntimeError("no")

    account, recordings = place.account(), place.recordings(completed=broken)
    with pytest.raises(RuntimeError):
        recordings.store(account, RecordingFields(), pieces(short))
    assert recordings.page(account, RecordingFilters(), None, 10).rows == []
    assert place.intakes(account) == 0


def test_every_list_same_page_by_page(place: Installation) -> None:
    account, recordings = place.account(), place.recordings()
    with place.database.write() as session:
        for number in range(9):
            sid = f"{number:032x}"
            start = BEGIN + timedelta(hours=number)
            fields = {"CallSid": f"CA{sid}", "From": f"+{number % 2}", "To": "+9", "StartTime": start}
            recordings.put_call(session, account, RecordingFields.model_validate(fields))
            session.add(
                Recording(
                    account_sid=account,
                    sid=f"RE{sid}",
                    call_sid=f"CA{number % 3:032x}",
                    conference_sid=f"CF{number % 2:032x}",
                    channels=1,
                    source="Conference",
                    date_created=start,
                )
            )

    def numbers(filters: RecordingFilters | CallFilters) -> list[int]:
        result: list[int] = []
        token = None
        for _ in range(20):
            page: Any = (
                recordings.page(account, filters, token, 2)
                if isinstance(filters, RecordingFilters)
                else recordings.page_calls(account, filters, token, 2)
            )
            result += [int(row.sid.lstrip("CARE"), 16) for row in page.rows]
            token = page.next_token
            if token is None:
                break
        return result

    assert numbers(RecordingFilters()) == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert numbers(RecordingFilters(call_sid=f"CA{1:032x}")) == [7, 4, 1]
    assert numbers(RecordingFilters(conference_sid=f"CF{1:032x}")) == [7, 5, 3, 1]
    span = TimeRange(BEGIN + timedelta(hours=2), BEGIN + timedelta(hours=5))
    assert numbers(RecordingFilters(created=span)) == [4, 3, 2]
    assert sorted(numbers(CallFilters(from_="+1"))) == [1, 3, 5, 7]
    assert len(numbers(CallFilters(to="+9", status="completed"))) == 9
    assert numbers(CallFilters(started=span)) == [4, 3, 2]
    assert numbers(CallFilters(started=TimeRange(since=BEGIN + timedelta(hours=7)), from_="+1")) == [7]
    assert numbers(CallFilters(parent_call_sid=CALL_SID)) == []


def test_a_bucket_is_imported_once(place: Installation, bucket: Any, short: bytes, audio: bytes) -> None:
    account, recordings = place.account(), place.recordings()
    bucket.put_object(Bucket="calls", Key="march/one.mp3", Body=short)
    bucket.put_object(Bucket="calls", Key="march/deep/two.wav", Body=audio)
    bucket.put_object(Bucket="calls", Key="march/notes.txt", Body=b"no recording")
    metadata = [{"file": "two.wav", "from": "+15550100"}]

    def run() -> list[Outcome]:
        candidates = list(find(["s3://calls/march"], Spool.of(place.settings)))
        told: list[int] = []
        results = list(import_all(candidates, recordings, account, Metadata(metadata), told.append))
        assert sum(told) == len(short) + len(audio)
        return [each.outcome for each in results]

    assert run() == [Outcome.IMPORTED, Outcome.IMPORTED]
    assert run() == [Outcome.KNOWN, Outcome.KNOWN]
    page = recordings.page(account, RecordingFilters(), None, 10)
    assert sorted(row.size or 0 for row in page.rows) == sorted([len(short), len(audio)])
    assert [row.from_ for row in recordings.page_calls(account, CallFilters(), None, 10).rows] == ["+15550100"]


def test_orphaned_intakes_are_swept(place: Installation) -> None:
    account = place.account()
    with place.database.write() as session:
        session.add(Intake(folder=f"{account}/RE1/a", account_sid=account, seen_at=now() - timedelta(hours=1)))
        session.add(Intake(folder=f"{account}/RE1/b", account_sid=account))
    assert sweep(place.database, place.queue) == 1
    assert sweep(place.database, place.queue) == 0
    assert place.intakes(account) == 1
