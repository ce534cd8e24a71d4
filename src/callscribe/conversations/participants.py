"""Rules for one participant at a time: joining, becoming somebody else, leaving."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from callscribe.accounts.audit import Action, record
from callscribe.conversations import repository
from callscribe.conversations.changes import ChangeResult, change
from callscribe.conversations.documents import Address, Party
from callscribe.conversations.events import Event
from callscribe.conversations.grouping import plain_address
from callscribe.conversations.schemas import (
    MAX_PARTICIPANTS,
    AddressRequest,
    ConversationParticipantRequest,
    ConversationParticipantResource,
)
from callscribe.conversations.states import ConversationStates, channel_ids
from callscribe.conversations.tables import Conversation, ConversationParticipant
from callscribe.conversations.wire import ParticipantType
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError, found
from callscribe.ids import new_participant_id


class Participants:
    """Changes who takes part in a conversation, which is grouped anew each time."""

    def __init__(self, database: Database, states: ConversationStates) -> None:
        self._database = database
        self._states = states

    @change
    def add(
        self, session: Session, account_sid: str, conversation_id: str, request: ConversationParticipantRequest
    ) -> ChangeResult:
        """Have somebody join.

        Raises:
            RequestError: 20404; 20409, the conversation is closed or full, or one is open elsewhere with the same
                participants.
        """
        conversation = self._states.find_not_closed(session, account_sid, conversation_id)
        if len(repository.participants(session, conversation.id)) >= MAX_PARTICIPANTS:
            detail = f"A conversation has at most {MAX_PARTICIPANTS} participants."
            raise RequestError(Code.CONFLICT, detail, conflicting=conversation.id)
        participant = requested_participant(conversation.account_sid, conversation.id, request)
        session.add(participant)
        session.flush()
        self._regroup(session, conversation, [participant])
        _record(session, conversation, participant, "added")
        self._states.tell_participant(session, conversation, Event.PARTICIPANT_ADDED, participant)
        return ChangeResult.of(201, ConversationParticipantResource.of(participant))

    @change
    def replace(
        self,
        session: Session,
        account_sid: str,
        conversation_id: str,
        participant_id: str,
        request: ConversationParticipantRequest,
    ) -> ChangeResult:
        """Change who a participant is.

        Raises:
            RequestError: those of `add`.
        """
        conversation = self._states.find_not_closed(session, account_sid, conversation_id)
        participant = taking_part(session, conversation, participant_id)
        participant.name = request.name
        participant.type = request.type or ParticipantType.UNKNOWN
        participant.profile_id = request.profile_id
        participant.addresses = _addresses(request.addresses)
        participant.updated_at = now()
        session.flush()
        self._regroup(session, conversation, [participant])
        _record(session, conversation, participant, "changed")
        self._states.tell_participant(session, conversation, Event.PARTICIPANT_UPDATED, participant)
        return ChangeResult.of(200, ConversationParticipantResource.of(participant))

    @change
    def remove(self, session: Session, account_sid: str, conversation_id: str, participant_id: str) -> ChangeResult:
        """End somebody's part; what they said stays.

        Raises:
            RequestError: those of `add`.
        """
        conversation = self._states.find_not_closed(session, account_sid, conversation_id)
        participant = taking_part(session, conversation, participant_id)
        session.delete(participant)
        session.flush()
        self._regroup(session, conversation, [])
        _record(session, conversation, participant, "removed")
        self._states.tell_participant(session, conversation, Event.PARTICIPANT_REMOVED, participant)
        return ChangeResult(204, {})

    def _regroup(
        self, session: Session, conversation: Conversation, changed: Sequence[ConversationParticipant]
    ) -> None:
        self._states.regroup(session, conversation)
        repository.add_channels(session, conversation, channel_ids(changed))
        conversation.updated_at = now()


def _record(session: Session, conversation: Conversation, participant: ConversationParticipant, what: str) -> None:
    detail = {"participant": participant.id, "what": what}
    record(session, conversation.account_sid, Action.CONVERSATION_CHANGED, conversation.id, **detail)


def taking_part(session: Session, conversation: Conversation, participant_id: str) -> ConversationParticipant:
    """A participant of a conversation.

    Raises:
        RequestError: 20404.
    """
    participant = repository.find_participant(session, conversation.id, participant_id)
    return found(participant, f"participant {participant_id} in conversation {conversation.id}")


def new_participant(
    account_sid: str,
    conversation_id: str,
    *,
    type_: str | None = None,
    name: str | None = None,
    profile_id: str | None = None,
    addresses: list[Address] | None = None,
    number: int = 0,
) -> ConversationParticipant:
    """The row of somebody who joins now. Those who join together keep their order by `number`."""
    joined = now() + timedelta(microseconds=number)
    return ConversationParticipant(
        id=new_participant_id(),
        conversation_id=conversation_id,
        account_sid=account_sid,
        name=name,
        type=type_ or ParticipantType.UNKNOWN,
        profile_id=profile_id,
        addresses=addresses or [],
        created_at=joined,
        updated_at=joined,
    )


def requested_participant(
    account_sid: str, conversation_id: str, request: ConversationParticipantRequest, number: int = 0
) -> ConversationParticipant:
    """The same as a request wants it."""
    return new_participant(
        account_sid,
        conversation_id,
        type_=request.type,
        name=request.name,
        profile_id=request.profile_id,
        addresses=_addresses(request.addresses),
        number=number,
    )


def party(participant: ConversationParticipant, channel: str | None) -> Party:
    """A participant as author or recipient, by the address that is used on the channel, or else the first."""
    addresses = participant.addresses
    address = next((each for each in addresses if each.channel == channel), addresses[0] if addresses else None)
    return Party(
        address=address.address if address else None,
        channel=address.channel if address else channel,
        participant_id=participant.id,
    )


def has_address(participant: ConversationParticipant, address: str) -> bool:
    """Whether a participant is reached at an address, on any channel."""
    plain = plain_address(address)
    return any(plain_address(each.address) == plain for each in participant.addresses)


def _addresses(addresses: Sequence[AddressRequest] | None) -> list[Address]:
    return [
        Address(channel=each.channel.value, address=each.address, channel_id=each.channel_id)
        for each in addresses or []
    ]
