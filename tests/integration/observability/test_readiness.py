"""Whether an installation says of itself that it can work, when it can."""

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable import workers
from callscribe.durable.queues import PROTOCOL_VERSION
from callscribe.durable.tables import Worker
from callscribe.media.blobs import BlobStore
from callscribe.monitoring import readiness
from callscribe.monitoring.readiness import Readiness, Report
from callscribe.preparation import prepare
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.worker import selfcheck
from callscribe.worker.selfcheck import SelfCheck
from harness import Server, eventually
from second_engine import ProviderDeclaration, registered

ALL = ["fetch", "recognition", "chunks", "callbacks", "reading", "erasures"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("ready") / "data", model="tiny.en", threads=2)


@pytest.fixture(scope="module")
def opened(settings: Settings) -> Iterator[Database]:
    database, _ = prepare(settings, migrating=True)
    yield database
    database.close()


@pytest.fixture
def empty(opened: Database) -> Database:
    """The database without workers."""
    with opened.write() as session:
        session.execute(sa.delete(Worker))
    return opened


def worker(
    database: Database,
    name: str,
    *,
    roles: list[str] | None = None,
    models: tuple[str, ...] = ("whisper/tiny.en",),
    **values: object,
) -> None:
    row = Worker(
        id=name,
        machine="elsewhere",
        pid=1,
        process_started=0.0,
        roles=roles or ALL,
        models=list(models),
        version="0.1.0",
        protocol=PROTOCOL_VERSION,
        **values,
    )
    with database.write() as session:
        session.add(row)


def look(database: Database, settings: Settings, **options: str) -> Report:
    return Readiness(database, BlobStore(settings.blobs), settings, **options).report()


def test_not_ready_without_worker(empty: Database, settings: Settings) -> None:
    report = look(empty, settings)
    assert report.problems == ["no worker is alive"]
    assert (report.database, report.blob_store) == (True, True)


def test_untried_worker_believed(empty: Database, settings: Settings) -> None:
    worker(empty, "new")
    report = look(empty, settings)
    assert report.ready
    assert (report.workers, report.recognizing, report.recognized_at) == (1, 1, None)


def test_fetchers_alone_are_not_ready(empty: Database, settings: Settings) -> None:
    worker(empty, "io", roles=["fetch", "callbacks"])
    assert look(empty, settings).problems == ["no live worker is there for recognition"]
    assert look(empty, settings, worker_id="io").ready


def test_one_of_two_failing_stays_ready(empty: Database, settings: Settings) -> None:
    worker(empty, "good")
    worker(empty, "bad", checked_at=now(), check_error="SetupError")
    report = look(empty, settings)
    assert report.ready
    assert (report.workers, report.recognizing) == (2, 1)
    assert look(empty, settings, worker_id="bad").problems == ["recognition fails"]
    workers.note_check(empty, "good", "it heard no words")
    assert look(empty, settings).problems == ["recognition fails on every worker"]


def test_done_job_outweighs_failed_trial(empty: Database, settings: Settings) -> None:
    worker(empty, "back", checked_at=now() - timedelta(minutes=4), check_error="SetupError")
    assert not look(empty, settings).ready
    workers.note_recognition(empty, "back", timedelta(seconds=5))
    report = look(empty, settings)
    assert report.ready
    assert report.recognized_at is not None
    assert now() - report.recognized_at < timedelta(minutes=1)


def test_long_silent_model_not_believed(empty: Database, settings: Settings) -> None:
    worker(empty, "silent", started_at=now() - timedelta(hours=1), recognized_at=now() - timedelta(minutes=40))
    assert not look(empty, settings).ready
    assert look(empty, settings.model_copy(update={"recognition_check": 0.0})).ready


def test_provider_worker_needs_no_trial(empty: Database, settings: Settings) -> None:
    long_ago = now() - timedelta(hours=1)
    with registered(ProviderDeclaration()):
        worker(empty, "asks", models=("deepgram/nova-3",), started_at=long_ago)
        assert look(empty, settings).ready
        worker(empty, "silent", models=("deepgram/nova-3", "whisper/tiny.en"), started_at=long_ago)
        assert look(empty, settings).recognizing == 1


