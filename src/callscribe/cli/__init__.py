"""The command line."""

import os
import sys
from functools import partial

import typer
from rich.console import Console

import callscribe
from callscribe.accounts.actors import OPERATOR, acting
from callscribe.cli import accounts, doctor, jobs, keys, models, recordings, serve
from callscribe.cli.cells import plain
from callscribe.cli.demo import demo
from callscribe.cli.evaluate import evaluate
from callscribe.cli.migrate import migrate
from callscribe.cli.open import open_call
from callscribe.cli.search import search
from callscribe.cli.transcribe import transcribe
from callscribe.errors import SetupError

__all__ = ["app", "main"]

PRIVATE = 0o077
"""The server's files are its own, whatever the rights of a data folder that was there before."""
_PROCESSES = {"serve", "api", "worker"}
"""What these do by themselves is not the operator's doing."""
_OF_THE_USER = {"transcribe", "models"}

app = typer.Typer(
    help="Batch transcription for recorded calls, on your own machines.",
    epilog="Settings are CALLSCRIBE_* environment variables; see docs/configuration.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.command()(serve.api)
app.command()(serve.worker)
app.command()(migrate)
app.command()(transcribe)
app.command()(evaluate)
app.command()(demo)
app.add_typer(accounts.app, name="accounts")
app.add_typer(keys.app, name="keys")
app.add_typer(jobs.app, name="jobs")
app.add_typer(recordings.app, name="recordings")
app.command()(search)
app.command("open")(open_call)
app.add_typer(models.app, name="models")
app.command()(doctor.doctor)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"callscribe {callscribe.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    del version  # which has been dealt with
    if ctx.invoked_subcommand not in _PROCESSES:
        ctx.with_resource(acting(OPERATOR))
    if ctx.invoked_subcommand not in _OF_THE_USER:
        ctx.call_on_close(partial(os.umask, os.umask(PRIVATE)))


def main() -> None:
    """Run the command line. An installation that is not as it must be ends with one line that says what to do."""
    try:
        app()
    except Exception as error:
        from callscribe.outages import outage

        reason = error if isinstance(error, SetupError) else outage(error)
        if reason is None:
            raise
        Console(stderr=True).print(f"[bold red]callscribe:[/] {plain(reason)}", highlight=False, soft_wrap=True)
        sys.exit(2)
