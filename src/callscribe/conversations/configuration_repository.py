"""Queries for conversation configurations and operations."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.conversations.tables import ConversationConfiguration, Operation
from callscribe.db.base import now
from callscribe.db.paging import Page, fetch_page
from callscribe.ids import new_operation_id

OPERATIONS_KEPT = timedelta(days=30)


def find(
    session: Session, account_sid: str, configuration_id: str, *, lock: bool = False
) -> ConversationConfiguration | None:
    """The account's configuration with this id; with `lock` nobody else changes it before this transaction ends."""
    query = sa.select(ConversationConfiguration).filter_by(id=configuration_id, account_sid=account_sid)
    return session.scalars(query.with_for_update() if lock else query).first()


def page(
    session: Session, account_sid: str, memory_store_id: str | None, token: str | None, size: int
) -> Page[ConversationConfiguration]:
    """A page of the account's configurations, newest first."""
    query = sa.select(ConversationConfiguration).where(ConversationConfiguration.account_sid == account_sid)
    if memory_store_id is not None:
        query = query.where(ConversationConfiguration.memory_store_id == memory_store_id)
    order = (ConversationConfiguration.created_at, ConversationConfiguration.id)
    return fetch_page(session, query, order, token, size)


def add_operation(session: Session, account_sid: str, related: dict[str, str]) -> Operation:
    """Record a change that this transaction makes."""
    operation = Operation(id=new_operation_id(), account_sid=account_sid, related=related, created_at=now())
    session.add(operation)
    session.flush()
    return operation


def find_operation(session: Session, account_sid: str, operation_id: str) -> Operation | None:
    """The account's operation with this id."""
    return session.scalars(sa.select(Operation).filter_by(id=operation_id, account_sid=account_sid)).first()


def forget_operations(session: Session) -> None:
    """Remove operations that nobody asks for any more."""
    session.execute(sa.delete(Operation).where(Operation.created_at < now() - OPERATIONS_KEPT))
