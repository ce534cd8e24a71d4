"""What is sent to providers of speech recognition, for which account: who pays reads it, and limits go by it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts.tables import ProviderActivity
from callscribe.db.clock import epoch, milliseconds
from callscribe.db.upsert import upsert
from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.engines import registry

HOUR: Final = 3600
"""Seconds."""
DAY: Final = 24
"""Hours in which audio counts for a limit: this one and the 23 before."""
MONTH: Final = 30 * DAY
"""Hours of which figures are told."""

_FORM: Final = "The form is ENGINE=HOURS,… such as deepgram=10,google=2.5"


@dataclass(frozen=True, slots=True)
class Sent:
    """Seconds of audio that were sent for an account to an engine with a model."""

    account_sid: str
    engine: str
    model: str
    seconds: float


def hours_of_engines(settings: Settings) -> dict[str, float]:
    """What `CALLSCRIBE_ENGINE_AUDIO_HOURS` says: hours of audio in 24 hours, for each account, by engine.

    Raises:
        SetupError: it does not have the form, or names what is no provider.
    """
    found: dict[str, float] = {}
    providers = [each.name for each in registry.declared() if each.runs == "provider"]
    for entry in filter(None, map(str.strip, (settings.engine_audio_hours or "").split(","))):
        engine, _, hours = (part.strip() for part in entry.partition("="))
        try:
            number = float(hours)
        except ValueError:
            number = math.nan
        if not engine or not math.isfinite(number) or number < 0:
            raise SetupError(f"CALLSCRIBE_ENGINE_AUDIO_HOURS: {entry!r} is not understood. {_FORM}.")
        if engine not in providers:
            named = ", ".join(providers)
            raise SetupError(f"CALLSCRIBE_ENGINE_AUDIO_HOURS: nothing is sent to {engine!r}; it is one of {named}.")
        if engine in found:
            raise SetupError(f"CALLSCRIBE_ENGINE_AUDIO_HOURS: {engine} has two limits. It can have one.")
        found[engine] = number
    return found


def send(session: Session, account_sid: str, engine: str, model: str, seconds: float) -> None:
    """Count audio that goes out now."""
    upsert(
        session,
        ProviderActivity,
        {
            "account_sid": account_sid,
            "engine": engine,
            "model": model,
            "hour": _current_hour(),
            "seconds": seconds,
        },
        {"seconds": ProviderActivity.seconds + seconds},
    )


def seconds_until_free(session: Session, account_sid: str, engine: str, seconds: float, hours: float) -> float | None:
    """Seconds until an account may send so much audio to an engine of which it has `hours` in a day; None is now.

    What is longer than the whole limit goes when nothing else was sent in a day, unless the limit is 0.
    """
    rows = session.execute(
        sa.select(ProviderActivity.hour, sa.func.sum(ProviderActivity.seconds))
        .where(
            ProviderActivity.account_sid == account_sid,
            ProviderActivity.engine == engine,
            ProviderActivity.hour > _current_hour() - DAY,
        )
        .group_by(ProviderActivity.hour)
        .order_by(ProviderActivity.hour)
    ).all()
    sent = sum(each for _, each in rows)
    if hours > 0 and (sent == 0 or sent + seconds <= hours * HOUR):
        return None
    moment = float(session.scalar(sa.select(epoch())) or 0.0)
    for hour, each in rows:
        sent -= each
        if hours > 0 and (sent <= 0 or sent + seconds <= hours * HOUR):
            return float((hour + DAY) * HOUR - moment)
    return float(DAY * HOUR)


def sent(session: Session, hours: int, account_sid: str | None = None) -> Sequence[Sent]:
    """What was sent in the last `hours`, by account, engine and model, the most first."""
    query = (
        sa.select(
            ProviderActivity.account_sid,
            ProviderActivity.engine,
            ProviderActivity.model,
            sa.func.sum(ProviderActivity.seconds).label("seconds"),
        )
        .where(ProviderActivity.hour > _current_hour() - hours)
        .group_by(ProviderActivity.account_sid, ProviderActivity.engine, ProviderActivity.model)
        .order_by(sa.desc("seconds"))
    )
    if account_sid is not None:
        query = query.where(ProviderActivity.account_sid == account_sid)
    return [Sent(*row) for row in session.execute(query)]


def _current_hour() -> sa.ColumnElement[int]:
    return sa.cast(milliseconds() // (HOUR * 1000), sa.Integer())
