"""`callscribe recordings`: take in recordings from folders and buckets, and look at what is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from callscribe.cli.cells import cell, plain
from callscribe.cli.completion import configuration_ids
from callscribe.cli.figures import clock
from callscribe.cli.jobs import AsJson
from callscribe.cli.options import Data, OfAccount, account_named, load_settings
from callscribe.errors import RequestError
from callscribe.recordings.metadata import COLUMNS, FILE, Metadata

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from callscribe.db.engine import Database
    from callscribe.recordings.importing import Result
    from callscribe.recordings.service import Completed, Recordings
    from callscribe.recordings.tables import Call, Recording
    from callscribe.services import Services
    from callscribe.settings import Settings

app = typer.Typer(help="Take in recordings from folders and buckets, and list them.", no_args_is_help=True)

WIDEST = 1200
"""Width of the table of recordings, at most, in characters: each of both parties may have 255."""

_EPILOG = f"""\
Metadata is a table with a column `{FILE}`, the name or path of a recording, and any of {", ".join(COLUMNS)}. In JSON it
is a list of objects with these members.

Nothing is imported twice: run the same command again after new recordings have come, or when it was broken off."""


@app.command("import", epilog=_EPILOG)
def import_recordings(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders with all that is below them, or buckets such as s3://calls/2026 (credentials from "
            "the environment).",
        ),
    ],
    metadata: Annotated[
        Path | None,
        typer.Option(help="CSV or JSON that says which call each recording is of.", exists=True, dir_okay=False),
    ] = None,
    account: OfAccount = None,
    transcribe: Annotated[
        str | None,
        typer.Option(
            help="Id or unique name of a transcription configuration: transcribe what is new with it.",
            autocompletion=configuration_ids,
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Take in recordings, with what a table says of their calls.

    A server may be running meanwhile; its workers do the transcriptions. What cannot be taken in is listed at the end
    with its code (docs/errors.md), and the exit status is 1.
    """
    from callscribe.accounts.service import Accounts
    from callscribe.media.spool import Spool
    from callscribe.preparation import prepare
    from callscribe.recordings.importing import find, import_all

    settings = load_settings(data)
    known = Metadata.read(metadata) if metadata is not None else Metadata()
    database, _ = prepare(settings)
    account_sid = account_named(Accounts.of(database, settings), account)
    console = Console(stderr=True)
    if known.unknown_columns:
        names = ", ".join(sorted(known.unknown_columns))
        console.print(f"[yellow]Columns of the metadata that are not used: {plain(names)}.[/]", highlight=False)
    recordings = _recordings(settings, database, account_sid, transcribe)
    candidates = list(find(places, Spool.of(settings)))
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    results: list[Result] = []
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=sum(each.size for each in candidates))
        for result in import_all(candidates, recordings, account_sid, known, partial(progress.advance, task)):
            results.append(result)
            progress.update(task, description=f"{len(results)} of {len(candidates)} recordings")
    _report(console, results, known.unused)


@app.command("list")
def list_recordings(
    account: OfAccount = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Show the newest recordings and their calls."""
    from callscribe.accounts.service import Accounts
    from callscribe.durable.queues import WorkQueue
    from callscribe.media.blobs import BlobStore
    from callscribe.media.decoding import Decoder
    from callscribe.preparation import existing, prepare
    from callscribe.recordings.repository import RecordingFilters
    from callscribe.recordings.service import Recordings
    from callscribe.vault.opening import use_keys

    settings = load_settings(data)
    database, _ = prepare(existing(settings))
    account_sid = account_named(Accounts.of(database, settings), account)
    blobs = BlobStore(settings.blobs, seals=use_keys(database, settings))
    recordings = Recordings(database, WorkQueue(), blobs, Decoder.from_settings(settings), settings)
    page = recordings.page(account_sid, RecordingFilters(), None, limit)
    calls = recordings.calls_of(account_sid, page.rows)
    rows = [(row, calls.get(row.call_sid or "")) for row in page.rows]
    if as_json:
        for row, call in rows:
            typer.echo(json.dumps(_document(row, call), ensure_ascii=False))
    else:
        head = "SID", "Created (UTC)", "Length", "Channels", "From", "To", "Direction"
        table = Table(*(Column(title, no_wrap=True) for title in head), box=None, header_style="bold")
        for row, call in rows:
            parties = ("", "", "") if call is None else (call.from_ or "", call.to or "", call.direction or "")
            length = "" if row.duration is None else clock(row.duration)
            cells = row.sid, f"{row.date_created:%Y-%m-%d %H:%M}", length, str(row.channels)
            table.add_row(*map(cell, (*cells, *parties)))
        # SIDs are there to be copied: never shortened to a terminal's width.
        Console(width=WIDEST).print(table, soft_wrap=True)
    if page.next_token is not None:
        Console(stderr=True).print(f"The newest {limit}; --limit shows more.")


def _document(row: Recording, call: Call | None) -> dict[str, Any]:
    """What a program is told of a recording."""
    return {
        "sid": row.sid,
        "accountSid": row.account_sid,
        "callSid": row.call_sid,
        "createdAt": row.date_created.isoformat(),
        "startedAt": None if row.start_time is None else row.start_time.isoformat(),
        "duration": row.duration,
        "channels": row.channels,
        "status": row.status,
        "source": row.source,
        "from": call and call.from_,
        "to": call and call.to,
        "direction": call and call.direction,
    }


def _recordings(settings: Settings, database: Database, account_sid: str, configuration: str | None) -> Recordings:
    """Recordings that are transcribed when they are completed: as the account wants it, or as it was asked for."""
    from callscribe.recordings.service import Recordings
    from callscribe.services import Services

    services = Services.over(database, settings)
    completed: Completed = services.automatic
    if configuration is not None:
        completed = _transcribed_by(services, settings, account_sid, configuration)
    return Recordings(database, services.queue, services.blobs, services.decoder, settings, completed)


def _transcribed_by(services: Services, settings: Settings, account_sid: str, configuration: str) -> Completed:
    from callscribe.transcriptions.schemas import CreateTranscription
    from callscribe.transcriptions.sources import CallSource

    try:
        configuration_id = services.configurations.fetch(account_sid, configuration).id
    except RequestError as error:
        raise typer.BadParameter(error.detail, param_hint="--transcribe") from error
    base_url = str(settings.public_url or "").rstrip("/")

    def completed(session: Session, recording: Recording, _base_url: str) -> None:
        request = CreateTranscription(transcription_configuration_id=configuration_id, source_id=recording.sid)
        source = CallSource.of(session, recording)
        row = services.transcriptions.prepare(session, account_sid, request, source, base_url)
        services.transcriptions.queue(session, row)

    return completed


def _report(console: Console, results: Sequence[Result], unused: Sequence[str]) -> None:
    from callscribe.recordings.importing import Outcome

    count = {outcome: sum(each.outcome == outcome for each in results) for outcome in Outcome}
    failed = [each for each in results if each.outcome == Outcome.FAILED]
    if failed or unused:
        table = Table("Not imported", "Code", "Why", box=None, header_style="bold")
        for each in failed:
            table.add_row(*map(cell, (each.candidate.names[0], each.code or "", each.reason or "")))
        for name in unused:
            table.add_row(cell(name), "", "named in the metadata, and not among the recordings")
        console.print(table)
    console.print(
        f"{count[Outcome.IMPORTED]} imported, {count[Outcome.KNOWN]} there already, "
        f"{len(failed) + len(unused)} not imported.",
        highlight=False,
    )
    if failed or unused:
        raise typer.Exit(1)
