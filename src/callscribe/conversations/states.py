"""Opening, touching and closing conversations: the only place that writes `status`.

                 ┌──────────┐ no activity, or by request  ┌──────────┐
    open ──────► │  ACTIVE  │ ──────────────────────────► │ INACTIVE │
                 └──────────┘ ◄────────────────────────── └──────────┘
                      │          activity, or by request       │
                      │      no activity, or by request        │
                      └────────────────► CLOSED ◄──────────────┘

Timeouts are applied by housekeeping, and before a conversation is read or written, so nobody sees a status that is
overdue.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from callscribe.conversations import repository
from callscribe.conversations.documents import ConversationOptions
from callscribe.conversations.events import Event, Events
from callscribe.conversations.grouping import MatchedParty, grouping_key
from callscribe.conversations.lifecycle import Timeouts
from callscribe.conversations.schemas import ConversationParticipantResource, ConversationResource
from callscribe.conversations.tables import Conversation, ConversationParticipant, ConversationStatus, Grouping
from callscribe.db.base import now
from callscribe.errors import Code, RequestError, found


class ConversationStates:
    """Conversations as wholes, in the caller's transaction; every change is told."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def open(self, session: Session, row: Conversation, people: Sequence[ConversationParticipant]) -> None:
        """Insert a conversation with its participants.

        Raises:
            IntegrityError: another of the same parties was opened at this instant.
        """
        session.add(row)
        session.flush()
        session.add_all(people)
        session.flush()
        repository.add_channels(session, row, channel_ids(people))
        self.tell_opened(session, row, people)

    def tell_opened(self, session: Session, row: Conversation, people: Sequence[ConversationParticipant]) -> None:
        """Tell that a conversation began, and who takes part."""
        self._tell_conversation(session, row, Event.CONVERSATION_CREATED, people)
        for participant in people:
            self.tell_participant(session, row, Event.PARTICIPANT_ADDED, participant)

    def find(self, session: Session, account_sid: str, conversation_id: str) -> Conversation:
        """A conversation for a change, locked, in the status that it has by now.

        Raises:
            RequestError: 20404.
        """
        row = known(session, account_sid, conversation_id, lock=True)
        self.settle(session, row)
        return row

    def find_not_closed(self, session: Session, account_sid: str, conversation_id: str) -> Conversation:
        """The same, where a closed one is no use.

        Raises:
            RequestError: 20404; 20409, it is closed.
        """
        row = self.find(session, account_sid, conversation_id)
        if row.status is ConversationStatus.CLOSED:
            detail = f"Conversation {conversation_id} is closed; nothing of it can change."
            raise RequestError(Code.CONFLICT, detail, conflicting=row.id)
        return row

    def settle(self, session: Session, row: Conversation) -> None:
        """Apply the timeouts that are over."""
        at = now()
        if row.due_at is None or row.due_at > at:
            return
        status = self._timeouts(row).status(row.status, row.active_at, at)
        if status is row.status:
            row.due_at = self._timeouts(row).due_at(row.status, row.active_at)
        else:
            self.move(session, row, status)

    def move(self, session: Session, row: Conversation, status: ConversationStatus) -> None:
        """Give a conversation another status. Taking it up again counts as activity."""
        if status is row.status:
            return
        row.status = status
        row.updated_at = now()
        if status is ConversationStatus.ACTIVE:
            row.active_at = row.updated_at
        row.due_at = self._timeouts(row).due_at(status, row.active_at)
        session.flush()
        self.tell_updated(session, row)

    def touch(self, session: Session, row: Conversation, channel: str | None) -> None:
        """Record activity on a channel, which wakes an inactive conversation."""
        row.channel = channel or row.channel
        row.active_at = row.updated_at = now()
        row.due_at = self._timeouts(row).due_at(row.status, row.active_at)
        self.move(session, row, ConversationStatus.ACTIVE)

    def regroup(self, session: Session, row: Conversation) -> None:
        """Find out anew what a conversation has to itself, after its participants changed.

        Raises:
            RequestError: 20409, that is another conversation's.
        """
        if row.configuration_id is None:
            return
        key = key_of(row.configuration, repository.participants(session, row.id), row.channel)
        self.refuse_second(session, row, key)
        row.grouping_key = key
        session.flush()

    def refuse_second(self, session: Session, row: Conversation, grouping_key: str | None) -> None:
        """Raise where another open conversation has this key.

        Raises:
            RequestError: 20409.
        """
        if row.configuration_id is None or grouping_key is None:
            return
        other = repository.find_open(session, row.account_sid, row.configuration_id, grouping_key)
        if other is None or other.id == row.id:
            return
        self.settle(session, other)
        if other.status is not ConversationStatus.CLOSED:
            detail = f"Conversation {other.id} of this configuration is open with the same participants."
            raise RequestError(Code.CONFLICT, detail, conflicting=other.id)

    def tell_updated(self, session: Session, row: Conversation) -> None:
        """Tell that name, status or metadata changed."""
        self._tell_conversation(session, row, Event.CONVERSATION_UPDATED, repository.participants(session, row.id))

    def tell_participant(
        self, session: Session, row: Conversation, event: Event, participant: ConversationParticipant
    ) -> None:
        """Tell what happened to a participant."""
        resource = ConversationParticipantResource.of(participant)
        self._events.tell(session, row, event, resource.model_dump(mode="json", by_alias=True))

    def _tell_conversation(
        self, session: Session, row: Conversation, event: Event, people: Sequence[ConversationParticipant]
    ) -> None:
        resource = ConversationResource.of(row, list(people))
        self._events.tell(session, row, event, resource.model_dump(mode="json", by_alias=True))

    def _timeouts(self, row: Conversation) -> Timeouts:
        return Timeouts.of(row.configuration, row.channel)


def known(session: Session, account_sid: str, conversation_id: str, *, lock: bool = False) -> Conversation:
    """A conversation as it stands; with `lock` nobody else changes it before this transaction ends.

    Raises:
        RequestError: 20404.
    """
    return found(repository.find(session, account_sid, conversation_id, lock=lock), f"conversation {conversation_id}")


def begin(row: Conversation, people: Sequence[ConversationParticipant]) -> None:
    """Have a new conversation of these parties begin now. One with options of its own groups with nothing."""
    if row.configuration_id is not None:
        row.grouping_key = key_of(row.configuration, people, row.channel)
    row.status = ConversationStatus.ACTIVE
    row.active_at = row.created_at = row.updated_at = now()
    row.due_at = Timeouts.of(row.configuration, row.channel).due_at(row.status, row.active_at)


def key_of(
    configuration: ConversationOptions, people: Sequence[ConversationParticipant], channel: str | None
) -> str | None:
    """The key by which these participants' conversation is found; see `conversations.grouping`."""
    parties = [
        MatchedParty(each.type, each.profile_id, [(address.channel, address.address) for address in each.addresses])
        for each in people
    ]
    return grouping_key(Grouping(configuration.conversation_grouping_type), parties, channel)


def channel_ids(people: Sequence[ConversationParticipant]) -> list[str | None]:
    """The channels that the participants' addresses name."""
    return [address.channel_id for participant in people for address in participant.addresses]
