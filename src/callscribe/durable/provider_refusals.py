"""Which providers of speech recognition did not take their key the last time that they were asked."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.base import now
from callscribe.db.upsert import upsert
from callscribe.durable.tables import ProviderRefusal


def note(session: Session, engine: str, detail: str) -> None:
    """Say that a provider does not take its key."""
    refusal = {"engine": engine, "detail": detail, "refused_at": now()}
    upsert(session, ProviderRefusal, refusal, {"detail": detail, "refused_at": refusal["refused_at"]})


def forget(session: Session, engine: str) -> None:
    """A provider has answered."""
    session.execute(sa.delete(ProviderRefusal).where(ProviderRefusal.engine == engine))


def refusals(session: Session) -> dict[str, tuple[str, datetime]]:
    """Providers that did not take their key the last time, with what they said and when."""
    rows = session.scalars(sa.select(ProviderRefusal).order_by(ProviderRefusal.engine))
    return {each.engine: (each.detail, each.refused_at) for each in rows}
