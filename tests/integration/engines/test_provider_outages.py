"""Jobs whose provider is out, refuses, or loses its worker: they wait, go on, are handed over, or say why not."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import callscribe
import scripted_provider
from callscribe.db.engine import Database
from callscribe.transcriptions.tables import ProviderRequest
from harness import ACCOUNT_SID, Receiver, Server, eventually, running
from media_server import MediaServer, body
from scripted_provider import SCRIPT, SERVED_BY

CALL = Path(callscribe.__file__).parent / "demo" / "call.wav"
LOCAL = {"engine": "whisper", "model": "tiny.en"}


@dataclass(frozen=True, slots=True)
class Fleet:
    """A server and a worker with the scripted provider."""

    folder: Path
    server: Server
    receiver: Receiver
    media: str
    start_worker: Callable[[], AbstractContextManager[Server]]

    @property
    def requests(self) -> int:
        """How many the provider was sent."""
        log = self.folder / "requests"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def submit(self, **configuration: Any) -> str:
        """A job that asks for the provider."""
        callback = {"url": f"{self.receiver.url}/done", "method": "POST"}
        made = self.server.configure(
            transcriptionEngine=SERVED_BY.engine,
            speechModel=SERVED_BY.model,
            transcriptionStatusCallback=callback,
            **configuration,
        )
        return self.server.submit(made, self.media)

    def sent(self) -> list[tuple[int, int, bool]]:
        """Part, how often it was sent and not refused, whether it is out."""
        with closing(Database(f"sqlite:///{self.folder / 'jobs.db'}")) as database, database.read() as session:
            rows = session.scalars(sa.select(ProviderRequest)).all()
            return [(each.part, each.times, each.is_out) for each in rows]


Start = Callable[..., Fleet]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as open_:

        def fleet(*script: str, **environment: str) -> Fleet:
            (tmp_path / "script").write_text("".join(f"{line}\n" for line in script))
            common = {
                "CALLSCRIBE_DATABASE_URL": f"sqlite:///{tmp_path / 'jobs.db'}",
                "CALLSCRIBE_BLOBS_URL": (tmp_path / "blobs").as_uri(),
                "CALLSCRIBE_SECRET_KEY": "0" * 43 + "=",
                "CALLSCRIBE_PROVIDER_RETRY_INTERVAL": "0.1",
                SCRIPT: str(tmp_path / "script"),
                **environment,
            }
            program = (scripted_provider.__file__,)

            @contextmanager
            def worker() -> Iterator[Server]:
                with running(tmp_path / "worker", command="worker", program=program, **common) as started:
                    yield started

            media = open_.enter_context(MediaServer().running())
            media.paths["/call.wav"] = body(CALL.read_bytes())
            receiver = open_.enter_context(Receiver().listening())
            server = open_.enter_context(running(tmp_path / "api", command="api", program=program, **common))
            return Fleet(tmp_path, server, receiver, media.url("/call.wav"), worker)

        yield fleet


def codes(resource: dict[str, Any]) -> list[str]:
    return [each["code"] for each in resource.get("notices", [])]


def texts(transcript: dict[str, Any]) -> list[str]:
    return [each["text"] for each in transcript["sentences"]]


def test_a_busy_provider_is_waited_for(start: Start) -> None:
    fleet = start("busy 0.3", "reset", "busy")
    with fleet.start_worker():
        job = fleet.submit()
        ended = fleet.server.ended(job)
        assert len(fleet.receiver.wait()) == 1
    assert ended["status"] == "COMPLETED", ended
    assert ended["resolvedConfiguration"]["servedBy"] == SERVED_BY.document()
    assert texts(fleet.server.transcript(job)) == ["Request 3."] * 2
    # What came of the request that was reset is not known.
    assert codes(ended) == ["sentAgain"]
    assert fleet.sent() == [(0, 2, False)]


def test_a_provider_that_stays_out_fails_the_job(start: Start) -> None:
    fleet = start(*["busy"] * 50, CALLSCRIBE_PROVIDER_WAIT="1")
    with fleet.start_worker():
        ended = fleet.server.ended(fleet.submit())
    assert ended["status"] == "FAILED"
    assert (ended["error"]["code"], ended["error"]["detail"]) == (17566, "deepgram is busy")
    assert 3 <= fleet.requests <= 5


@pytest.mark.long
@pytest.mark.parametrize("script", [["busy"] * 50, ["reset"] * 50, ["key"]], ids=["busy", "reset", "key"])
def test_the_local_engine_takes_over(start: Start, script: list[str]) -> None:
    routes = {"CALLSCRIBE_ROUTES": "provider,local", "CALLSCRIBE_PROVIDER_WAIT_WITH_LOCAL": "0.5"}
    fleet = start(*script, **routes)
    with fleet.start_worker():
        job = fleet.submit()
        ended = fleet.server.ended(job)
        (callback,) = fleet.receiver.wait()
    assert ended["status"] == "COMPLETED", ended
    resolved = ended["resolvedConfiguration"]
    assert (resolved["servedBy"], resolved["standsInFor"]) == (LOCAL, SERVED_BY.document())
    assert "providerOut" in codes(ended)
    (notice,) = [each for each in ended["notices"] if each["code"] == "providerOut"]
    assert "deepgram" in notice["detail"]
    assert "whisper/tiny.en" in notice["detail"]
    said = " ".join(texts(fleet.server.transcript(job)))
    assert "Request" not in said
    assert len(said.split()) > 80
    assert "providerOut" in [each["code"] for each in callback.json["notices"]]
    assert fleet.requests == (1 if script == ["key"] else 3)


def test_a_key_that_is_refused_fails_the_job(start: Start) -> None:
    fleet = start("key")
    with fleet.start_worker(), fleet.server.client() as client:
        ended = fleet.server.ended(fleet.submit())
        told = client.get("/readyz").json()
        (engine,) = [
            each for each in client.get("/v3/System/Engines").json()["engines"] if each["name"] == SERVED_BY.engine
        ]
        assert (ended["error"]["code"], ended["error"]["detail"]) == (17566, "deepgram does not take the key")
        assert fleet.requests == 1
        assert told["warnings"] == ["deepgram does not take its key: deepgram does not take the key"]
        assert engine["refusal"]["detail"] == "deepgram does not take the key"
        assert fleet.server.ended(fleet.submit())["status"] == "COMPLETED"
        eventually(lambda: client.get("/readyz").json()["warnings"] == [], timeout=10)


@pytest.mark.long
def test_hours_of_an_engine(start: Start) -> None:
    """A call of 65 s on two channels: one fits into two minutes, two do not, and this machine takes the second."""
    hours = {"CALLSCRIBE_ENGINE_AUDIO_HOURS": "deepgram=0.04", "CALLSCRIBE_PRICES": "deepgram/nova-3=0.6 USD/min"}
    fleet = start(CALLSCRIBE_ROUTES="provider,local", CALLSCRIBE_PROVIDER_WAIT_WITH_LOCAL="0", **hours)
    with fleet.start_worker(), fleet.server.client() as client:
        first, second = (fleet.server.ended(fleet.submit()) for _ in range(2))
        found = client.get("/v3/System/Engines").json()
        measured = client.get("/metrics").text
    assert re.search(
        rf'provider_day_audio_seconds{{account="{ACCOUNT_SID}",engine="deepgram",model="nova-3"}} 130', measured
    )
    assert first["resolvedConfiguration"]["servedBy"] == SERVED_BY.document()
    assert second["resolvedConfiguration"]["servedBy"] == LOCAL
    assert "0.04 h" in second["notices"][0]["detail"]
    (sent,) = found["sent"]
    assert (sent["engine"], sent["model"]) == (SERVED_BY.engine, SERVED_BY.model)
    assert sent["seconds"] == pytest.approx(2 * 65.3, abs=0.2)
    assert sent["cost"] == pytest.approx(sent["seconds"] * 0.01, abs=0.01)
    assert found["currency"] == "USD"
    assert {each["engine"]: each["order"] for each in found["routes"]} == {
        "deepgram": ["provider", "local"],
        "google": ["local"],
        "twilio_managed": ["local"],
    }


def test_a_setting_that_is_refused_fails_the_job(start: Start) -> None:
    fleet = start("refused no such model", CALLSCRIBE_ROUTES="provider,local")
    with fleet.start_worker():
        ended = fleet.server.ended(fleet.submit())
    assert (ended["error"]["code"], ended["error"]["detail"]) == (17566, "deepgram says: no such model")
    assert (fleet.requests, fleet.sent()) == (1, [(0, 0, False)])


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "requests", "told"),
    [("die", 2, ["sentAgain"]), ("handle", 1, [])],
    ids=["nobody knows", "the provider can tell"],
)
def test_a_worker_that_is_killed_meanwhile(start: Start, line: str, requests: int, told: list[str]) -> None:
    fleet = start(line)
    with fleet.start_worker() as worker:
        job = fleet.submit()
        eventually(lambda: worker.process is not None and worker.process.poll() is not None, timeout=60)
    with fleet.start_worker():
        ended = fleet.server.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert (fleet.requests, codes(ended)) == (requests, told)
    assert texts(fleet.server.transcript(job)) == [f"Request {requests - 1}."] * 2
    assert fleet.sent() == [(0, requests, False)]


def test_what_was_answered_is_not_asked_again(start: Start) -> None:
    """The worker is killed between the answer and the end of the chunk."""
    fleet = start(CALLSCRIBE_ROUTES="provider")
    with fleet.start_worker():
        assert fleet.server.ended(fleet.submit())["status"] == "COMPLETED"
        job = fleet.submit(redaction={"policy": "redacted", "audio": "silence"})
        ended = fleet.server.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert fleet.requests == 2  # muted audio is not heard again by somebody who is paid for it


def test_nothing_is_left_of_answers(start: Start) -> None:
    fleet = start("busy")
    with fleet.start_worker():
        job = fleet.submit()
        assert fleet.server.ended(job)["status"] == "COMPLETED"
        assert list((fleet.folder / "blobs").rglob("answers/*")) == []
        with fleet.server.client() as client:
            assert client.delete(f"/v3/Transcriptions/{job}").status_code == 204
        eventually(lambda: fleet.sent() == [], timeout=20)
