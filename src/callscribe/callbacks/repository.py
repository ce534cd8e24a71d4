"""Queries for callbacks."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.callbacks.tables import Callback, CallbackAttempt, Delivery
from callscribe.db.base import now
from callscribe.db.clock import fixed, instant


def find(session: Session, callback_id: str) -> Callback | None:
    """The callback with this id."""
    return session.get(Callback, callback_id)


def origin(session: Session, callback_id: str) -> dict[str, Any]:
    """Where a callback comes from: `account`, `subject`, `request_id`, `traceparent`; nothing where there is none."""
    columns = (
        Callback.account_sid.label("account"),
        Callback.subject_id.label("subject"),
        Callback.request_id,
        Callback.traceparent,
    )
    row = session.execute(sa.select(*columns).where(Callback.id == callback_id)).mappings().first()
    return dict(row or {})


def of_subject(session: Session, account_sid: str, subject_id: str) -> Sequence[Callback]:
    """Every callback about one subject with its attempts, oldest first."""
    return session.scalars(
        sa.select(Callback)
        .where(Callback.account_sid == account_sid, Callback.subject_id == subject_id)
        .order_by(Callback.created_at, Callback.id)
    ).all()


def begin_attempt(session: Session, callback_id: str, number: int) -> int:
    """Log that an attempt is about to be made; returns its id."""
    attempt = CallbackAttempt(callback_id=callback_id, number=number)
    session.add(attempt)
    session.flush()
    return attempt.id


def end_attempt(
    session: Session, attempt_id: int, *, http_status: int | None, error_code: int | None, error: str | None
) -> None:
    """Log how it ended."""
    session.execute(
        sa.update(CallbackAttempt)
        .where(CallbackAttempt.id == attempt_id)
        .values(finished_at=now(), http_status=http_status, error_code=error_code, error=error)
    )


def set_delivery(session: Session, callback_id: str, delivery: Delivery) -> None:
    """Record the outcome of all attempts together; from now on counts how long the log is kept."""
    kept = session.scalar(sa.select(Callback.kept_days).where(Callback.id == callback_id))
    session.execute(
        sa.update(Callback)
        .where(Callback.id == callback_id, Callback.delivery == Delivery.PENDING)
        .values(
            delivery=delivery,
            updated_at=now(),
            due_at=None if kept is None else instant(timedelta(days=kept)),
        )
    )


def due(session: Session, limit: int) -> Sequence[Callback]:
    """Callbacks whose log has been kept long enough, locked."""
    query = sa.select(Callback).where(Callback.due_at <= fixed(instant()))
    return session.scalars(query.order_by(Callback.due_at).limit(limit).with_for_update(skip_locked=True)).all()


def next_due(session: Session) -> datetime | None:
    """When the log of a callback is due next."""
    return session.scalar(sa.select(sa.func.min(Callback.due_at)).where(Callback.due_at.is_not(None)))


def is_pending(
    account_sid: sa.SQLColumnExpression[str], subject_id: sa.SQLColumnExpression[str]
) -> sa.ColumnElement[bool]:
    """An expression: that something about a subject is still to be told."""
    return sa.exists().where(
        Callback.account_sid == account_sid, Callback.subject_id == subject_id, Callback.delivery == Delivery.PENDING
    )


def delete(session: Session, ids: Collection[str]) -> None:
    """Forget callbacks with their logs."""
    session.execute(sa.delete(Callback).where(Callback.id.in_(ids)))


def body_keys(session: Session, account_sid: str, subject_id: str) -> set[str]:
    """The blobs with the bodies of all callbacks about a subject."""
    query = sa.select(Callback.body_key).where(
        Callback.account_sid == account_sid, Callback.subject_id == subject_id, Callback.body_key.is_not(None)
    )
    return {key for key in session.scalars(query) if key is not None}


def forget_bodies(session: Session, account_sid: str, subject_id: str) -> None:
    """Keep the log of the callbacks about a subject, and not what they said."""
    session.execute(
        sa.update(Callback)
        .where(Callback.account_sid == account_sid, Callback.subject_id == subject_id)
        .values(body=None, body_key=None, body_bytes=None)
    )


def delete_subject(session: Session, account_sid: str, subject_id: str) -> None:
    """Forget every callback about a subject."""
    session.execute(sa.delete(Callback).where(Callback.account_sid == account_sid, Callback.subject_id == subject_id))
