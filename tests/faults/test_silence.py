"""An object store that says nothing, a table that somebody has locked: health answers, and the others end in time."""

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from cryptography.fernet import Fernet

from faults.clips import clip
from harness import ACCOUNT_SID, Server, running
from servers import postgresql

pytestmark = pytest.mark.timeout(180)

MEDIA = "https://media.example.com/call.wav"
UPLOADS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings.json"

Ask = Callable[[httpx2.Client], httpx2.Response]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to, and after how many seconds."""

    status: int
    retry_after: str | None
    seconds: float


@contextmanager
def silent_store() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def api(data: Path, store: str, **environment: str) -> Iterator[Server]:
    """The API alone, with its blobs in that store."""
    s3 = {
        "CALLSCRIBE_BLOBS_URL": "s3://calls/all",
        "CALLSCRIBE_SECRET_KEY": Fernet.generate_key().decode(),
        "AWS_ENDPOINT_URL": store,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with running(data, command="api", **s3, **environment) as server:
        yield server


@contextmanager
def health_watched(server: Server) -> Iterator[list[float]]:
    """Asks for health again and again while the block runs; how long each answer took, in seconds."""
    took: list[float] = []
    stop = threading.Event()

    def watch() -> None:
        with server.client() as client:
            while not stop.wait(0.05):
                begun = time.monotonic()
                assert client.get("/healthz").status_code == 200
                took.append(time.monotonic() - begun)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield took
        finally:
            stop.set()
        watching.result()


def asked(server: Server, *asks: Ask) -> list[Answer]:
    """Send all at once."""

    def one(ask: Ask) -> Answer:
        begun = time.monotonic()
        answer = ask(client)
        return Answer(answer.status_code, answer.headers.get("Retry-After"), time.monotonic() - begun)

    with server.client() as client, ThreadPoolExecutor(len(asks)) as pool:  # one, since each costs a tenth of a second
        return list(pool.map(one, asks))


def all_refused_in_time(server: Server, *asks: Ask) -> None:
    """Each ends as 503 within 10 s, and health answers within 1 s meanwhile."""
    with health_watched(server) as took:
        answers = asked(server, *asks)
    assert {(answer.status, answer.retry_after) for answer in answers} == {(503, "10")}
    assert max(answer.seconds for answer in answers) < 10
    assert len(took) > 10
    assert max(took) < 1


def get(path: str) -> Ask:
    return lambda client: client.get(path)


def upload(client: httpx2.Client) -> httpx2.Response:
    return client.post(UPLOADS, content=clip(0.5, 2.5), headers={"Content-Type": "audio/wav"})


def submitting(configuration: str) -> Ask:
    body = {"transcriptionConfigurationId": configuration, "mediaUrl": MEDIA}
    return lambda client: client.post("/v3/Transcriptions", json=body)


def listed(server: Server) -> int:
    with server.client() as client:
        return len(client.get("/v3/Transcriptions").json()["transcriptions"])


@pytest.mark.long
def test_a_silent_store_and_a_locked_table(tmp_path: Path) -> None:
    with (
        silent_store() as store,
        postgresql() as database,
        api(tmp_path / "data", store, CALLSCRIBE_DATABASE_URL=database.url) as server,
    ):
        configuration = server.configure()
        job = server.submit(configuration, MEDIA)
        with database.connect() as connection:
            connection.execute("UPDATE transcriptions SET status = 'COMPLETED'")
        path = f"/v3/Transcriptions/{job}"
        transcripts = [get(f"{path}/Transcript")] * 50
        all_refused_in_time(server, *transcripts, get(f"{path}/Media"), upload)

        with database.connect() as connection, connection.transaction():
            connection.execute("LOCK TABLE transcriptions IN ACCESS EXCLUSIVE MODE")
            all_refused_in_time(server, *[get(path)] * 50, *[submitting(configuration)] * 5)
            with health_watched(server) as took:
                asked(server, *transcripts[:45], *[get(path)] * 45, get("/readyz"), get("/metrics"))
            assert max(took) < 1
        assert [answer.status for answer in asked(server, get(path), submitting(configuration))] == [200, 202]
        assert listed(server) == 2  # what was refused was not done later


def test_a_locked_sqlite_file(tmp_path: Path) -> None:
    with silent_store() as store, api(tmp_path / "data", store) as server:
        configuration = server.configure()
        job = server.submit(configuration, MEDIA)
        path = f"/v3/Transcriptions/{job}"
        with closing(sqlite3.connect(server.data / "callscribe.db", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            deleting: Ask = lambda client: client.delete(path)  # noqa: E731
            all_refused_in_time(server, *[submitting(configuration)] * 20, *[deleting] * 5)
            assert asked(server, get(path))[0].status == 200  # to read is possible
            connection.execute("ROLLBACK")
        assert asked(server, submitting(configuration))[0].status == 202
        assert listed(server) == 2
