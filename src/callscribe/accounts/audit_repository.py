"""Queries for the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts.tables import AuditEvent
from callscribe.db.paging import Page, fetch_page
from callscribe.db.upsert import insert_new


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Which lines are asked for. None is all."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    subject: str | None = None
    actor: str | None = None
    action: str | None = None


def add(session: Session, lines: Sequence[Mapping[str, Any]]) -> None:
    """Add lines; one that is there already, since nobody could tell whether it was committed, is left alone."""
    insert_new(session, AuditEvent, lines)


def page(session: Session, account_sid: str, filters: AuditFilters, token: str | None, size: int) -> Page[AuditEvent]:
    """Lines of an account, newest first. Each filter alone goes by an index; further ones look at what it leaves."""
    query = sa.select(AuditEvent).where(AuditEvent.account_sid == account_sid)
    for name in ("subject", "actor", "action"):
        if (value := getattr(filters, name)) is not None:
            query = query.where(getattr(AuditEvent, name) == value)
    order = (AuditEvent.created_at, AuditEvent.id)
    return fetch_page(session, query, order, token, size, since=filters.created_after, until=filters.created_before)


def forget(session: Session, older_than: datetime, most: int) -> int:
    """Remove lines that are older, the oldest first; how many they were."""
    old = sa.select(AuditEvent.id).where(AuditEvent.created_at < older_than).order_by(AuditEvent.created_at).limit(most)
    return session.execute(sa.delete(AuditEvent).where(AuditEvent.id.in_(old))).rowcount  # type: ignore[attr-defined,no-any-return]
