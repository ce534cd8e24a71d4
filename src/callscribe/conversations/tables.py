"""Conversations with their participants and communications; configurations and operations of the control plane."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.conversations.documents import Address, ConversationOptions, Party
from callscribe.db.base import Base, Dated, now, partial_index
from callscribe.db.documents import JsonOf
from callscribe.db.sealed import SealedJson, SealedTerm, SealedText

_NOBODY = '{"address": null, "channel": null, "participantId": ""}'


class ConversationStatus(StrEnum):
    """Whether a conversation takes communications. Nothing leads out of CLOSED."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    CLOSED = "CLOSED"


class Grouping(StrEnum):
    """What puts communications into the same open conversation of a configuration."""

    PROFILE = "GROUP_BY_PROFILE"
    ADDRESSES = "GROUP_BY_PARTICIPANT_ADDRESSES"
    ADDRESSES_AND_CHANNEL = "GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE"


class ConversationConfiguration(Dated, Base):
    """A named set of options."""

    __tablename__ = "conversation_configurations"
    __table_args__ = (
        sa.Index("ix_conversation_configurations_list", "account_sid", "created_at", "id"),
        sa.Index("ix_conversation_configurations_memory_store", "account_sid", "memory_store_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    memory_store_id: Mapped[str | None] = mapped_column(sa.String(128))
    document: Mapped[ConversationOptions] = mapped_column(JsonOf(ConversationOptions))
    version: Mapped[int] = mapped_column(default=1)
    """Counts the updates, so that one which was made from an old state can be refused."""


class Operation(Base):
    """A change that was asked for. All are done when they are answered, so each is completed."""

    __tablename__ = "conversation_operations"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    related: Mapped[dict[str, Any]]
    """What it changed: `configurationId` or `conversationId`."""
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


class Conversation(Dated, Base):
    """A record of what participants said to each other.

    `configuration` is a snapshot of the options that were in force when it began.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        sa.Index("ix_conversations_list", "account_sid", "created_at", "id"),
        sa.Index("ix_conversations_status", "account_sid", "status", "created_at", "id"),
        # Of two writers who find none open, one only can open it.
        partial_index(
            "ux_conversations_open",
            "account_sid",
            "configuration_id",
            "grouping_key",
            where="status <> 'CLOSED'",
            unique=True,
        ),
        sa.Index("ix_conversations_due", "due_at", "account_sid"),
        sa.Index("ix_conversations_active", "account_sid", "active_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    configuration_id: Mapped[str | None] = mapped_column(sa.String(64))
    """Stays when the configuration is deleted; None where the options came with the request."""
    status: Mapped[ConversationStatus] = mapped_column(sa.Enum(ConversationStatus, native_enum=False, length=16))
    name: Mapped[str | None] = mapped_column(SealedText(256))
    configuration: Mapped[ConversationOptions] = mapped_column(JsonOf(ConversationOptions))
    custom: Mapped[dict[str, Any]] = mapped_column("metadata", SealedJson(dict[str, Any], "{}"))
    """The customer's keys and values. SQLAlchemy has another use for the name `metadata`."""
    grouping_key: Mapped[str | None] = mapped_column(SealedTerm(64))
    """Says who takes part, see `conversations.grouping`; None groups with nothing."""
    channel: Mapped[str | None] = mapped_column(sa.String(16))
    """The channel of the last activity, whose timeouts apply."""
    active_at: Mapped[datetime] = mapped_column(default=now)
    """The last activity, from which timeouts count."""
    due_at: Mapped[datetime | None]
    """When the next timeout is over; None where none runs."""


class ConversationParticipant(Dated, Base):
    """Somebody who takes part in one conversation."""

    __tablename__ = "conversation_participants"
    __table_args__ = (sa.Index("ix_conversation_participants_list", "conversation_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id", ondelete="CASCADE"))
    account_sid: Mapped[str] = mapped_column(sa.String(34))
    name: Mapped[str | None] = mapped_column(SealedText(512))
    type: Mapped[str] = mapped_column(sa.String(16))
    profile_id: Mapped[str | None] = mapped_column(sa.String(128))
    addresses: Mapped[list[Address]] = mapped_column(SealedJson(list[Address], "[]"))


class Communication(Dated, Base):
    """One thing said or written. `content` is as it stands on the wire."""

    __tablename__ = "conversation_communications"
    __table_args__ = (
        sa.UniqueConstraint("conversation_id", "resource_id"),
        sa.Index("ix_conversation_communications_list", "conversation_id", "occurred_at", "id"),
        sa.Index("ix_conversation_communications_channel", "conversation_id", "channel_id", "occurred_at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id", ondelete="CASCADE"))
    account_sid: Mapped[str] = mapped_column(sa.String(34))
    author: Mapped[Party] = mapped_column(SealedJson(Party, _NOBODY))
    content: Mapped[dict[str, Any]] = mapped_column(SealedJson(dict[str, Any], '{"type": "TEXT", "text": ""}'))
    channel_id: Mapped[str | None] = mapped_column(sa.String(256))
    resource_id: Mapped[str | None] = mapped_column(sa.String(256))
    recipients: Mapped[list[Party]] = mapped_column(SealedJson(list[Party], "[]"))
    occurred_at: Mapped[datetime]


class ConversationChannel(Base):
    """That a channel, a call say, has been part of a conversation. Lists are narrowed by it."""

    __tablename__ = "conversation_channels"

    account_sid: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    channel_id: Mapped[str] = mapped_column(sa.String(256), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        sa.ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, index=True
    )
