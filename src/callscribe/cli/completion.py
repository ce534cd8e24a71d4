"""What a shell offers where an id is to be typed. Whatever goes wrong, it offers nothing, and says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from callscribe.cli.options import load_settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LOOKED_AT = 1000
"""Newest rows that are looked at for those that begin as what is typed."""
OFFERED = 50
PATIENCE = 2.0
"""Seconds that a database is waited for."""
_MEANT = re.compile(r"[^\w.,+/@-]+")
"""What a shell may take for a command, or Rich for markup: what is offered is evaluated by zsh."""


def transcription_ids(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The newest jobs, with their status and title."""

    def newest(session: Session) -> Iterator[tuple[str, str]]:
        from callscribe.transcriptions.repository import newest_names

        for transcription_id, status, title in newest_names(session, LOOKED_AT):
            yield transcription_id, " ".join(filter(None, (status.lower(), title)))

    return _offered(ctx, incomplete, newest)


def configuration_ids(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The newest transcription configurations, with their unique names."""

    def newest(session: Session) -> Iterator[tuple[str, str]]:
        from callscribe.configurations.repository import newest_names
        from callscribe.configurations.service import TRANSCRIPTION

        for configuration_id, name in newest_names(session, TRANSCRIPTION, LOOKED_AT):
            yield configuration_id, name or ""

    return _offered(ctx, incomplete, newest)


def _offered(
    ctx: typer.Context, incomplete: str, newest: Callable[[Session], Iterator[tuple[str, str]]]
) -> list[tuple[str, str]]:
    try:
        with _session(ctx.params.get("data")) as session:
            fitting = ((name, _MEANT.sub(" ", what)) for name, what in newest(session) if name.startswith(incomplete))
            return [pair for pair, _ in zip(fitting, range(OFFERED), strict=False)]
    except Exception:  # noqa: BLE001  a shell that waits for a completion shows no errors
        return []


@contextmanager
def _session(data: Path | None) -> Iterator[Session]:
    """The installation's database, as it is: nothing is made."""
    from callscribe.db.engine import Database
    from callscribe.preparation import existing
    from callscribe.vault.opening import use_keys

    settings = existing(load_settings(data))
    with closing(Database(settings.database, patience=PATIENCE)) as database:
        use_keys(database, settings)
        with database.read() as session:
            yield session
