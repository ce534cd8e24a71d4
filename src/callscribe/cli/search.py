"""`callscribe search`: calls by what was said in them, and where in them that is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from callscribe.characters import printable
from callscribe.cli.figures import clock
from callscribe.cli.jobs import AsJson
from callscribe.cli.options import Data, OfAccount, account_named, looked_at
from callscribe.errors import RequestError

if TYPE_CHECKING:
    from callscribe.search.finding import Hit, Match
    from callscribe.transcriptions.service import Transcriptions
    from callscribe.transcriptions.tables import Transcription

PAGE = 50
"""Calls that are read at once."""


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="What was said.")],
    account: OfAccount = None,
    limit: Annotated[int, typer.Option(help="Most calls that are shown.", min=1, max=10_000)] = 10,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Find calls by what was said in them, newest first.

    A call is found when it has all of the words, in any of their forms, whoever says them. A phrase goes into quotes of
    its own, which a shell must be kept from taking away: `callscribe search '"order number" refund'`. A star is for the
    rest of a word, as in `cancel*`.
    """
    from callscribe.accounts.service import Accounts

    with looked_at(data) as (settings, database, services):
        sid = account_named(Accounts.of(database, settings), account)
        found = islice(_found(services.transcriptions, sid, " ".join(words)), limit)
        if as_json:
            for row, hit in found:
                typer.echo(json.dumps(_document(row, hit), ensure_ascii=False))
            return
        known = False
        console = Console(highlight=False, soft_wrap=True)
        for row, hit in found:
            _print(console, row, hit)
            known = True
        if not known:
            typer.echo("No call has all of that.", err=True)


def _found(transcriptions: Transcriptions, sid: str, text: str) -> Iterator[tuple[Transcription, Hit]]:
    """Every call, a page at a time; some pages may have none."""
    from callscribe.transcriptions.repository import Filters

    token: str | None = None
    while True:
        try:
            page = transcriptions.search(sid, text, Filters(), token, PAGE)
        except RequestError as error:
            raise typer.BadParameter(error.detail, param_hint="WORDS") from error
        yield from page.rows
        token = page.next_token
        if token is None:
            return


def _print(console: Console, row: Transcription, hit: Hit) -> None:
    length = "" if row.duration is None else f", {clock(row.duration)} long"
    console.print(f"[bold]{row.id}[/]  [dim]{row.created_at:%Y-%m-%d %H:%M} UTC{length}[/]")
    for match in hit.matches:
        line = Text(f"  {clock(match.start):>7}  ", style="cyan")
        line.append(f"{printable(_speaker(row, match))}  ", style="dim")
        console.print(line.append_text(_marked(match)))
    if hit.count > len(hit.matches):
        console.print(f"  [dim]and {hit.count - len(hit.matches)} more sentences[/]")


def _speaker(row: Transcription, match: Match) -> str:
    known = "" if match.participant is None else row.parties[match.participant].called
    return known or f"channel {match.channel + 1}"


def _marked(match: Match) -> Text:
    text = Text(printable(match.text))  # of the same length
    for start, end in match.ranges:
        text.stylize("bold yellow", start, end)
    return text


def _document(row: Transcription, hit: Hit) -> dict[str, Any]:
    from callscribe.search.schemas import MatchResource

    return {
        "id": row.id,
        "accountId": row.account_sid,
        "createdAt": row.created_at.isoformat(),
        "duration": row.duration,
        "matchCount": hit.count,
        "matches": [MatchResource.of(match).model_dump(mode="json", by_alias=True) for match in hit.matches],
    }
