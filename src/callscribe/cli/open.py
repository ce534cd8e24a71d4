"""`callscribe open`: the page of a call in the browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Annotated

import typer

from callscribe.cli.conversation import moment
from callscribe.cli.jobs import Id
from callscribe.cli.options import Data, looked_at
from callscribe.errors import RequestError

HERE = "127.0.0.1:8321"
"""Where `callscribe serve` listens, unless it is told otherwise; with TLS where it has a certificate."""


def open_call(
    transcription_id: Id,
    at: Annotated[
        float | None,
        typer.Option("--at", parser=moment, metavar="TIME", help="A time of the call, 1:35 say."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help=f"The server. CALLSCRIBE_PUBLIC_URL by default, or http://{HERE}.", show_default=False),
    ] = None,
    printed: Annotated[bool, typer.Option("--print", help="Print the address, and open nothing.")] = False,
    data: Data = None,
) -> None:
    """Open a call's page in the browser; without a display, its address is printed."""
    from callscribe.transcriptions.administration import Jobs

    with looked_at(data) as (settings, database, services):
        try:
            row = Jobs(database, services.transcriptions).find(transcription_id)
        except RequestError as error:
            raise typer.BadParameter(error.detail) from None
    # Not the address by which the job's client came: whoever may ask the server has chosen that.
    here = f"{'https' if settings.tls_certificate else 'http'}://{HERE}"
    server = (url or str(settings.public_url or here)).rstrip("/")
    address = f"{server}/console/calls/{row.id}" + ("" if at is None else f"?t={at:g}")
    if printed or not _has_display() or not webbrowser.open(address):
        typer.echo(address)


def _has_display() -> bool:
    """Whether a window can be shown: else a browser in the terminal would be started, if there is one."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
