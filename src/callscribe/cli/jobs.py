"""`callscribe jobs`: the jobs of all accounts, for the operator."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from callscribe.characters import printable
from callscribe.cli.cells import cell
from callscribe.cli.completion import transcription_ids
from callscribe.cli.conversation import moment, print_conversation, terminal
from callscribe.cli.figures import clock
from callscribe.cli.options import Data, looked_at
from callscribe.errors import JobError, RequestError
from callscribe.transcriptions.status import Status

if TYPE_CHECKING:
    from callscribe.callbacks.tables import Callback
    from callscribe.services import Services
    from callscribe.settings import Settings
    from callscribe.transcriptions.administration import Jobs
    from callscribe.transcriptions.tables import Transcription

app = typer.Typer(
    help="Jobs of all accounts: list them, follow them, have failed ones done again.", no_args_is_help=True
)

POLL = 0.5
"""Seconds between two looks while following."""

FOLLOWED = 100
"""Most jobs that are followed at once, of each kind: running, waiting, ended."""

_COLORS = {Status.PENDING: "dim", Status.RUNNING: "cyan", Status.COMPLETED: "green", Status.FAILED: "red"}
_ID = len("voice_transcription_") + 26
_SID = len("AC") + 32
_STATUS = max(map(len, Status))
_AGES = len("999 d 23 h")
_BAR = 30
_CODE = len("17550 …")
"""Widths of columns, in characters."""
WIDEST = 160
"""Width of the table of jobs, at least: the columns that are never shortened take about 130."""
BARRED = 120
"""Width of a terminal in which there is room for bars."""
_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="The job's id, voice_transcription_….", autocompletion=transcription_ids),
]
Account = Annotated[str | None, typer.Option(help="Only jobs of the account with this SID.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")]


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter("an age is a number and a unit, such as 90s, 15m, 2h or 3d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@app.command("list")
def list_jobs(
    status: Annotated[
        list[Status] | None,
        typer.Option(case_sensitive=False, help="Only jobs in this status; may be given several times."),
    ] = None,
    account: Account = None,
    newer_than: Annotated[
        timedelta | None,
        typer.Option(parser=_age, metavar="AGE", help="Only jobs made less than 90s, 15m, 2h, 3d ago."),
    ] = None,
    older_than: Annotated[
        timedelta | None, typer.Option(parser=_age, metavar="AGE", help="Only jobs made longer ago than that.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Most jobs that are shown.", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List jobs, newest first.

    What hangs, say: `callscribe jobs list --status running --older-than 2h`.
    """
    from callscribe.db.base import now

    moment = now()
    with _jobs(data) as jobs:
        rows = jobs.newest(
            statuses=status or (),
            account_sid=account,
            since=moment - newer_than if newer_than else None,
            until=moment - older_than if older_than else None,
            most=limit,
        )
    if as_json:
        for row in rows:
            _say(_document(row))
        return
    _print(Console(), rows)


