"""Options that several commands have, and the settings behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callscribe.errors import SetupError

if TYPE_CHECKING:
    from callscribe.accounts.service import Accounts
    from callscribe.db.engine import Database
    from callscribe.services import Services
    from callscribe.settings import Settings

LIFELINE = "--lifeline"
"""Makes a worker end when its standard input does: a server that was killed leaves no worker behind."""

Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the database, media and models. The platform's user data folder by default, or "
        "CALLSCRIBE_DATA_DIR."
    ),
]


OfAccount = Annotated[
    str | None, typer.Option(help="The account's SID; may be left out where there is one account only.")
]


def account_named(accounts: Accounts, sid: str | None) -> str:
    """The account with a SID; without one, the only one that there is."""
    every = [account.sid for account in accounts.every()]
    if sid is None:
        if len(every) != 1:
            raise typer.BadParameter("there are several accounts: name one by its SID")
        return every[0]
    if sid not in every:
        raise typer.BadParameter(f"there is no account {sid}")
    return sid


@contextmanager
def looked_at(data: Path | None) -> Iterator[tuple[Settings, Database, Services]]:
    """The installation; its database is only looked at, never migrated or made."""
    from callscribe.migrations.schema import check
    from callscribe.preparation import existing, opened
    from callscribe.services import Services

    settings = load_settings(data)
    with opened(existing(settings)) as database:
        check(database)
    services = Services.over(database, settings)
    try:
        yield settings, database, services
    finally:
        services.transcriptions.close()
        database.close()


def load_settings(data: Path | None = None, **options: object) -> Settings:
    """Settings from the environment; from options where these are given, the data folder among them.

    Raises:
        SetupError: a variable has a value that it cannot have.
    """
    from pydantic import ValidationError

    from callscribe.settings import Settings

    try:
        given = {"data_dir": data.absolute() if data else None, **options}
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        fault = error.errors()[0]
        name = "_".join(part for part in fault["loc"] if isinstance(part, str)).upper()
        # Of a list, which part it is; not of a single value, which may be a secret.
        part = f"{fault['input']!r}: " if any(isinstance(each, int) for each in fault["loc"]) else ""
        reason = fault["msg"].removeprefix("Value error, ")
        raise SetupError(f"CALLSCRIBE_{name}: {part}{reason}. See docs/configuration.md.") from None


def refused(option: str, reason: object) -> typer.Exit:
    """Say what is wrong with an option, in one line."""
    typer.echo(f"callscribe: {option}: {str(reason).removesuffix('.')}.", err=True)
    return typer.Exit(2)


def vocabulary(terms: list[str], file: Path | None) -> tuple[str, ...]:
    """The words and names that `--keyterm` and `--keyterms` have."""
    from callscribe.speech import keyterms

    try:
        if file is not None:
            terms = [*terms, *filter(str.strip, file.read_text(encoding="utf-8").splitlines())]
        return keyterms.vocabulary(terms)
    except (OSError, ValueError) as error:
        raise refused("--keyterms" if file else "--keyterm", error) from None
