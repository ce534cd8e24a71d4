"""Conversations and communications for `listing.py`."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.conversations import repository
from callscribe.conversations.documents import ConversationOptions, Party
from callscribe.conversations.tables import Communication, Conversation, ConversationChannel, ConversationStatus
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from listing_rows import (
    ACCOUNTS,
    BEGIN,
    SHARES,
    YEAR,
    Filtered,
    Listed,
    add_accounts,
    filtered,
    insert,
    instants,
    type_id,
)

CONFIGURATION_ID = f"conv_configuration_{'0' * 26}"
OPTIONS = ConversationOptions.model_validate(
    {"displayName": "Support calls", "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES"}
)
CHANNEL = f"CA{0:032x}"
"""The channel of nine in ten communications, and of two thousand conversations."""
OPEN = (ConversationStatus.ACTIVE, ConversationStatus.INACTIVE)
TALKS = tuple(f"conv_conversation_{number:026d}" for number in range(len(SHARES)))
"""The conversations that communications belong to; the first, which is read, has the most."""


def _conversations(rows: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for instant in instants(rows, chance):
        yield {
            "id": type_id("conv_conversation", instant, chance),
            "account_sid": chance.choices(ACCOUNTS, SHARES)[0],
            "configuration_id": CONFIGURATION_ID,
            # Those of the last two weeks are open, most of them.
            "status": ConversationStatus.CLOSED
            if instant < BEGIN + YEAR - timedelta(days=14)
            else chance.choices(tuple(ConversationStatus), (50, 40, 10))[0],
            "name": None,
            "configuration": OPTIONS,
            "metadata": {},
            "grouping_key": f"{chance.getrandbits(256):064x}",
            "channel": "VOICE",
            "active_at": instant,
            "created_at": instant,
            "updated_at": instant,
        }


def _channels(database: Database, chance: random.Random) -> Iterator[dict[str, Any]]:
    with database.engine.connect() as connection:
        known = connection.execute(sa.select(Conversation.id, Conversation.account_sid)).all()
    few = 2000 / len(known)
    for conversation_id, account in known:
        channel = CHANNEL if chance.random() < few else f"CA{chance.getrandbits(128):032x}"
        yield {"account_sid": account, "channel_id": channel, "conversation_id": conversation_id}


def _communications(rows: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number, instant in enumerate(instants(rows, chance)):
        author = Party(address="+15550100", channel="VOICE", participant_id=f"conv_participant_{'0' * 26}")
        recipient = Party(address="+15550199", channel="VOICE", participant_id=f"conv_participant_{'1' * 26}")
        words = [
            {"text": "word", "startTime": "2026-03-02T09:30:01.250Z", "endTime": "2026-03-02T09:30:01.480Z"}
            for _ in range(8)
        ]
        spoken = {"channel": number % 2, "confidence": 0.9, "engine": "whisper/base", "words": words}
        yield {
            "id": type_id("conv_communication", instant, chance),
            "conversation_id": chance.choices(TALKS, SHARES)[0],
            "account_sid": ACCOUNTS[0],
            "author": author,
            "content": {"type": "TRANSCRIPTION", "text": "word " * 8, "transcription": spoken},
            "channel_id": CHANNEL if chance.random() < 0.9 else None,
            "resource_id": f"voice_transcription_{number:026d}:0",
            "recipients": [recipient],
            "occurred_at": instant,
            "created_at": instant + timedelta(minutes=5),
            "updated_at": instant + timedelta(minutes=5),
        }


def _fill_conversations(database: Database, rows: int, chance: random.Random) -> None:
    add_accounts(database)
    insert(database, Conversation, _conversations(rows, chance))
    insert(database, ConversationChannel, _channels(database, chance))


def _fill_communications(database: Database, rows: int, chance: random.Random) -> None:
    add_accounts(database)
    talks = next(_conversations(1, chance)) | {"account_sid": ACCOUNTS[0], "created_at": BEGIN, "grouping_key": None}
    insert(database, Conversation, iter(talks | {"id": talk} for talk in TALKS))
    insert(database, Communication, _communications(rows, chance))


def _conversation_filters() -> list[Filtered]:
    mine, of = Conversation.account_sid == ACCOUNTS[0], Conversation
    with_channel = sa.select(ConversationChannel.conversation_id).where(
        ConversationChannel.account_sid == ACCOUNTS[0], ConversationChannel.channel_id == CHANNEL
    )

    def page(
        session: Session, token: str | None, size: int, *, filters: tuple[Sequence[ConversationStatus], str | None]
    ) -> Page[Conversation]:
        return repository.page(session, ACCOUNTS[0], *filters, token, size)

    closed = [ConversationStatus.CLOSED]
    return filtered(
        page,
        [
            ("none", ([], None), [mine]),
            ("status=CLOSED", (closed, None), [mine, of.status.in_(closed)]),
            ("status=ACTIVE", (OPEN[:1], None), [mine, of.status.in_(OPEN[:1])]),
            ("status=ACTIVE, INACTIVE", (OPEN, None), [mine, of.status.in_(OPEN)]),
            ("channelId", ([], CHANNEL), [mine, of.id.in_(with_channel)]),
        ],
    )


def _communication_filters() -> list[Filtered]:
    here, of = Communication.conversation_id == TALKS[0], Communication

    def page(session: Session, token: str | None, size: int, *, filters: str | None) -> Page[Communication]:
        return repository.communications_page(session, TALKS[0], filters, token, size)

    return filtered(page, [("none", None, [here]), ("channelId", CHANNEL, [here, of.channel_id == CHANNEL])])


CONVERSATIONS = Listed(
    "conversations",
    Conversation,
    (Conversation.created_at, Conversation.id),
    _fill_conversations,
    _conversation_filters,
)
COMMUNICATIONS = Listed(
    "communications",
    Communication,
    (Communication.occurred_at, Communication.id),
    _fill_communications,
    _communication_filters,
    oldest_first=True,
)