def test_outages_named(empty: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Database("postgresql://callscribe@127.0.0.1:9/none?connect_timeout=2")
    assert look(away, settings).problems == ["the database does not answer"]
    away.close()
    for name, value in {
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(readiness, "PATIENCE", 0.5)
    worker(empty, "new")
    report = look(empty, settings.model_copy(update={"blobs_url": "s3://bucket/prefix"}))
    assert report.problems == ["the blob store does not answer"]
    assert not report.blob_store


def row(database: Database, name: str) -> Worker:
    with database.read() as session:
        found = session.get(Worker, name)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[WhisperEngine]:
    engine = WhisperEngine(settings)
    yield engine
    engine.close()


def test_trial_recognises_a_second(empty: Database, engine: WhisperEngine) -> None:
    worker(empty, "tried")
    check = SelfCheck(empty, engine, "tiny.en", "tried", interval=300.0, first=0.0)
    assert check.try_now() is None
    found = row(empty, "tried")
    assert found.check_error is None
    assert found.recognized_at is not None
    assert found.checked_at is not None


def test_unusable_model_recorded(empty: Database, engine: WhisperEngine) -> None:
    worker(empty, "tried")
    error = SelfCheck(empty, engine, "no-such-model", "tried", interval=300.0, first=0.0).try_now()
    assert error is not None
    assert row(empty, "tried").check_error == error
    assert workers.failing(row(empty, "tried"))


def test_idle_worker_retried(empty: Database, engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "LOOK", 0.05)
    worker(empty, "idle")
    check = SelfCheck(empty, engine, "tiny.en", "idle", interval=0.2, first=0.0)
    check.start()
    try:
        first = eventually(lambda: row(empty, "idle").checked_at)
        eventually(lambda: (row(empty, "idle").checked_at or first) > first)
    finally:
        check.stop()


def test_trials_can_be_off(empty: Database, engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "LOOK", 0.05)
    worker(empty, "left-alone")
    check = SelfCheck(empty, engine, "tiny.en", "left-alone", interval=0.0, first=0.0)
    check.start()
    time.sleep(0.5)
    check.stop()
    assert row(empty, "left-alone").checked_at is None


def test_listener_shows_itself_once_tried(tmp_path: Path) -> None:
    server = Server(
        tmp_path / "data",
        command="worker",
        CALLSCRIBE_WORKER_LISTEN="127.0.0.1:0",
        CALLSCRIBE_CHECK_AT_START="true",
    )
    server.start()
    try:
        found = re.search(r'"port": (\d+)', server.output())
        assert found
        with httpx2.Client(base_url=f"http://127.0.0.1:{found[1]}", trust_env=False) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            ready = client.get("/readyz")
            assert ready.status_code == 200, ready.text
            assert ready.json()["recognizing"] == 1
            text = client.get("/metrics").text
            assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
            assert client.get("/else").status_code == 404
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        assert {sample.labels.get("process") for sample in samples} >= {"worker", "model"}
        events = [json.loads(line)["event"] for line in server.output().splitlines() if line.startswith("{")]
        assert events.index("recognition.checked") < events.index("worker.started")
    finally:
        server.stop()


def test_failing_start_can_be_fatal(tmp_path: Path) -> None:
    broken = tmp_path / "models" / "broken"
    broken.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (broken / name).write_bytes(b"nothing that anybody can use")
    server = Server(
        tmp_path / "data",
        command="worker",
        CALLSCRIBE_MODELS_DIR=str(tmp_path / "models"),
        CALLSCRIBE_MODEL="broken",
        CALLSCRIBE_WORKER_MODELS="broken",
        CALLSCRIBE_CHECK_AT_START="true",
    )
    with pytest.raises(AssertionError):
        server.start()
    assert server.process is not None
    assert server.process.wait(10) == 2
    assert "worker.started" not in server.output()
    assert "Recognition does not work on this machine" in server.output()
