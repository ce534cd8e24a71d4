"""`callscribe migrate`: the schema of the database, brought to that of this version or looked at."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from callscribe.cli.options import Data, load_settings
from callscribe.errors import SetupError

if TYPE_CHECKING:
    from callscribe.migrations.schema import SchemaState
    from callscribe.settings import Settings

WAIT_INTERVAL = 1.0


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; end with status 1 where the schema does not fit.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a database that does not answer, or does not fit yet.")
    ] = 0.0,
    data: Data = None,
) -> None:
    """Bring the database to the schema of this version; shows what was done.

    Run it before the processes of a new version start: `api` and `worker` only check. Those of the version before
    may go on meanwhile. It may be run again at any time, and by several at once.
    """
    from callscribe.migrations.schema import Fit

    settings = load_settings(data)
    console = Console(highlight=False, soft_wrap=True)
    deadline = time.monotonic() + wait
    while True:
        try:
            if not check:
                applied, now = _migrated(settings)
                for line in applied:
                    console.print(f"  {line}")
                console.print(f"{'Done' if applied else 'Nothing to do'}: {_what(now)}.")
                return
            found = _state(settings)
            if found.fit in {Fit.CURRENT, Fit.NEWER}:
                console.print(f"The schema fits: {_what(found)}.")
                return
        except SetupError:
            if time.monotonic() >= deadline:
                raise
        else:
            if time.monotonic() >= deadline:
                console.print(f"The schema does not fit: {_what(found)}.")
                sys.exit(1)
        time.sleep(WAIT_INTERVAL)


def _migrated(settings: Settings) -> tuple[list[str], SchemaState]:
    from callscribe.accounts.service import Accounts
    from callscribe.migrations.runner import migrate as bring_up
    from callscribe.migrations.schema import state
    from callscribe.preparation import opened

    with opened(settings) as database, closing(database):
        done = bring_up(database), state(database)
        if settings.is_shared and (settings.data_dir / "secret.key").exists():
            Accounts.of(database, settings).check_key()  # the other machines get the key that this one has
        return done


def _state(settings: Settings) -> SchemaState:
    from callscribe.migrations.schema import state
    from callscribe.preparation import opened

    with opened(settings) as database, closing(database):
        return state(database)


def _what(found: SchemaState) -> str:
    """Both revisions, and how they stand to one another."""
    numbers = f"revision {found.revision or 'none'}, this version's is {found.head}"
    if found.revision == found.head and found.queues != found.queues_head:
        numbers += f"; for the queues {found.queues}, this version's is {found.queues_head}"
    return f"{found.fit.value} ({numbers})"