@app.command()
def show(
    transcription_id: Id,
    playing: Annotated[
        bool, typer.Option("--play", help="Play the recording as well, with a player that is on this machine.")
    ] = False,
    since: Annotated[
        float | None,
        typer.Option("--from", parser=moment, metavar="TIME", help="Begin at this time of the call, 1:35 say."),
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Show one job: its error, its callbacks and its conversation, each participant in a colour of their own.

    Words of which the recogniser was not sure are underlined. With --json there is no text.
    """
    from callscribe.transcriptions.administration import Jobs

    with looked_at(data) as (settings, database, services), _refusals():
        jobs = Jobs(database, services.transcriptions)
        row = jobs.find(transcription_id)
        callbacks = jobs.callbacks(row)
        document = _document(row) | {
            "retriedAs": jobs.retried_as(row.id),
            "callbacks": [_callback(each) for each in callbacks],
        }
        if as_json:
            _say(document)
        else:
            console = terminal()
            console.print(_figures(document, callbacks), soft_wrap=True)
            _print_text(console, services, row, since or 0.0)
        if playing:
            _play(settings, services, row, since or 0.0)


def _figures(document: dict[str, Any], callbacks: Sequence[Callback]) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in document.items():
        if name == "callbacks":
            continue
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        table.add_row(name, "–" if value is None else cell(shown))
    for each in callbacks:
        outcome = f"{each.event} {each.delivery.value.lower()} after {len(each.attempts)} attempts"
        last = each.attempts[-1].error if each.attempts else None
        table.add_row("callback", cell(f"{outcome}: {last}" if last else outcome))
    return table


def _print_text(console: Console, services: Services, row: Transcription, since: float) -> None:
    from callscribe.transcripts.formats import Format

    data: bytes | None = None
    if row.status == Status.COMPLETED:
        try:
            data = services.results.transcript(row, services.corrections.versions(row, None), Format.JSON)
        except (RequestError, JobError) as error:  # it was erased or is damaged: the job is shown all the same
            console.print(cell(error.detail, "yellow"), soft_wrap=True)
    elif row.status == Status.RUNNING:
        data = services.results.transcript_so_far(row, services.transcriptions.chunks(row), Format.JSON)
    if data is not None:
        console.print()
        print_conversation(console, [each.called or "?" for each in row.parties], json.loads(data), since)


def _play(settings: Settings, services: Services, row: Transcription, since: float) -> None:
    from callscribe.cli.playing import find_player, play
    from callscribe.media.spool import Spool

    player, path = find_player()
    row = services.transcriptions.fetch_to_hear(row.account_sid, row.id)
    audio = services.results.media(row)
    try:
        with Spool.of(settings).copy_of(services.blobs, audio.key, sha256=row.media_sha256) as recording:
            status = play(player, path, services.decoder, recording, since)
    except KeyboardInterrupt:
        return
    except JobError as error:
        typer.echo(printable(error.detail), err=True)
        raise typer.Exit(1) from None
    if status:
        typer.echo(f"{player.program} ended with status {status}.", err=True)
        raise typer.Exit(1)


@app.command()
def follow(
    transcription_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="The job's id; without it all that have not ended.",
            autocompletion=transcription_ids,
        ),
    ] = None,
    account: Account = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Follow one job, or all, until nothing of it is left to do.

    On a terminal this is a table that changes; otherwise, and with --json, a line for each change. Ends with status 1
    where the one job failed.
    """
    with _jobs(data) as jobs, _refusals():
        if transcription_id is not None:
            jobs.find(transcription_id)
        looks = _looks_at_all(jobs, account) if transcription_id is None else _looks(jobs, transcription_id)
        console = terminal()
        if as_json:
            rows = _follow_as_json(looks)
        elif console.is_terminal:
            rows = _follow_live(looks, console)
        else:
            rows = _follow_by_line(looks)
    if transcription_id is not None and rows and rows[0].status == Status.FAILED:
        raise typer.Exit(1)


@app.command()
def retry(transcription_id: Id, as_json: AsJson = False, data: Data = None) -> None:
    """Have a FAILED job done again, as a new job whose id is printed.

    Nothing leads out of FAILED, as with Twilio, and the failed job's callback has been sent: so there is a new job, of
    the same account, with the request, configuration and participants of the failed one as they were then. Its
    recording is fetched anew, and it calls back when it ends.

    A job is done again once: asked a second time, the command names the job that there is already. Where that one
    failed as well, it can be done again by its own id.
    """
    with _jobs(data) as jobs, _refusals():
        new, made = jobs.retry(transcription_id)
    if as_json:
        _say({"id": new, "retryOf": transcription_id, "made": made})
        return
    typer.echo(new)
    if not made:
        typer.echo(f"{transcription_id} was done again before, as this job.", err=True)


def _looks(jobs: Jobs, transcription_id: str) -> Iterator[Sequence[Transcription]]:
    """A job as it stands, again and again until it has ended; nothing where it is deleted meanwhile."""
    while True:
        rows = jobs.find_all([transcription_id])
        yield rows
        if all(row.status.is_final for row in rows):
            return
        time.sleep(POLL)


def _looks_at_all(jobs: Jobs, account_sid: str | None) -> Iterator[Sequence[Transcription]]:
    """Jobs that run, those that wait, and those that have ended since the first look; of each kind the newest first."""
    followed: set[str] = set()
    ended: dict[str, Transcription] = {}
    while True:
        # In this order, so that one which begins between the two looks is not missed.
        waiting = jobs.newest(statuses=[Status.PENDING], account_sid=account_sid, most=FOLLOWED)
        running = jobs.newest(statuses=[Status.RUNNING], account_sid=account_sid, most=FOLLOWED)
        unfinished = {row.id: row for row in running}
        unfinished |= {row.id: row for row in waiting if row.id not in unfinished}
        ended |= {row.id: row for row in jobs.find_all(followed - unfinished.keys()) if row.status.is_final}
        ended = dict(sorted(ended.items(), key=lambda pair: pair[1].updated_at)[-FOLLOWED:])
        yield [*unfinished.values(), *reversed(ended.values())]
        if not unfinished:
            return
        followed = set(unfinished)
        time.sleep(POLL)


def _follow_as_json(looks: Iterator[Sequence[Transcription]]) -> Sequence[Transcription]:
    told: dict[str, tuple[Any, ...]] = {}
    rows: Sequence[Transcription] = ()
    for rows in looks:
        for row in rows:
            state = row.status, row.progress
            if told.get(row.id) != state:
                told[row.id] = state
                _say(_document(row))
    return rows


def _follow_by_line(looks: Iterator[Sequence[Transcription]]) -> Sequence[Transcription]:
    """A line for each status and each tenth of the work."""
    told: dict[str, tuple[Status, int]] = {}
    rows: Sequence[Transcription] = ()
    for rows in looks:
        for row in rows:
            state = row.status, int(row.progress * 10)
            if told.get(row.id) != state:
                told[row.id] = state
                typer.echo(f"{row.id}  {row.status}  {row.progress:.0%}  {_error(row)}".rstrip())
    return rows


def _follow_live(looks: Iterator[Sequence[Transcription]], console: Console) -> Sequence[Transcription]:
    rows: Sequence[Transcription] = ()
    with Live(console=console, auto_refresh=False) as live:
        for rows in looks:
            live.update(_bars(rows, console.width, console.height - 3), refresh=True)
    return rows


def _print(console: Console, rows: Sequence[Transcription]) -> None:
    """Show a table which a narrow terminal breaks but does not cut: ids are there to be copied."""
    width = max(console.width, WIDEST)
    Console(width=width).print(_table(rows, width), soft_wrap=True)


def _bars(rows: Sequence[Transcription], width: int, most: int) -> RenderableType:
    """What is live must fit the terminal: in a narrow one there are no bars, and little of an error.

    Below no more than `most` rows, how many there are in each status.
    """
    if not rows:
        return "Nothing is waiting or running."
    barred = width >= BARRED
    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    table.add_column("ID", no_wrap=True, min_width=_ID)
    table.add_column("Status", no_wrap=True, min_width=_STATUS)
    if barred:
        table.add_column("", no_wrap=True, min_width=_BAR)
    table.add_column("", justify="right", no_wrap=True, min_width=len("100%"))
    table.add_column("Age", justify="right", no_wrap=True, min_width=_AGES)
    _add_error(table, width)
    for row in rows[:most]:
        bar = [ProgressBar(total=1.0, completed=row.progress, width=_BAR)] if barred else []
        table.add_row(row.id, _colored(row.status), *bar, f"{row.progress:.0%}", _since(row), _error(row))
    count = Counter(row.status for row in rows)
    shown = "" if len(rows) <= most else f" The first {most} are shown."
    there = ", ".join(f"{_count(count[status])} {status.lower()}" for status in Status if count[status])
    return Group(table, Text(f"{there}.{shown}", "dim"))


def _count(number: int) -> str:
    return f"{number} or more" if number >= FOLLOWED else str(number)


def _table(rows: Sequence[Transcription], width: int) -> Table:
    table = Table(box=None, header_style="bold")
    for title, least in (("ID", _ID), ("Account", _SID), ("Status", _STATUS)):
        table.add_column(title, no_wrap=True, min_width=least)
    for title, least in (("Progress", len("Progress")), ("Age", _AGES), ("Length", len("10:00:00"))):
        table.add_column(title, justify="right", no_wrap=True, min_width=least)
    _add_error(table, width)
    for row in rows:
        length = "–" if row.duration is None else clock(row.duration)
        table.add_row(
            row.id, row.account_sid, _colored(row.status), f"{row.progress:.0%}", _since(row), length, _error(row)
        )
    return table


def _add_error(table: Table, width: int) -> None:
    """Add the one column that may be shortened, in what the others leave (rich would shorten all alike)."""
    padding = 1 if table.collapse_padding else 2
    taken = sum((column.min_width or 0) + padding for column in table.columns)
    table.add_column("Error", no_wrap=True, max_width=max(width - taken - padding, _CODE))


def _colored(status: Status) -> str:
    return f"[{_COLORS[status]}]{status}[/]"


def _error(row: Transcription) -> Text:
    return cell("" if row.error is None else f"{row.error.code} {row.error.title}")


def _since(row: Transcription) -> str:
    """The age of a job, to its largest unit or two: `4 s`, `12 min`, `3 h 05`, `2 d 4 h`."""
    from callscribe.db.base import now

    seconds = max(0, int((now() - row.created_at).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if hours < 1:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60:02d}" if days < 1 else f"{days} d {hours % 24} h"


def _document(row: Transcription) -> dict[str, Any]:
    """What a program is told of a job. The media's URL is not: it may be a secret."""
    return {
        "id": row.id,
        "accountId": row.account_sid,
        "status": row.status.value,
        "progress": round(row.progress, 3),
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
        "duration": row.duration,
        "sourceId": row.source_id,
        "title": row.title,
        "servedBy": row.served_by.document(),
        "requestId": row.request_id,
        "retryOf": row.retry_of,
        "error": row.error.document() if row.error else None,
    }


def _callback(callback: Callback) -> dict[str, Any]:
    return {
        "id": callback.id,
        "event": callback.event,
        "delivery": callback.delivery.value,
        "attempts": [
            {"number": each.number, "httpStatus": each.http_status, "errorCode": each.error_code, "error": each.error}
            for each in callback.attempts
        ],
    }


def _say(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))


@contextmanager
def _jobs(data: Path | None) -> Iterator[Jobs]:
    """The jobs of the installation."""
    from callscribe.transcriptions.administration import Jobs

    with looked_at(data) as (_, database, services):
        yield Jobs(database, services.transcriptions)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except RequestError as error:
        raise typer.BadParameter(error.detail) from None
