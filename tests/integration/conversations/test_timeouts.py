"""A conversation without activity becomes INACTIVE and CLOSED, for the one that looks at it next."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from callscribe.callbacks.tables import Callback
from callscribe.conversations.schemas import CommunicationRequest, ConversationRequest
from callscribe.conversations.service import Conversations
from callscribe.conversations.tables import Conversation, ConversationStatus, Operation
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from integration.conversations.conftest import Configure

SETTINGS = {
    "channelSettings": {"VOICE": {"statusTimeouts": {"inactive": 5, "closed": 30}}},
    "statusCallbacks": [{"url": "https://example.com/c"}],
}
PARTICIPANTS = [{"type": "CUSTOMER", "addresses": [{"channel": "VOICE", "address": "+15550100"}]}]
WORDS = CommunicationRequest.model_validate(
    {"author": {"address": "+15550100"}, "content": {"type": "TEXT", "text": "Hello"}}
)


@pytest.fixture
def configuration(configure: Configure) -> str:
    return configure(**SETTINGS)


def open_one(conversations: Conversations, account: str, configuration: str) -> str:
    request = ConversationRequest.model_validate({"configurationId": configuration, "participants": PARTICIPANTS})
    return str(conversations.create(None, account, request).document["id"])


def let_pass(database: Database, conversation: str, minutes: int) -> None:
    """As if the last activity had been so long ago."""
    wait = timedelta(minutes=minutes)
    with database.write() as session:
        row = session.get_one(Conversation, conversation)
        row.active_at -= wait
        row.due_at = row.due_at and row.due_at - wait


def test_reader_sees_timeout(
    database: Database, conversations: Conversations, account: str, configuration: str
) -> None:
    conversation = open_one(conversations, account, configuration)
    assert conversations.fetch(account, conversation).status is ConversationStatus.ACTIVE
    let_pass(database, conversation, 6)
    (listed,) = conversations.page(account, [ConversationStatus.INACTIVE], None, None, 10).rows
    assert listed.id == conversation
    let_pass(database, conversation, 25)
    assert conversations.fetch(account, conversation).status is ConversationStatus.CLOSED
    with database.read() as session:
        assert session.get_one(Conversation, conversation).due_at is None
        query = sa.select(Callback).where(Callback.subject_id == conversation, Callback.event == "CONVERSATION_UPDATED")
        assert len(list(session.scalars(query))) == 2


def test_housekeeping_needs_no_reader(
    database: Database, conversations: Conversations, account: str, configuration: str
) -> None:
    conversation = open_one(conversations, account, configuration)
    let_pass(database, conversation, 31)
    conversations.keep_house()
    with database.read() as session:
        assert session.get_one(Conversation, conversation).status is ConversationStatus.CLOSED


def test_activity_wakes_and_restarts_it(
    database: Database, conversations: Conversations, account: str, configuration: str
) -> None:
    conversation = open_one(conversations, account, configuration)
    let_pass(database, conversation, 6)
    conversations.communications.add(None, account, conversation, WORDS)
    assert conversations.fetch(account, conversation).status is ConversationStatus.ACTIVE
    let_pass(database, conversation, 4)
    assert conversations.fetch(account, conversation).status is ConversationStatus.ACTIVE


def test_overdue_one_takes_and_blocks_none(
    database: Database, conversations: Conversations, account: str, configuration: str
) -> None:
    conversation = open_one(conversations, account, configuration)
    let_pass(database, conversation, 31)
    with pytest.raises(RequestError) as caught:
        conversations.communications.add(None, account, conversation, WORDS)
    assert caught.value.code is Code.CONFLICT
    let_pass(database, conversation, 0)
    assert open_one(conversations, account, configuration) != conversation


def test_successor_closes_overdue_one(
    database: Database, conversations: Conversations, account: str, configuration: str
) -> None:
    first = open_one(conversations, account, configuration)
    let_pass(database, first, 31)
    second = open_one(conversations, account, configuration)
    assert conversations.fetch(account, first).status is ConversationStatus.CLOSED
    assert conversations.fetch(account, second).status is ConversationStatus.ACTIVE


def test_old_operations_are_forgotten(
    database: Database, conversations: Conversations, account: str, configuration: str
) -> None:
    query = sa.select(Operation).where(Operation.account_sid == account)
    conversations.keep_house()
    with database.write() as session:
        (operation,) = session.scalars(query)
        operation.created_at = now() - timedelta(days=31)
    conversations.keep_house()
    with database.read() as session:
        assert session.scalars(query).first() is None


def test_too_large_event_told_in_short(
    database: Database, conversations: Conversations, account: str, configuration: str
) -> None:
    address = {"channel": "VOICE", "channelId": "☎" * 256}
    crowd = [{"addresses": [{**address, "address": f"{number:03d}" + "☎" * 250}] * 20} for number in range(50)]
    request = ConversationRequest.model_validate({"configurationId": configuration, "participants": crowd})
    conversation = str(conversations.create(None, account, request).document["id"])
    let_pass(database, conversation, 31)
    assert conversations.fetch(account, conversation).status is ConversationStatus.CLOSED
    with database.read() as session:
        query = sa.select(Callback).where(Callback.subject_id == conversation, Callback.event == "CONVERSATION_UPDATED")
        (callback,) = session.scalars(query)
    told = json.loads(callback.body or b"")["data"]
    assert (told["id"], told["status"], told["participants"]) == (conversation, "CLOSED", [])
    assert callback.reduced == "participants"
