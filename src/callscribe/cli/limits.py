"""`callscribe accounts limits`: what an account may use, and uses."""

import re
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from callscribe.cli.options import Data, load_settings

DEFAULT, NONE = "default", "none"
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_EITHER = f"or `{NONE}` for no limit, or `{DEFAULT}` for that of the settings."


def limits(
    sid: Annotated[str, typer.Argument(help="The account's SID.")],
    requests: Annotated[
        str | None, typer.Option(help=f"Requests that one server process takes, such as `100/second`, {_EITHER}")
    ] = None,
    jobs_waiting: Annotated[
        str | None, typer.Option(help=f"Transcriptions that are accepted and have not ended, {_EITHER}")
    ] = None,
    jobs_running: Annotated[
        str | None,
        typer.Option(
            help="Calls that are recognised at once with each model, and likewise calls that are fetched and chunks of "
            f"long ones, or `{DEFAULT}`; 0 lets all of them wait."
        ),
    ] = None,
    audio_hours: Annotated[str | None, typer.Option(help=f"Hours of audio in 24 hours, {_EITHER}")] = None,
    stored_bytes: Annotated[
        str | None, typer.Option(help=f"Bytes of recordings and results, such as `500G`, {_EITHER}")
    ] = None,
    data: Data = None,
) -> None:
    """Show what an account may use and uses; with options, give it limits of its own first.

    Servers and workers go by new limits within seconds.
    """
    from callscribe.accounts import repository
    from callscribe.accounts.audit import Action, record
    from callscribe.accounts.limits import UNLIMITED, check_rate
    from callscribe.preparation import existing, prepare
    from callscribe.system.limits import limits_of
    from callscribe.transcriptions.quotas import use_of

    given: dict[str, tuple[str | None, Callable[[str], Any], int | str | None]] = {
        "requests": (requests, check_rate, NONE),
        "jobs_waiting": (jobs_waiting, _whole, UNLIMITED),
        "jobs_running": (jobs_running, _whole, None),
        "audio_hours": (audio_hours, _number, UNLIMITED),
        "stored_bytes": (stored_bytes, _bytes, UNLIMITED),
    }
    values = {name: _read(name, text, read, most) for name, (text, read, most) in given.items() if text is not None}
    settings = load_settings(data)
    database, _ = prepare(existing(settings))
    with database.write() as session:
        if repository.find(session, sid) is None:
            raise typer.BadParameter(f"there is no account {sid}")
        if values:
            repository.set_limits(session, sid, values)
            record(session, sid, Action.ACCOUNT_CHANGED, limits=values)
    with database.read() as session:
        account = repository.find(session, sid)
        use = use_of(session, sid, settings)
    assert account is not None
    shown: dict[str, tuple[str, Callable[[Any], str], Callable[[Any], str]]] = {
        "requests": ("Requests", str, str),
        "jobs_waiting": ("Jobs waiting", "{:,}".format, "{:,}".format),
        "jobs_running": ("Jobs running", "{:,}".format, "{:,}".format),
        "audio_hours": ("Audio hours in 24 h", "{:,g}".format, "{:,.2f}".format),
        "stored_bytes": ("Stored bytes", "{:,}".format, "{:,}".format),
    }
    table = Table("Limit", "Of", "May use", "Uses", box=None, header_style="bold")
    for name, each in limits_of(account, use).items():
        title, of_limit, of_use = shown[name]
        most = NONE if each.limit is None else of_limit(each.limit)
        used = "" if each.used is None else of_use(each.used)
        table.add_row(title, "the account" if each.is_own else "the settings", most, used)
    Console(width=100).print(table, soft_wrap=True)


def _read(name: str, text: str, read: Callable[[str], Any], unlimited: int | str | None) -> Any:
    """What is to be written as a limit; None is the settings'."""
    text = text.strip()
    if text == DEFAULT:
        return None
    if text == NONE and unlimited is not None:
        return unlimited
    try:
        return read(text)
    except ValueError as error:
        option = f"--{name.replace('_', '-')}"
        raise typer.BadParameter(f"{text!r} is not a limit", param_hint=option) from error


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise ValueError(text)
    return float(text)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,15})([KMGT]?)", text)
    if found is None or int(found[1]) * _UNITS[found[2]] >= 2**63:
        raise ValueError(text)
    return int(found[1]) * _UNITS[found[2]]
