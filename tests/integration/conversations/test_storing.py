"""Transcripts become conversations: in order, by the right people, once, and together where they belong together."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.callbacks.tables import Callback
from callscribe.conversations.control_plane import ConversationConfigurations
from callscribe.conversations.documents import Party
from callscribe.conversations.schemas import ConversationPatch
from callscribe.conversations.service import Conversations
from callscribe.conversations.storing import BLOCK
from callscribe.conversations.tables import Communication, Conversation, ConversationParticipant, ConversationStatus
from callscribe.conversations.transcripts import StoredParticipant, StoredTranscript
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from callscribe.ids import new_account_sid, new_conversation_id, new_transcription_id
from callscribe.speech.interface import Word
from callscribe.transcripts.models import Sentence
from integration.conversations.conftest import Configure

STARTED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CUSTOMER = StoredParticipant("CUSTOMER", "+15550100", "Emma Carter")
AGENT = StoredParticipant("HUMAN_AGENT", "+15550111")


def sentences(count: int, speakers: Sequence[int | None] = (1, 0)) -> Iterator[Sentence]:
    for number in range(count):
        start = number * 1.5
        words = Word("Good", start, start + 0.23, 0.9), Word("morning.", start + 0.23, start + 0.71, 0.95)
        speaker = speakers[number % len(speakers)]
        yield Sentence(speaker or 0, speaker, start, start + 0.71, "Good morning.", 0.93, words)


def resources(call: StoredTranscript) -> list[str]:
    return [f"{call.id}:{number}" for number in range(len(call.sentences))]


def transcript(
    count: int = 4,
    *,
    participants: Sequence[StoredParticipant] = (CUSTOMER, AGENT),
    speakers: Sequence[int | None] = (1, 0),
    channel_id: str | None = None,
) -> StoredTranscript:
    transcription = new_transcription_id()
    said = list(sentences(count, speakers))
    return StoredTranscript(transcription, "whisper", channel_id or transcription, STARTED, participants, said)


class Store:
    """Stores transcripts of one account."""

    def __init__(self, database: Database, conversations: Conversations, account: str) -> None:
        self._database = database
        self._conversations = conversations
        self._account = account

    def __call__(self, configuration: str, stored: StoredTranscript) -> str:
        storing = self._conversations.storing(self._account, configuration, stored)
        for block in storing.blocks():
            with self._database.write() as session:
                conversation = storing.store(session, block)
        return conversation


@pytest.fixture
def store(database: Database, conversations: Conversations, account: str) -> Store:
    return Store(database, conversations, account)


def said(conversations: Conversations, account: str, conversation: str) -> list[Communication]:
    found: list[Communication] = []
    token = None
    while True:
        page = conversations.communications_page(account, conversation, None, token, 100)
        found.extend(page.rows)
        token = page.next_token
        if token is None:
            return found


def events(database: Database, conversation: str) -> list[str]:
    with database.read() as session:
        query = sa.select(Callback.event).where(Callback.subject_id == conversation)
        return list(session.scalars(query.order_by(Callback.created_at, Callback.id)))


def told_of_range(database: Database, conversation: str) -> list[dict[str, Any]]:
    with database.read() as session:
        query = sa.select(Callback.body).where(
            Callback.subject_id == conversation, Callback.event == "COMMUNICATIONS_CREATED"
        )
        return [json.loads(body)["data"] for body in session.scalars(query)]


def test_sentences_in_order_with_authors(
    conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    call = transcript(4)
    conversation = store(configure(), call)
    resource = conversations.fetch(account, conversation)
    customer, agent = resource.participants
    assert (customer.type, customer.name, customer.addresses[0].address) == ("CUSTOMER", "Emma Carter", "+15550100")
    assert customer.addresses[0].channel_id == call.channel_id
    assert agent.type == "HUMAN_AGENT"

    found = said(conversations, account, conversation)
    assert [row.resource_id for row in found] == resources(call)
    assert [row.author.participant_id for row in found] == [agent.id, customer.id, agent.id, customer.id]
    assert found[0].recipients == [Party(address="+15550100", channel="VOICE", participant_id=customer.id)]
    assert found[1].occurred_at == STARTED + timedelta(seconds=1.5)
    assert {row.channel_id for row in found} == {call.channel_id}
    assert found[1].content == {
        "type": "TRANSCRIPTION",
        "text": "Good morning.",
        "transcription": {
            "channel": 0,
            "confidence": 0.93,
            "engine": "whisper",
            "words": [
                {"text": "Good", "startTime": "2026-03-02T09:30:01.500Z", "endTime": "2026-03-02T09:30:01.730Z"},
                {"text": "morning.", "startTime": "2026-03-02T09:30:01.730Z", "endTime": "2026-03-02T09:30:02.210Z"},
            ],
        },
    }


def test_storing_twice_changes_nothing(
    database: Database, conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure(statusCallbacks=[{"url": "https://example.com/c"}])
    call = transcript(3)
    conversation = store(configuration, call)
    before = events(database, conversation)
    updated = conversations.fetch(account, conversation)
    assert store(configuration, call) == conversation
    assert len(said(conversations, account, conversation)) == 3
    assert events(database, conversation) == before
    assert conversations.fetch(account, conversation) == updated


def test_storing_again_finds_closed_one(
    conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure()
    call = transcript(3)
    conversation = store(configuration, call)
    conversations.patch(None, account, conversation, ConversationPatch(status=ConversationStatus.CLOSED))
    assert store(configuration, call) == conversation


def test_same_parties_join_open_ones_only(
    conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure()
    first = store(configuration, transcript(2))
    assert store(configuration, transcript(2, participants=(AGENT, CUSTOMER))) == first
    assert len(conversations.fetch(account, first).participants) == 2
    assert len(said(conversations, account, first)) == 4
    other = replace(CUSTOMER, address="+15550199")
    assert store(configuration, transcript(2, participants=(other, AGENT))) != first
    assert store(configure(), transcript(2)) != first
    conversations.patch(None, account, first, ConversationPatch(status=ConversationStatus.CLOSED))
    assert store(configuration, transcript(2)) != first


def test_by_type_channels_are_apart(configure: Configure, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    across = configure("GROUP_BY_PARTICIPANT_ADDRESSES")
    apart = configure("GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE")
    spoken = store(across, transcript()), store(apart, transcript())
    monkeypatch.setattr("callscribe.conversations.storing._CHANNEL", "VIDEO")
    assert store(across, transcript()) == spoken[0]
    assert store(apart, transcript()) != spoken[1]


def test_by_profile_customer_decides(
    conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure("GROUP_BY_PROFILE")
    first = store(configuration, transcript())
    colleague = replace(AGENT, address="+15550122")
    assert store(configuration, transcript(participants=(CUSTOMER, colleague))) == first
    addresses = [each.addresses[0].address for each in conversations.fetch(account, first).participants]
    assert addresses == ["+15550100", "+15550111", "+15550122"]


def test_no_addresses_no_grouping(configure: Configure, store: Store) -> None:
    configuration = configure()
    nobody = [replace(CUSTOMER, address=None), replace(AGENT, address=None)]
    call = transcript(participants=nobody)
    assert store(configuration, call) != store(configuration, transcript(participants=nobody))
    assert store(configuration, call) == store(configuration, call)


def test_unknown_speaker_is_sole_or_unknown(
    conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    alone = store(configure(), transcript(2, participants=(CUSTOMER,), speakers=(None,)))
    (customer,) = conversations.fetch(account, alone).participants
    assert {row.author.participant_id for row in said(conversations, account, alone)} == {customer.id}

    both = store(configure(), transcript(3, speakers=(None, 0, 7)))
    known_customer, agent, unknown = conversations.fetch(account, both).participants
    assert (unknown.type, unknown.addresses) == ("UNKNOWN", [])
    found = said(conversations, account, both)
    assert [row.author.participant_id for row in found] == [unknown.id, known_customer.id, unknown.id]
    assert [each.participant_id for each in found[0].recipients] == [known_customer.id, agent.id]


def test_wordless_call_stored_once(configure: Configure, store: Store) -> None:
    configuration = configure()
    call = transcript(0, participants=())
    assert store(configuration, call) == store(configuration, call)


def test_a_call_is_told_as_one_range(database: Database, configure: Configure, store: Store) -> None:
    conversation = store(configure(statusCallbacks=[{"url": "https://example.com/c"}]), transcript(30))
    assert events(database, conversation) == [
        "CONVERSATION_CREATED",
        "PARTICIPANT_ADDED",
        "PARTICIPANT_ADDED",
        "COMMUNICATIONS_CREATED",
    ]
    (body,) = told_of_range(database, conversation)
    assert body["count"] == 30
    assert body["last"]["occurredAt"] == "2026-03-02T09:30:43.500Z"


def test_simultaneous_open_one_only(
    database: Database, conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure()
    calls = [transcript(3) for _ in range(6)]
    together = threading.Barrier(len(calls))
    found: list[str] = []

    def finish(call: StoredTranscript) -> None:
        storing = conversations.storing(account, configuration, call)
        for block in storing.blocks():
            # Sessions beside the lock that this process has for itself, as other processes' are.
            with sa.orm.Session(database.engine) as session, session.begin():
                together.wait()
                found.append(storing.store(session, block))

    threads = [threading.Thread(target=finish, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(calls)
    assert len(set(found)) == 1
    assert len(said(conversations, account, found[0])) == 18
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Conversation.account_sid == account)) == 1
        assert session.scalar(sa.select(sa.func.count()).where(ConversationParticipant.account_sid == account)) == 2


def in_part(
    database: Database,
    conversations: Conversations,
    account: str,
    configuration: str,
    call: StoredTranscript,
    blocks: int,
) -> str | None:
    """As one that is killed in the middle leaves it: so many blocks are stored, and the next is begun."""
    storing = conversations.storing(account, configuration, call)
    conversation = None
    for number, block in enumerate(storing.blocks()):
        with sa.orm.Session(database.engine) as session:
            found = storing.store(session, block)
            if number == blocks:
                session.rollback()
                break
            session.commit()
            conversation = found
    return conversation


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_successor_stores_rest(
    database: Database, conversations: Conversations, account: str, configure: Configure, store: Store, blocks: int
) -> None:
    configuration = configure(statusCallbacks=[{"url": "https://example.com/c"}])
    call = transcript(2 * BLOCK + 3, speakers=(1, None, 0))
    begun = in_part(database, conversations, account, configuration, call, blocks)
    conversation = store(configuration, call)
    assert begun in {conversation, None}
    assert [row.resource_id for row in said(conversations, account, conversation)] == resources(call)
    assert len(conversations.fetch(account, conversation).participants) == 3
    told = events(database, conversation)
    assert told.count("PARTICIPANT_ADDED") == 3
    assert told.count("CONVERSATION_CREATED") == 1
    (body,) = told_of_range(database, conversation)
    assert (body["count"], body["first"]["resourceId"]) == (2 * BLOCK + 3, f"{call.channel_id}:0")


def test_half_completed_where_it_began(
    database: Database, conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure()
    call = transcript(BLOCK + 1)
    begun = in_part(database, conversations, account, configuration, call, 1)
    assert begun is not None
    conversations.patch(None, account, begun, ConversationPatch(status=ConversationStatus.CLOSED))
    ConversationConfigurations(database).delete(None, account, configuration, base_url="")
    assert store(configuration, call) == begun
    assert len(said(conversations, account, begun)) == BLOCK + 1
    assert conversations.fetch(account, begun).status is ConversationStatus.CLOSED


def test_deleted_meanwhile_stays_deleted(
    database: Database, conversations: Conversations, account: str, configure: Configure
) -> None:
    storing = conversations.storing(account, configure(), transcript(BLOCK + 1))
    for block in storing.blocks():
        with database.write() as session:
            conversation = storing.store(session, block)
        if not block.is_last:
            conversations.delete(None, account, conversation, base_url="")
    assert conversations.page(account, [], None, None, 10).rows == []
    with database.read() as session:
        query = sa.select(sa.func.count()).where(Communication.conversation_id == conversation)
        assert session.scalar(query) == 0


def test_only_that_transcript_withdrawn(
    database: Database, conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure()
    calls = [transcript(2, channel_id="CA1"), transcript(2, channel_id="CA1"), transcript(2)]
    (conversation,) = {store(configuration, call) for call in calls}
    known = [resources(call) for call in calls]
    prefix = known[0][0].removesuffix("0")
    conversations.withdraw(account, "CA2", prefix)
    conversations.withdraw(new_account_sid(), "CA1", prefix)
    assert len(said(conversations, account, conversation)) == 6
    conversations.withdraw(account, "CA1", prefix)
    assert {row.resource_id for row in said(conversations, account, conversation)} == {*known[1], *known[2]}


def test_corrected_sentences_follow_and_are_told(
    database: Database, conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure(statusCallbacks=[{"url": "https://calls.example.com/told", "method": "POST"}])
    call = transcript(3)
    conversation = store(configuration, call)
    first, second, third = call.sentences
    put_right = replace(
        call, sentences=[first, replace(second, text="Bye."), replace(third, text="Hi.", participant=0)]
    )
    before = said(conversations, account, conversation)
    storing = conversations.storing(account, configuration, put_right)
    for known in (conversation, new_conversation_id()):  # a conversation that is gone is left so
        with database.write() as session:
            storing.correct(session, known, [1, 2], {2})
    after = said(conversations, account, conversation)
    assert [row.content["text"] for row in after] == ["Good morning.", "Bye.", "Hi."]
    assert [row.id for row in after] == [row.id for row in before]
    assert after[2].author == before[1].author
    assert after[2].recipients == before[1].recipients
    assert events(database, conversation).count("COMMUNICATION_UPDATED") == 2


def test_two_unknown_parties_stay_two(
    database: Database, conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    nobodies = [StoredParticipant("UNKNOWN", None), StoredParticipant("UNKNOWN", None)]
    configuration = configure()
    call = transcript(BLOCK + 2, participants=nobodies)
    in_part(database, conversations, account, configuration, call, 1)
    conversation = store(configuration, call)
    one, other = conversations.fetch(account, conversation).participants
    assert [row.author.participant_id for row in said(conversations, account, conversation)[-2:]] == [
        other.id,
        one.id,
    ]


def test_longest_name_kept(conversations: Conversations, account: str, configure: Configure, store: Store) -> None:
    named = replace(CUSTOMER, name="n" * 512, address="1" * 512)
    conversation = store(configure(), transcript(1, participants=(named, AGENT)))
    assert conversations.fetch(account, conversation).participants[0].name == "n" * 512


def test_call_to_oneself_has_two_parties(
    conversations: Conversations, account: str, configure: Configure, store: Store
) -> None:
    configuration = configure()
    parties = [CUSTOMER, replace(AGENT, address=CUSTOMER.address)]
    conversation = store(configuration, transcript(2, participants=parties))
    assert store(configuration, transcript(2, participants=parties)) == conversation
    found = said(conversations, account, conversation)
    assert len({row.author.participant_id for row in found}) == 2
    assert all(len(row.recipients) == 1 for row in found)


def test_missing_configuration_refused(account: str, store: Store) -> None:
    with pytest.raises(RequestError) as caught:
        store("conv_configuration_01k9v6x8m3e5rt0q2w4y6z8abc", transcript())
    assert caught.value.code is Code.NOT_FOUND
