"""Queries for conversations, participants and communications."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.callbacks import repository as callback_repository
from callscribe.conversations.tables import (
    Communication,
    Conversation,
    ConversationChannel,
    ConversationParticipant,
    ConversationStatus,
)
from callscribe.db.paging import Page, fetch_page
from callscribe.db.sealed import forms_of
from callscribe.db.upsert import insert_new
from callscribe.web.idempotency import forget_about

SETTLED_AT_ONCE = 20
"""Conversations whose timeouts are applied in one transaction; each may have 20 callbacks to be queued."""


def find(session: Session, account_sid: str, conversation_id: str, *, lock: bool = False) -> Conversation | None:
    """The account's conversation with this id; with `lock` nobody else changes it before this transaction ends."""
    query = sa.select(Conversation).where(Conversation.id == conversation_id, Conversation.account_sid == account_sid)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).first()


def find_open(session: Session, account_sid: str, configuration_id: str, grouping_key: str) -> Conversation | None:
    """The open conversation of these parties, locked."""
    return session.scalars(
        sa.select(Conversation)
        .where(
            Conversation.account_sid == account_sid,
            Conversation.configuration_id == configuration_id,
            Conversation.grouping_key.in_(forms_of(session.connection(), account_sid, grouping_key)),
            # As the index has it, or it would not be used.
            sa.text("conversations.status <> 'CLOSED'"),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def page(
    session: Session,
    account_sid: str,
    statuses: Sequence[ConversationStatus],
    channel_id: str | None,
    token: str | None,
    size: int,
) -> Page[Conversation]:
    """A page of the account's conversations, newest first; without statuses, of every status."""
    query = sa.select(Conversation)
    wanted = sorted(set(statuses))
    either = [Conversation.status == status for status in wanted] if len(wanted) < len(ConversationStatus) else []
    if channel_id is None:
        query = query.where(Conversation.account_sid == account_sid)
    else:
        # A channel has few conversations. They are the account's, as the channel is: were that said here again, SQLite
        # would go through all of the account's conversations for them.
        query = query.where(Conversation.id.in_(_here(account_sid, channel_id)))
    return fetch_page(session, query, (Conversation.created_at, Conversation.id), token, size, either=either)


def of_channel(session: Session, account_sid: str, configuration_id: str, channel_id: str) -> Sequence[Conversation]:
    """The configuration's conversations that a channel has been part of, newest first."""
    here = _here(account_sid, channel_id)
    return session.scalars(
        sa.select(Conversation)
        .where(Conversation.id.in_(here), Conversation.configuration_id == configuration_id)
        .order_by(Conversation.created_at.desc())
    ).all()


def _here(account_sid: str, channel_id: str) -> sa.Select[str]:
    return sa.select(ConversationChannel.conversation_id).filter_by(account_sid=account_sid, channel_id=channel_id)


def due(session: Session, at: datetime, account_sid: str | None = None) -> Sequence[Conversation]:
    """Conversations, locked, that a timeout is over for; those that others have in hand are left to them."""
    query = sa.select(Conversation).where(Conversation.due_at <= at)
    if account_sid is not None:
        query = query.where(Conversation.account_sid == account_sid)
    query = query.order_by(Conversation.due_at).limit(SETTLED_AT_ONCE).with_for_update(skip_locked=True)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def is_any_due(session: Session, at: datetime, account_sid: str) -> bool:
    """Whether a timeout is over for any conversation of the account."""
    query = sa.select(Conversation.id).where(Conversation.due_at <= at, Conversation.account_sid == account_sid)
    return session.scalars(query.limit(1)).first() is not None


def delete(session: Session, conversation: Conversation) -> None:
    """Remove a conversation with all that it has."""
    session.execute(sa.delete(Conversation).where(Conversation.id == conversation.id))
    session.expunge(conversation)
    forget_about(session, conversation.account_sid, [conversation.id])


def has_older(account_sid: sa.SQLColumnExpression[str], moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """An expression: that an account has conversations in which nothing happened since `moment`; see `hold_older`."""
    return sa.exists().where(Conversation.account_sid == account_sid, _is_older(moment))


def hold_older(session: Session, account_sid: str, moment: sa.ColumnElement[datetime], limit: int) -> Sequence[str]:
    """Conversations in which nothing happened since `moment`, and of which nothing is still to be told; locked."""
    return session.scalars(
        sa.select(Conversation.id)
        .where(Conversation.account_sid == account_sid, _is_older(moment))
        .order_by(Conversation.active_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def _is_older(moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    untold = callback_repository.is_pending(Conversation.account_sid, Conversation.id)
    return sa.and_(Conversation.active_at <= moment, ~untold)


def delete_all(session: Session, account_sid: str, ids: Collection[str]) -> None:
    """Remove conversations with all that they have."""
    forget_about(session, account_sid, ids)
    session.execute(sa.delete(Conversation).where(Conversation.id.in_(ids)))


def add_channels(session: Session, conversation: Conversation, channel_ids: Iterable[str | None]) -> None:
    """Have a conversation found by these channels."""
    insert_new(
        session,
        ConversationChannel,
        [
            {"account_sid": conversation.account_sid, "channel_id": each, "conversation_id": conversation.id}
            for each in sorted({each for each in channel_ids if each is not None})
        ],
    )


def participants(session: Session, conversation_id: str) -> list[ConversationParticipant]:
    """All participants of a conversation, in the order in which they joined."""
    return participants_of(session, [conversation_id])[conversation_id]


def participants_of(session: Session, conversation_ids: Sequence[str]) -> dict[str, list[ConversationParticipant]]:
    """The participants of several conversations, by one query."""
    found: dict[str, list[ConversationParticipant]] = {each: [] for each in conversation_ids}
    if not found:
        return found
    query = sa.select(ConversationParticipant).where(ConversationParticipant.conversation_id.in_(conversation_ids))
    for participant in session.scalars(query.order_by(ConversationParticipant.created_at, ConversationParticipant.id)):
        found[participant.conversation_id].append(participant)
    return found


def find_participant(session: Session, conversation_id: str, participant_id: str) -> ConversationParticipant | None:
    """A participant of a conversation."""
    query = sa.select(ConversationParticipant).filter_by(id=participant_id, conversation_id=conversation_id)
    return session.scalars(query).first()


def participants_page(
    session: Session, conversation_id: str, token: str | None, size: int
) -> Page[ConversationParticipant]:
    """A page of a conversation's participants, in the order in which they joined."""
    query = sa.select(ConversationParticipant).where(ConversationParticipant.conversation_id == conversation_id)
    return fetch_page(
        session, query, (ConversationParticipant.created_at, ConversationParticipant.id), token, size, oldest_first=True
    )


def communications_page(
    session: Session, conversation_id: str, channel_id: str | None, token: str | None, size: int
) -> Page[Communication]:
    """A page of a conversation's communications, in the order in which they were said."""
    query = sa.select(Communication).where(Communication.conversation_id == conversation_id)
    if channel_id is not None:
        query = query.where(Communication.channel_id == channel_id)
    return fetch_page(session, query, (Communication.occurred_at, Communication.id), token, size, oldest_first=True)


def find_communication(session: Session, conversation_id: str, communication_id: str) -> Communication | None:
    """A communication of a conversation."""
    query = sa.select(Communication).filter_by(id=communication_id, conversation_id=conversation_id)
    return session.scalars(query).first()


def of_resource(session: Session, conversation_id: str, resource_id: str) -> Communication | None:
    """A conversation's communication about a resource of another system."""
    query = sa.select(Communication).filter_by(conversation_id=conversation_id, resource_id=resource_id)
    return session.scalars(query).first()


def delete_resources(session: Session, account_sid: str, channel_id: str, prefix: str) -> None:
    """Remove the communications of a channel whose resource ids begin so, from all conversations."""
    in_channel = Communication.conversation_id.in_(_here(account_sid, channel_id))
    of_prefix = Communication.resource_id.startswith(prefix, autoescape=True)
    session.execute(sa.delete(Communication).where(in_channel, of_prefix))


def known_resources(session: Session, conversation_id: str, resource_ids: Sequence[str]) -> set[str]:
    """Which of these resources a conversation has communications about."""
    query = sa.select(Communication.resource_id).where(
        Communication.conversation_id == conversation_id, Communication.resource_id.in_(resource_ids)
    )
    return {str(each) for each in session.scalars(query)}
