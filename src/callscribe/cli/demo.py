"""`callscribe demo`: the bundled call through the API of a server, and the conversation that comes back."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from callscribe.cli.cells import cell
from callscribe.cli.conversation import colour_of, names_of, print_conversation
from callscribe.errors import Code, SetupError

if TYPE_CHECKING:
    from callscribe.demo.client import Client, DemoError, Resource

MEDIA_REFUSED = frozenset({Code.MEDIA_URL_INVALID, Code.MEDIA_HOST})
"""What a server answers that may not read from this machine's loopback address."""
REQUEST_TIMEOUT = 30.0
"""Seconds for one request to the API."""

_out = Console()
_err = Console(stderr=True)


def demo(
    url: Annotated[
        str | None,
        typer.Option(help="The server, such as http://127.0.0.1:8321. Without it, one is started for the occasion."),
    ] = None,
    sid: Annotated[str | None, typer.Option(envvar="CALLSCRIBE_ACCOUNT_SID", help="The account's SID.")] = None,
    token: Annotated[str | None, typer.Option(envvar="CALLSCRIBE_AUTH_TOKEN", help="The account's auth token.")] = None,
    media_url: Annotated[
        str | None,
        typer.Option(
            help="Where the server finds the call, if it cannot reach this machine's loopback address. "
            "Without it, this command serves the bundled file from 127.0.0.1, "
            "which the server's CALLSCRIBE_MEDIA_ALLOW has to name."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the transcript.")] = 600.0,
) -> None:
    """Have the bundled two-channel call transcribed, and print the conversation."""
    import httpx2

    from callscribe.demo.client import Client, DemoError
    from callscribe.demo.media import recording_url
    from callscribe.demo.server import own_server
    from callscribe.ids import new_account_sid, new_auth_token

    if url and not (sid and token):
        raise typer.BadParameter(
            "give --sid and --token, or set CALLSCRIBE_ACCOUNT_SID and CALLSCRIBE_AUTH_TOKEN",
            param_hint="--url",
        )
    sid, token = sid or new_account_sid(), token or new_auth_token()
    try:
        with ExitStack() as stack:
            own = url is None
            if url is None:
                stack.enter_context(_terminated_in_order())
                with _err.status("Starting a server of its own"):
                    url = stack.enter_context(own_server(sid, token))
            http = stack.enter_context(
                httpx2.Client(base_url=url, auth=(sid, token), timeout=REQUEST_TIMEOUT, trust_env=not own)
            )
            show(Client(http), media_url or stack.enter_context(recording_url()), timeout)
    except (DemoError, SetupError, httpx2.InvalidURL) as error:
        _err.print(Text(str(error), style="red"), soft_wrap=True)
        if isinstance(error, DemoError) and error.code in MEDIA_REFUSED:
            _err.print("Start the server with CALLSCRIBE_MEDIA_ALLOW=127.0.0.1, or give it another --media-url.")
        raise typer.Exit(1) from None


def show(client: Client, media_url: str, timeout: float) -> None:
    """Submit, wait, print.

    Raises:
        DemoError: no transcript came of it.
    """
    from callscribe.demo import call

    configuration_id = client.configuration(call())
    began = time.monotonic()
    transcription_id = client.submit(call(), configuration_id=configuration_id, media_url=media_url)
    transcription = _wait(client, transcription_id, timeout)
    elapsed = time.monotonic() - began
    if transcription["status"] != "COMPLETED":
        raise _failure(transcription)
    transcript = client.transcript(transcription_id)
    _out.print()
    print_conversation(_out, names_of(transcription["participants"]), transcript)
    _out.print()
    _out.print(figures(transcription, transcript, elapsed))


def _wait(client: Client, transcription_id: str, timeout: float) -> Resource:
    transcription: Resource = {}
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task("PENDING", total=1.0)
        for transcription in client.follow(transcription_id, timeout=timeout):
            progress.update(
                task, description=transcription["status"], completed=float(transcription.get("progress") or 0)
            )
    return transcription


def _failure(transcription: Resource) -> DemoError:
    from callscribe.demo.client import DemoError

    error = transcription.get("error") or {}
    reason = " ".join(str(error[member]) for member in ("code", "title", "detail") if error.get(member))
    return DemoError(f"{transcription['id']} FAILED: {reason}", error.get("code"))


def figures(transcription: Resource, transcript: Resource, elapsed: float) -> Table:
    """What it took, what did it, and how much each participant said."""
    from callscribe.demo import call

    sentences = transcript["sentences"]
    resolved = transcription.get("resolvedConfiguration") or {}
    served = resolved.get("servedBy") or {}
    asked = " ".join(filter(None, (resolved.get("transcriptionEngine"), resolved.get("speechModel"))))
    by = " ".join(filter(None, (served.get("engine"), served.get("model"))))
    audio = call().duration
    table = Table.grid(padding=(0, 2))
    table.add_row(
        Text("time", style="dim"),
        f"{audio:.0f} s of audio in {elapsed:.1f} s, {audio / elapsed:.1f} times real time",
    )
    table.add_row(Text("engine", style="dim"), Text(f"{asked}, served by {by}" if by and by != asked else asked))
    for index, name in enumerate(names_of(transcription["participants"])):
        own = [each for each in sentences if each["participantIndex"] == index]
        words = sum(len(each["text"].split()) for each in own)
        seconds = sum(each["endTimeSeconds"] - each["startTimeSeconds"] for each in own)
        table.add_row(
            cell(name, colour_of(index)),
            f"{len(own)} {'sentence' if len(own) == 1 else 'sentences'}, {words} words, {seconds:.0f} s",
        )
    table.add_row(Text("id", style="dim"), Text(str(transcription["id"])))
    return table


@contextmanager
def _terminated_in_order() -> Iterator[None]:
    """Let SIGTERM end the block like an exception, so that the server is not left behind."""

    def leave(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
