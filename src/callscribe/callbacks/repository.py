"""Queries for callbacks."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.callbacks.tables import Callback, CallbackAttempt, Delivery
from callscribe.db.base import now


def find(session: Session, callback_id: str) -> Callback | None:
    """The callback with this id."""
    return session.get(Callback, callback_id)


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
    """Record the outcome of all attempts together."""
    session.execute(
        sa.update(Callback)
        .where(Callback.id == callback_id, Callback.delivery == Delivery.PENDING)
        .values(delivery=delivery, updated_at=now())
    )


def delete_subject(session: Session, account_sid: str, subject_id: str) -> None:
    """Forget every callback about a subject."""
    session.execute(sa.delete(Callback).where(Callback.account_sid == account_sid, Callback.subject_id == subject_id))
