"""Kill -9 of a server while recordings come in: no recording without its audio, and no audio without a recording."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.recordings.tables import Intake, Recording
from callscribe.settings import Settings
from harness import ACCOUNT_SID, AUTH_TOKEN, Server, eventually, running
from media_files import make

UPLOADS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings.json"
HEADERS = {"Content-Type": "audio/wav"}


def files(server: Server) -> list[Path]:
    return [each for each in (server.data / "blobs").rglob("*") if each.is_file()]


def count(server: Server, table: type[Intake] | type[Recording]) -> int:
    database = Database(Settings(data_dir=server.data).database)
    try:
        with database.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    finally:
        database.close()


def forget_the_living(server: Server) -> None:
    """As if time had passed: nobody has spoken for any intake for long."""
    database = Database(Settings(data_dir=server.data).database)
    try:
        with database.write() as session:
            session.execute(sa.update(Intake).values(seen_at=now() - timedelta(hours=1)))
    finally:
        database.close()


@pytest.mark.timeout(300)
@pytest.mark.long
def test_killed_uploads_leave_nothing(tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call.wav", "wav-s16", 60.0, 2)
    audio = path.read_bytes()
    stop = threading.Event()

    def slowly() -> Iterator[bytes]:
        for at in range(0, len(audio), 40_000):
            yield audio[at : at + 40_000]
            time.sleep(0.01)

    answered: list[str] = []

    def send(url: str) -> None:
        with httpx2.Client(auth=(ACCOUNT_SID, AUTH_TOKEN), trust_env=False, timeout=30) as client:
            while not stop.is_set():
                with suppress(httpx2.TransportError):
                    answer = client.post(url + UPLOADS, content=slowly(), headers=HEADERS)
                    if answer.status_code == 201:
                        answered.append(answer.json()["sid"])
                stop.wait(0.05)

    with running(tmp_path / "data", CALLSCRIBE_MEDIA_STALL_TIMEOUT="5") as server:
        for moment in (0.3, 1.1, 2.3):
            stop.clear()
            senders = [threading.Thread(target=send, args=(server.url,)) for _ in range(3)]
            for sender in senders:
                sender.start()
            time.sleep(moment)
            server.kill_tree()
            stop.set()
            for sender in senders:
                sender.join()
            server.start()
        with server.client() as client:
            listed = client.get(UPLOADS, params={"PageSize": 1000}).json()["recordings"]
            assert set(answered) <= {each["sid"] for each in listed}
            for each in listed:
                found = client.get(each["media_url"].replace(each["media_url"].split("/2010")[0], server.url))
                assert found.content == audio
        left = count(server, Intake)
        assert left > 0, "no upload was cut off: nothing is shown"
        forget_the_living(server)
        eventually(lambda: count(server, Intake) == 0, timeout=90)
        eventually(lambda: len(files(server)) == len(listed) == count(server, Recording), timeout=30)
