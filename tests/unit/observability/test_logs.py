import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from dbos import DBOS

from callscribe.durable import quiet_dbos
from callscribe.observability import logs
from callscribe.observability.context import bound
from callscribe.settings import Settings


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to standard error while logs are as the program has them."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    before = root.handlers, root.level
    logs.configure(Settings(log_format="json", log_level="debug"))
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://u:p@media.example/calls/1.wav?token=x failed", "GET https://media.example/… failed"),
        ("postgresql://callscribe:hunter2@db:5432/calls", "postgresql://db:5432/…"),
        ("('https://a.example/b', 's3://bucket/key')", "('https://a.example/…', 's3://bucket/…')"),
        ("https://user@host@media.example/x", "https://media.example/…"),
        ("postgresql://callscribe:hunt/er2@db/calls", "postgresql://…"),
        ("file:///srv/calls/1.wav", "file:///…"),
        ("nothing to hide: a // b", "nothing to hide: a // b"),
    ],
)
def test_address_keeps_scheme_and_host(text: str, shown: str) -> None:
    event: structlog.typing.EventDict = {"event": text, "number": 1}
    assert logs.without_addresses(None, "info", event)["event"] == shown


def test_addresses_in_tracebacks_cut(written: io.StringIO) -> None:
    error = OSError("https://media.example/a-secret-path.wav is away")
    structlog.get_logger("test").error("something.failed", exc_info=error)
    (line,) = lines(written)
    assert "a-secret-path" not in line["exception"]
    assert "https://media.example/…" in line["exception"]


def test_library_lines_have_job_ids(written: io.StringIO) -> None:
    with bound(transcription="voice_transcription_1", request_id="r-1", account="AC1"):
        logging.getLogger("some.library").warning("at work on %s", "https://media.example/secret")
    logging.getLogger("some.library").warning("at rest")
    at_work, at_rest = lines(written)
    assert (at_work["transcription"], at_work["request_id"], at_work["account"]) == (
        "voice_transcription_1",
        "r-1",
        "AC1",
    )
    assert at_work["event"] == "at work on https://media.example/…"
    assert "transcription" not in at_rest


def test_request_libraries_are_quiet(written: io.StringIO) -> None:
    for name in ("httpx2", "httpcore2.connection", "urllib3.connectionpool", "sqlalchemy.engine", "botocore.auth"):
        logging.getLogger(name).info("the whole request")
    assert lines(written) == []


def test_workflow_lines_have_job_ids(written: io.StringIO) -> None:
    quiet_dbos()
    DBOS(config={"name": "logs", "system_database_url": "sqlite:///:memory:", "log_level": "ERROR"})  # sets up its log
    DBOS.destroy()
    with bound(transcription="voice_transcription_1"):
        logging.getLogger("dbos").error("postgresql://user:secret@db/calls is away")
    (line,) = lines(written)
    assert line["transcription"] == "voice_transcription_1"
    assert line["event"] == "postgresql://db/… is away"
