"""A host that takes connections and never answers keeps nothing from the others, also not of the same account."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.transcriptions.tables import Transcription
from harness import Receiver, Server, eventually, running
from media_server import MediaServer, drip, status

pytestmark = pytest.mark.timeout(300)

MANY = 200
SOON = 15.0
"""Seconds, generously: one request alone would hold a place for as long."""


@contextmanager
def silent_host() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=2 * MANY) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/callback"


def submit_many(server: Server, configuration: str, url: str) -> list[str]:
    job = {"transcriptionConfigurationId": configuration, "mediaUrl": url}
    with server.client() as client:
        answers = [client.post("/v3/Transcriptions", json=job) for _ in range(MANY)]
    return [answer.raise_for_status().json()["transcription"]["id"] for answer in answers]


def count(server: Server, *which: sa.ColumnElement[bool]) -> int:
    """Transcriptions in the database."""
    query = sa.select(sa.func.count()).select_from(Transcription).where(*which)
    with closing(Database(f"sqlite:///{server.data / 'callscribe.db'}")) as database, database.read() as session:
        return session.scalar(query) or 0


@pytest.mark.long
def test_silent_receiver_delays_none(tmp_path: Path) -> None:
    with (
        silent_host() as silent,
        Receiver().listening() as receiver,
        MediaServer().running() as media,
        running(tmp_path / "data", CALLSCRIBE_CALLBACK_TIMEOUT="60") as server,
    ):
        media.paths["/gone.wav"] = status(410)
        to_silent = server.configure(transcriptionStatusCallback={"url": silent})
        to_other = server.configure(transcriptionStatusCallback={"url": receiver.url})
        submit_many(server, to_silent, media.url("/gone.wav"))
        eventually(lambda: count(server, Transcription.status == "FAILED") == MANY)
        job = server.submit(to_other, media.url("/gone.wav"))
        server.ended(job)
        assert job in receiver.wait(timeout=SOON)[0].body.decode()


@pytest.mark.long
def test_deletions_end_despite_silence(tmp_path: Path) -> None:
    with (
        MediaServer().running() as media,
        running(tmp_path / "data", CALLSCRIBE_MEDIA_STALL_TIMEOUT="600") as server,
    ):
        media.paths["/silent.wav"] = drip(in_headers=True)
        jobs = submit_many(server, server.configure(), media.url("/silent.wav"))
        eventually(lambda: bool(media.requests))
        with server.client() as client:
            assert {client.delete(f"/v3/Transcriptions/{job}").status_code for job in jobs} == {204}
        eventually(lambda: count(server) == 0, timeout=SOON)
