"""`callscribe jobs`, on both databases. No worker runs: what becomes of a job is written as a worker writes it."""

import io
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from callscribe.accounts.tables import Account
from callscribe.cli import app
from callscribe.cli import jobs as jobs_command
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable import queue_stats
from callscribe.errors import Code, RequestError
from callscribe.ids import new_account_sid, new_recording_sid, new_transcription_id
from callscribe.preparation import prepare
from callscribe.recordings.tables import Recording
from callscribe.services import Services
from callscribe.settings import Settings
from callscribe.transcriptions import repository
from callscribe.transcriptions.administration import Jobs
from callscribe.transcriptions.documents import Failure, Participant, RecordedAudio
from callscribe.transcriptions.tables import Status, Transcription
from resolved import resolved

MEDIA = "https://media.example/secret-path/call.wav?token=secret"


class Installation:
    """A database with accounts and jobs, and the command line over it."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CALLSCRIBE_DATA_DIR", str(settings.data_dir))
        if settings.database_url is not None:
            monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", settings.database_url)
        self.database, _ = prepare(settings, migrating=True)
        self.services = Services.over(self.database, settings)
        self.jobs = Jobs(self.database, self.services.transcriptions)
        self.account = self.new_account()

    def new_account(self) -> str:
        sid = new_account_sid()
        with self.database.write() as session:
            session.add(Account(sid=sid, name="test", token_hash="", token_encrypted=""))
        return sid

    def job(self, status: Status = Status.PENDING, *, account: str | None = None, code: Code | None = None) -> str:
        row = Transcription(
            id=new_transcription_id(),
            account_sid=account or self.account,
            status=Status.PENDING,
            configuration_id="voice_transcriptionconfiguration_01j00000000000000000000000",
            media_url=MEDIA,
            participants=[Participant(audio_channel_index=1, type="CUSTOMER", address=None, name=None)],
            resolved_configuration=resolved(servedBy={"engine": "whisper", "model": "tiny.en"}),
            language="en-US",
            progress=0.0,
            base_url="http://127.0.0.1",
            request_id="the-request",
            created_at=now(),
            updated_at=now(),
        )
        path = {Status.PENDING: [], Status.RUNNING: [Status.RUNNING]}.get(status, [Status.RUNNING, status])
        error = None
        if code is not None:
            error = Failure(code=code.value, title=code.title, detail="why", type=code.type)
        with self.database.write() as session:
            self.services.transcriptions.queue(session, row)
            for source, target in zip([Status.PENDING, *path], path, strict=False):
                final = {"progress": 1.0, "error": error} if target.is_final else {}
                repository.transition(session, row.id, source, target, **final)
        return row.id

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["jobs", *arguments], catch_exceptions=False)

    def documents(self, *arguments: str) -> list[dict[str, Any]]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    installation = Installation(Settings(data_dir=tmp_path / "data", database_url=url), monkeypatch)
    yield installation
    installation.services.transcriptions.close()
    installation.database.close()


def waiting(database: Database, account: str) -> int:
    return sum(each.waiting for each in queue_stats.look(database).waiting if each.account == account)


def test_listed_newest_first_narrowed(here: Installation) -> None:
    other = here.new_account()
    first, second = here.job(Status.FAILED, code=Code.MEDIA_NOT_FOUND), here.job(Status.RUNNING)
    third = here.job(account=other)
    mine = here.documents("list", "--account", here.account)
    assert [each["id"] for each in mine] == [second, first]
    assert [each["id"] for each in here.documents("list", "--limit", "2")] == [third, second]
    assert first in {each["id"] for each in here.documents("list", "--status", "failed")}
    unfinished = here.documents("list", "--status", "running", "--status", "pending", "--limit", "2")
    assert [each["id"] for each in unfinished] == [third, second]
    assert here.documents("list", "--account", other, "--older-than", "1h") == []
    assert [each["id"] for each in here.documents("list", "--account", other, "--newer-than", "1h")] == [third]
    refused = here.run("list", "--newer-than", "soon")
    assert refused.exit_code == 2
    assert "such as" in refused.output


def test_table_has_what_there_is(here: Installation) -> None:
    failed = here.job(Status.FAILED, code=Code.MEDIA_NOT_FOUND)
    output = here.run("list", "--account", here.account).output
    assert failed in output
    assert here.account in output
    assert "17552 Media was not found" in output


def test_one_job_shown_without_address(here: Installation) -> None:
    failed = here.job(Status.FAILED, code=Code.MEDIA_NOT_FOUND)
    for arguments in (["show", failed], ["show", failed, "--json"]):
        output = here.run(*arguments).output
        assert failed in output
        assert "17552" in output
        assert "the-request" in output
        assert "secret" not in output
    assert here.run("show", "voice_transcription_none").exit_code == 2


def test_failed_job_redone_once(here: Installation) -> None:
    failed = here.job(Status.FAILED, code=Code.MEDIA_DOWNLOAD)
    before = waiting(here.database, here.account)
    result = here.run("retry", failed)
    assert result.exit_code == 0
    new = result.stdout.strip()
    assert waiting(here.database, here.account) == before + 1
    row, again = here.jobs.find(failed), here.jobs.find(new)
    assert (row.status, again.status, again.retry_of) == (Status.FAILED, Status.PENDING, failed)
    for name in ("account_sid", "media_url", "participants", "resolved_configuration", "language", "request_id"):
        assert getattr(again, name) == getattr(row, name), name
    (document,) = here.documents("retry", failed)
    assert document == {"id": new, "retryOf": failed, "made": False}
    assert waiting(here.database, here.account) == before + 1
    assert here.documents("show", failed)[0]["retriedAs"] == new


def test_concurrent_retries_make_one_job(here: Installation) -> None:
    failed = here.job(Status.FAILED, code=Code.MEDIA_DOWNLOAD)
    outcomes: list[tuple[str, bool]] = []
    barrier = threading.Barrier(4)

    def retry() -> None:
        barrier.wait()
        outcomes.append(here.jobs.retry(failed))

    threads = [threading.Thread(target=retry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert len({new for new, _ in outcomes}) == 1
    assert sum(made for _, made in outcomes) == 1


def test_redone_job_takes_recording_as_it_is_by_now(here: Installation) -> None:
    failed, sid = here.job(Status.FAILED, code=Code.MEDIA_DOWNLOAD), new_recording_sid()
    old = f"{here.account}/{sid}/first/media"
    audio = RecordedAudio(sid=sid, channels=1, media=old, sha256="1" * 64, call_sid=None)
    with here.database.write() as session:
        row = session.get_one(Transcription, failed)
        row.source_id, row.media_url, row.recording = sid, None, audio
        folder = f"{here.account}/{sid}/redacted"
        columns = {"channels": 1, "status": "completed", "source": "upload", "start_time": now()}
        session.add(Recording(account_sid=here.account, sid=sid, blobs=folder, sha256="2" * 64, **columns))
    new, _ = here.jobs.retry(failed)
    again = here.jobs.find(new).recording
    assert again is not None
    assert (again.media, again.sha256) == (f"{folder}/media", "2" * 64)


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, Status.COMPLETED])
def test_only_failed_jobs_are_redone(here: Installation, status: Status) -> None:
    job = here.job(status)
    assert here.run("retry", job).exit_code == 2
    with pytest.raises(RequestError) as refusal:
        here.jobs.retry(job)
    assert refusal.value.code == Code.CONFLICT


def test_following_tells_each_change(here: Installation) -> None:
    job = here.job(Status.RUNNING)

    def work() -> None:
        for progress in (0.3, 0.6):
            with here.database.write() as session:
                repository.report(session, job, progress)
            pause.wait(0.8)
        with here.database.write() as session:
            repository.transition(session, job, Status.RUNNING, Status.COMPLETED, progress=1.0)

    pause = threading.Event()
    worker = threading.Thread(target=work)
    worker.start()
    told = here.documents("follow", job)
    worker.join()
    assert [each["status"] for each in told][-1] == "COMPLETED"
    assert [each["progress"] for each in told] == sorted(each["progress"] for each in told)
    assert len(told) >= 2
    assert here.run("follow", job).exit_code == 0


@pytest.mark.parametrize("terminal", [False, True])
def test_all_followed_until_each_has_ended(
    here: Installation, monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    """A line for each change; on a terminal a table, in which those stay that have ended meanwhile."""
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "150")
    fails, runs, waits = here.job(Status.RUNNING), here.job(Status.RUNNING), here.job()

    def end(job: str, status: Status) -> None:
        error = Failure(code=17552, title="Media was not found", detail="why", type="") if status == "FAILED" else None
        with here.database.write() as session:
            repository.transition(session, job, Status.RUNNING, status, progress=1.0, error=error)

    def work() -> None:
        time.sleep(0.7)
        end(fails, Status.FAILED)
        with here.database.write() as session:
            repository.report(session, runs, 0.5)
            repository.transition(session, waits, Status.PENDING, Status.RUNNING)
        time.sleep(0.7)
        end(runs, Status.COMPLETED)
        end(waits, Status.COMPLETED)

    with ThreadPoolExecutor() as pool:
        working = pool.submit(work)
        output = here.run("follow", "--account", here.account).output
        working.result()
    if terminal:
        screen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)
        last = [line.split() for line in screen[screen.rindex("ID ") :].splitlines()]
        assert [line[:2] for line in last[1:4]] == [[waits, "COMPLETED"], [runs, "COMPLETED"], [fails, "FAILED"]]
        assert "2 completed, 1 failed." in screen
        return
    printed = output.splitlines()
    told = [line.split(maxsplit=3) for line in printed]
    assert {tuple(line[:2]) for line in told} >= {(runs, "RUNNING"), (waits, "PENDING"), (waits, "COMPLETED")}
    assert [fails, "FAILED", "100%", "17552 Media was not found"] in told
    assert [runs, "RUNNING", "50%"] in told
    assert "\x1b" not in "".join(printed)


def test_following_failure_has_status(here: Installation) -> None:
    failed = here.job(Status.FAILED, code=Code.MEDIA_NOT_FOUND)
    result = here.run("follow", failed)
    assert result.exit_code == 1
    assert "17552" in result.output


def test_following_all_ends_when_idle(here: Installation) -> None:
    assert here.run("follow", "--account", here.account).exit_code == 0


def test_narrow_terminal_cuts_errors_only(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    longest = max(Code, key=lambda code: len(code.title))
    failed = here.job(Status.FAILED, code=longest)

    listed = here.run("list", "--account", here.account).output
    assert {failed, here.account, "FAILED", "Progress", "100%", "Age", "0 s", "Length"} <= set(
        re.split(r"\s\s+", listed)
    )
    assert str(longest.value) in listed
    assert failed in here.run("follow", failed).output

    for width in (80, 120, 200):
        screen = io.StringIO()
        console = Console(width=width, file=screen, force_terminal=True, color_system=None)
        console.print(jobs_command._bars([here.jobs.find(failed)], width, 10))
        [_, line, _] = screen.getvalue().splitlines()
        assert {failed, "FAILED", "100%", str(longest.value)} <= set(line.split())
        assert len(line) <= width


def test_no_schema_left_alone(tmp_path: Path) -> None:
    (tmp_path / "callscribe.db").touch()
    result = CliRunner().invoke(app, ["jobs", "list", "--data", str(tmp_path)])
    assert result.exit_code != 0
    assert "callscribe migrate" in str(result.exception)


def test_old_jobs_are_found_by_age(here: Installation) -> None:
    job = here.job()
    rows = here.jobs.newest(account_sid=here.account, since=now() - timedelta(minutes=5))
    assert [row.id for row in rows] == [job]
    assert not here.jobs.newest(account_sid=here.account, until=now() - timedelta(minutes=5))
    assert job in {row.id for row in here.jobs.newest(since=now() - timedelta(minutes=5), most=500)}
    assert job not in {row.id for row in here.jobs.newest(until=now() - timedelta(minutes=5), most=500)}
