"""A finished transcript becomes communications of a conversation.

A long call is stored in several transactions, since SQLite has one writer at a time: requests and heartbeats must not
wait for all of it. A worker that is killed in between is followed by another, which finds what is there by its
resource ids and adds the rest.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from callscribe.conversations import configuration_repository, repository
from callscribe.conversations.changes import ChangeResult
from callscribe.conversations.configuration_schemas import snapshot
from callscribe.conversations.documents import Address, Party
from callscribe.conversations.events import Event, Events
from callscribe.conversations.participants import has_address, new_participant, party
from callscribe.conversations.schemas import CommunicationResource, kept_word
from callscribe.conversations.states import ConversationStates, begin
from callscribe.conversations.tables import Communication, Conversation, ConversationParticipant, ConversationStatus
from callscribe.conversations.transcripts import StoredParticipant, StoredTranscript, resource_prefix
from callscribe.conversations.wire import Channel, ParticipantType
from callscribe.db.base import now
from callscribe.db.engine import begin_writing
from callscribe.db.upsert import insert_new
from callscribe.errors import Code, RequestError
from callscribe.ids import new_communication_id, new_conversation_id
from callscribe.transcripts.models import Sentence
from callscribe.web.wire import milliseconds

BLOCK = 500
"""Sentences that are stored in one transaction. Eight hours of a call have some 20,000."""

_CHANNEL = Channel.VOICE.value


@dataclass(frozen=True, slots=True)
class Block:
    """Sentences in the form in which they are stored, but for who says them to whom."""

    rows: Sequence[dict[str, Any]]
    speakers: Sequence[int | None]
    is_last: bool


@dataclass(eq=False)
class Storing:
    """One transcript on its way into a conversation.

    `blocks` are made outside of transactions, and each is stored in one: all in their order, or the whole transcript
    once more by another `Storing`.
    """

    _states: ConversationStates
    _events: Events
    _account_sid: str
    _configuration_id: str
    _transcript: StoredTranscript
    _first: str | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)
    _conversation_id: str | None = field(default=None, init=False)
    _voices: "_Voices | None" = field(default=None, init=False)

    def blocks(self) -> Iterator[Block]:
        """The sentences; at least one block, the last of which says so."""
        sentences = self._transcript.sentences
        for first in range(0, max(1, len(sentences)), BLOCK):
            block = sentences[first : first + BLOCK]
            rows = [self._row(index, sentence) for index, sentence in enumerate(block, first)]
            yield Block(rows, [each.participant for each in block], is_last=first + BLOCK >= len(sentences))

    def store(self, session: Session, block: Block) -> str:
        """Store what is new of a block, in the caller's transaction; returns the conversation's id.

        Raises:
            RequestError: 20404, there is no such configuration, and nothing is stored yet.
        """
        begin_writing(session)
        if self._conversation_id is None:
            conversation = self._begin(session, block)
        else:
            found = repository.find(session, self._account_sid, self._conversation_id, lock=True)
            if found is None:  # deleted meanwhile, and what comes would be a moment later
                return self._conversation_id
            conversation = found
        rows = self._new(session, conversation, block)
        insert_new(session, Communication, rows)
        self._count += len(block.rows)
        # The end of a transcript is stored once, and with it is told that all of it is there.
        if block.is_last and rows:
            self._tell(session, conversation, rows[-1])
        return conversation.id

    def correct(self, session: Session, conversation_id: str, indexes: Iterable[int], moved: Collection[int]) -> None:
        """Have what a conversation has of these sentences say what the transcript says, in the caller's transaction.

        `moved` are those that somebody else said. Each is told, as any other change of a communication is; also of a
        conversation that is closed, which takes nothing new. What is not stored any more is left so.
        """
        conversation = repository.find(session, self._account_sid, conversation_id, lock=True)
        if conversation is None:
            return
        people = self._joined(session, conversation, self._people(conversation.id)) if moved else []
        voices = _Voices(self._states, people)
        for index in indexes:
            sentence = self._transcript.sentences[index]
            row = self._row(index, sentence)
            known = repository.of_resource(session, conversation.id, row["resource_id"])
            if known is None:
                continue
            known.content, known.updated_at = row["content"], row["updated_at"]
            if index in moved:
                known.author, known.recipients = voices.of(session, conversation, sentence.participant)
            session.flush()
            answer = ChangeResult.of(200, CommunicationResource.of(known))
            self._events.tell(session, conversation, Event.COMMUNICATION_UPDATED, answer.document)

    def _row(self, index: int, sentence: Sentence) -> dict[str, Any]:
        at = now()
        begin = self._transcript.started_at
        words = [
            kept_word(word.text, begin + timedelta(seconds=word.start), begin + timedelta(seconds=word.end))
            for word in sentence.words
        ]
        return {
            "id": new_communication_id(),
            "account_sid": self._account_sid,
            "content": {
                "type": "TRANSCRIPTION",
                "text": sentence.text,
                "transcription": {
                    "channel": sentence.channel,
                    "confidence": sentence.confidence,
                    "engine": self._transcript.engine,
                    "words": words,
                },
            },
            "channel_id": self._transcript.channel_id,
            "resource_id": f"{resource_prefix(self._transcript.id)}{index}",
            "occurred_at": begin + timedelta(seconds=sentence.start),
            "created_at": at,
            "updated_at": at,
        }

    def _begin(self, session: Session, block: Block) -> Conversation:
        """The conversation, locked; found, or opened, by the first block."""
        self._first = block.rows[0]["resource_id"] if block.rows else None
        conversation = self._earlier(session)
        if conversation is None:
            conversation, people = self._conversation(session)
            repository.add_channels(session, conversation, [self._transcript.channel_id])
            self._states.touch(session, conversation, _CHANNEL)
        else:
            people = self._joined(session, conversation, self._people(conversation.id))
        self._conversation_id = conversation.id
        self._voices = _Voices(self._states, people)
        return conversation

    def _earlier(self, session: Session) -> Conversation | None:
        """The conversation that has this very transcript, or the beginning of it; it may be closed by now."""
        known = repository.of_channel(session, self._account_sid, self._configuration_id, self._transcript.channel_id)
        for row in known:
            if self._first is None or repository.of_resource(session, row.id, self._first) is not None:
                return repository.find(session, self._account_sid, row.id, lock=True)
        return None

    def _conversation(self, session: Session) -> tuple[Conversation, list[ConversationParticipant]]:
        """The open conversation of the same parties, with who takes part in the call; or a new one."""
        configuration = configuration_repository.find(session, self._account_sid, self._configuration_id)
        if configuration is None:
            raise RequestError(Code.NOT_FOUND, f"There is no conversation configuration {self._configuration_id}.")
        conversation_id = new_conversation_id()
        people = self._people(conversation_id)
        row = Conversation(
            id=conversation_id,
            account_sid=self._account_sid,
            configuration_id=self._configuration_id,
            configuration=snapshot(configuration),
            channel=_CHANNEL,
            custom={},
        )
        begin(row, people)
        if row.grouping_key is None:
            self._states.open(session, row, people)
            return row, people
        # Somebody else may open it between a look and an insert, and an open one may be overdue.
        for _ in range(2):
            found = self._open_one(session, row.grouping_key)
            if found is not None:
                return found, self._joined(session, found, people)
            insert_new(session, Conversation, [_columns(row)])
            found = repository.find_open(session, self._account_sid, self._configuration_id, row.grouping_key)
            if found is not None and found.id == row.id:
                session.add_all(people)
                session.flush()
                self._states.tell_opened(session, found, people)
                return found, people
        raise AssertionError("a conversation that is neither there nor can be opened")

    def _people(self, conversation_id: str) -> list[ConversationParticipant]:
        return [
            new_participant(
                self._account_sid,
                conversation_id,
                type_=each.type,
                name=each.name,
                addresses=self._addresses(each),
                number=number,
            )
            for number, each in enumerate(self._transcript.participants)
        ]

    def _addresses(self, given: StoredParticipant) -> list[Address]:
        if not given.address:
            return []
        return [Address(channel=_CHANNEL, address=given.address, channel_id=self._transcript.channel_id)]

    def _open_one(self, session: Session, grouping_key: str) -> Conversation | None:
        found = repository.find_open(session, self._account_sid, self._configuration_id, grouping_key)
        if found is not None:
            self._states.settle(session, found)
        return None if found is None or found.status is ConversationStatus.CLOSED else found

    def _joined(
        self, session: Session, conversation: Conversation, people: Sequence[ConversationParticipant]
    ) -> list[ConversationParticipant]:
        """The participants of the conversation that those of a call are, each another; who is new joins."""
        known = repository.participants(session, conversation.id)
        result = []
        for person in people:
            found = next((each for each in known if _is_same(each, person)), None)
            if found is None:
                person.conversation_id = conversation.id
                session.add(person)
                session.flush()
                self._states.tell_participant(session, conversation, Event.PARTICIPANT_ADDED, person)
                found = person
            else:
                known.remove(found)
            result.append(found)
        return result

    def _new(self, session: Session, conversation: Conversation, block: Block) -> list[dict[str, Any]]:
        """The rows of a block that are not stored yet, with who says them to whom."""
        assert self._voices is not None
        known = repository.known_resources(session, conversation.id, [row["resource_id"] for row in block.rows])
        rows = []
        for row, speaker in zip(block.rows, block.speakers, strict=True):
            if row["resource_id"] not in known:
                author, recipients = self._voices.of(session, conversation, speaker)
                rows.append(row | {"conversation_id": conversation.id, "author": author, "recipients": recipients})
        return rows

    def _tell(self, session: Session, conversation: Conversation, last: dict[str, Any]) -> None:
        assert self._first is not None
        first = repository.of_resource(session, conversation.id, self._first)
        assert first is not None
        data = {
            "conversationId": conversation.id,
            "accountId": conversation.account_sid,
            "channelId": self._transcript.channel_id,
            "count": self._count,
            "first": _reference(first.id, first.resource_id, first.occurred_at),
            "last": _reference(last["id"], last["resource_id"], last["occurred_at"]),
        }
        self._events.tell(session, conversation, Event.COMMUNICATIONS_CREATED, data)


class _Voices:
    """Who a sentence is by. One by nobody in particular is the only party's, or else somebody's who is UNKNOWN."""

    def __init__(self, states: ConversationStates, people: Sequence[ConversationParticipant]) -> None:
        self._states = states
        self._parties = [party(each, _CHANNEL) for each in people]
        self._unknown: Party | None = None

    def of(self, session: Session, conversation: Conversation, index: int | None) -> tuple[Party, list[Party]]:
        """The author and the recipients of a sentence by the participant at `index`, or by nobody known."""
        author = self._author(session, conversation, index)
        return author, [each for each in self._parties if each is not author]

    def _author(self, session: Session, conversation: Conversation, index: int | None) -> Party:
        if index is not None and 0 <= index < len(self._parties):
            return self._parties[index]
        if len(self._parties) == 1:
            return self._parties[0]
        if self._unknown is None:
            self._unknown = party(self._nobody(session, conversation), _CHANNEL)
        return self._unknown

    def _nobody(self, session: Session, conversation: Conversation) -> ConversationParticipant:
        parties = {each.participant_id for each in self._parties}
        for each in repository.participants(session, conversation.id):
            if each.type == ParticipantType.UNKNOWN and not each.addresses and each.id not in parties:
                return each
        participant = new_participant(conversation.account_sid, conversation.id)
        session.add(participant)
        session.flush()
        self._states.tell_participant(session, conversation, Event.PARTICIPANT_ADDED, participant)
        return participant


def _is_same(known: ConversationParticipant, given: ConversationParticipant) -> bool:
    if given.addresses:
        return any(has_address(known, address.address) for address in given.addresses)
    return not known.addresses and (known.type, known.name) == (given.type, given.name)


def _columns(row: Conversation) -> dict[str, Any]:
    return {
        column.name: getattr(row, "custom" if column.name == "metadata" else column.key)
        for column in Conversation.__table__.columns
    }


def _reference(communication_id: str, resource_id: str | None, occurred_at: datetime) -> dict[str, Any]:
    return {"id": communication_id, "resourceId": resource_id, "occurredAt": milliseconds(occurred_at)}
