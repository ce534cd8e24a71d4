"""`callscribe accounts retention`: how long an account's things are kept."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from callscribe.accounts.retention import FOREVER, KINDS, MOST_DAYS, Days, Layer, Retention, check, of_settings
from callscribe.cli.options import Data, load_settings

DEFAULT = "default"

Kept = Annotated[
    str | None, typer.Option(metavar="DAYS", help="Days (0.5 is twelve hours), `forever`, or `default`, the server's.")
]


def retention(
    sid: Annotated[str, typer.Argument(help="The account's SID.")],
    media_days: Kept = None,
    transcript_days: Kept = None,
    callback_days: Kept = None,
    job_days: Kept = None,
    recording_days: Kept = None,
    conversation_days: Kept = None,
    also_ended: Annotated[
        bool, typer.Option("--also-ended", help="Also for jobs that have ended; else for those that end from now on.")
    ] = False,
    data: Data = None,
) -> None:
    """Show how long what an account has is kept, or change it.

    What is over by then is erased within a minute or so, and cannot be got back. A configuration's own `retention`
    comes before the account's.
    """
    from callscribe.accounts import repository
    from callscribe.accounts.audit import Action, record
    from callscribe.preparation import existing, prepare
    from callscribe.transcriptions.retention import count_anew

    settings = load_settings(data)
    database, _ = prepare(existing(settings))
    texts = (media_days, transcript_days, callback_days, job_days, recording_days, conversation_days)
    options = dict(zip(KINDS, texts, strict=True))
    given = {f"{kind}Days": _days(kind, text) for kind, text in options.items() if text is not None}
    with database.write() as session:
        account = repository.find(session, sid)
        if account is None:
            raise typer.BadParameter(f"there is no account {sid}")
        if given:
            layer = {**(account.retention or {}), **given}
            kept = {name: days for name, days in layer.items() if days is not None}
            try:
                check(kept)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from error
            account.retention = kept or None
            record(session, sid, Action.ACCOUNT_CHANGED, retention=given)
        own: Layer = account.retention or {}
    if also_ended:
        typer.echo(f"{count_anew(database, settings, sid)} jobs that have ended are kept accordingly.")
    _show(own, Retention.of(own, of_settings(settings)))
    database.close()


def _days(kind: str, text: str) -> Days | None:
    if text == DEFAULT:
        return None
    if text == FOREVER:
        return FOREVER
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days <= MOST_DAYS:
        raise typer.BadParameter(f"--{kind}-days: {text!r} is neither days, nor {FOREVER}, nor {DEFAULT}")
    return days


def _show(own: Layer, kept: Retention) -> None:
    table = Table("Kind", "Kept", "Said by", box=None, header_style="bold")
    for kind in KINDS:
        days = getattr(kept, kind)
        said = "the account" if own.get(f"{kind}Days") is not None else "the server"
        table.add_row(kind, FOREVER if days is None else f"{days:g} days", said)
    Console().print(table)
