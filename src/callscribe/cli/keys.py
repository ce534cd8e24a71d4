"""`callscribe keys`: what the accounts' recordings and transcripts are sealed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from callscribe.cli.options import Data, account_named, load_settings
from callscribe.errors import SetupError

if TYPE_CHECKING:
    from callscribe.accounts.service import Accounts
    from callscribe.db.engine import Database
    from callscribe.settings import Settings
    from callscribe.system.resealing import Progress
    from callscribe.vault.account_keys import AccountKeys

app = typer.Typer(help="Keys that calls are encrypted with: list, change, apply and erase them.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="The account's SID.")]

_TOLD_EVERY = 2.0
"""Seconds between two lines that say how far it is."""


@app.command("new-master")
def new_master() -> None:
    """Make a master key and print it, for CALLSCRIBE_MASTER_KEY or a file. It is kept nowhere."""
    import base64

    from callscribe.sealing import new_key

    typer.echo(base64.b64encode(new_key()).decode())


@app.command("list")
def list_keys(data: Data = None) -> None:
    """Show the accounts' keys by name, the one in use first; never the keys themselves."""
    _, keys = _opened(data)
    table = Table("Account", "Number", "Name", "Made", "Master key", box=None, header_style="bold")
    for sid in keys.accounts():
        for each in keys.every(sid):
            master = "present" if keys.master.is_current(each.wrapped) else "older: `callscribe keys rewrap`"
            table.add_row(sid, str(each.number), each.name, each.created_at, master)
        for name in sorted(keys.erased(sid)):
            table.add_row(sid, "", name, "", "erased")
    Console(width=200).print(table, soft_wrap=True)


@app.command()
def rotate(account: Account, data: Data = None) -> None:
    """Give an account a new key for what it gets from now on; what it has keeps its own until `reseal`."""
    settings, keys = _opened(data)
    with _database(settings) as database:
        sid = account_named(_accounts(database, settings), account)
    made = keys.rotate(sid)
    typer.echo(f"{sid} has the key {made.name}. Seal what it has with that: callscribe keys reseal {sid}")


@app.command()
def rewrap(data: Data = None) -> None:
    """Seal all accounts' keys with the present master key: the first in CALLSCRIBE_MASTER_KEY, or the KMS's newest."""
    _, keys = _opened(data)
    changed = sum(keys.rewrap(sid) for sid in keys.accounts())
    typer.echo(f"{changed} key(s) sealed anew. The master key before is not needed any more, but for backups of them.")


@app.command()
def reseal(
    account: Annotated[str | None, typer.Argument(help="An account's SID; without it, all.")] = None,
    drop_old_keys: Annotated[
        bool,
        typer.Option(
            "--drop-old-keys",
            help="Then remove the account's older keys, if the present one is a day old. Backups of before, with what "
            "those had sealed, cannot be read from then on.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Have what is there sealed as what is new: by the account's present key, or not at all, as the settings say.

    May be interrupted, and begun again; the server may run meanwhile.
    """
    import sqlite3

    from callscribe.media.blobs import BlobStore
    from callscribe.system.resealing import Resealing

    settings, keys = _opened(data)
    if drop_old_keys and account is None:
        raise typer.BadParameter("name an account whose older keys are to go")
    with _database(settings) as database:
        sid = None if account is None else account_named(_accounts(database, settings), account)
        blobs = BlobStore(settings.blobs, keep_free=settings.disk_keep_free, seals=keys)
        resealing = Resealing(database, blobs, keys, settings, _teller())
        done = resealing.run(sid)
        typer.echo(_said(done))
        try:
            resealing.scrub()
        except sqlite3.OperationalError as error:
            raise SetupError(
                f"The database's file may have what was overwritten in it: {error}. Stop the server, and do this again."
            ) from None
        if drop_old_keys and sid is not None:
            if resealing.progress.passed_over:
                raise SetupError("Something is sealed with a key that is not here, so the older keys stay.")
            try:
                typer.echo(f"{resealing.drop_old_keys(sid)} older key(s) removed.")
            except ValueError as error:
                raise SetupError(f"The older keys stay: {error}.") from None


@app.command()
def erase(
    account: Account,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Erase an account's keys. What they had sealed cannot be read by anybody any more, in no backup either.

    Rows and blobs stay as they are, unreadable; delete them as usual. The account gets a new key with its next job.
    """
    _, keys = _opened(data)
    if account not in keys.accounts():
        raise typer.BadParameter(f"there are no keys of account {account}")
    if not yes:
        typer.confirm(f"Erase all that account {account} has, for ever?", abort=True)
    erased = keys.erase(account)
    typer.echo(
        f"{erased} key(s) of {account} erased. Running processes forget them within half a minute; erase copies of "
        "CALLSCRIBE_KEYS_URL as well, if you made any."
    )


def _opened(data: Path | None) -> tuple[Settings, AccountKeys]:
    from callscribe.vault.opening import account_keys

    settings = load_settings(data)
    keys = account_keys(settings)
    if keys is None:
        raise SetupError(
            "There are no keys: nothing is encrypted. See CALLSCRIBE_ENCRYPTION and CALLSCRIBE_MASTER_KEY."
        )
    return settings, keys


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    from callscribe.preparation import existing, prepare

    with closing(prepare(existing(settings))[0]) as database:
        yield database


def _accounts(database: Database, settings: Settings) -> Accounts:
    from callscribe.accounts.service import Accounts

    return Accounts.of(database, settings)


def _teller() -> Callable[[Progress], None]:
    import time

    last = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= _TOLD_EVERY:
            last = time.monotonic()
            typer.echo(_said(progress), err=True)

    return tell


def _said(progress: Progress) -> str:
    over = progress.passed_over
    passed = f"; {over} passed over, whose key is a job's own, or not here" if over else ""
    return (
        f"{progress.blobs_changed} of {progress.blobs} blob(s) and {progress.rows_changed} of {progress.rows} row(s) "
        f"sealed anew{passed}"
    )
