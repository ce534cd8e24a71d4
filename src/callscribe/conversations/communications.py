"""Rules for one communication at a time: who said it, who was to hear it, and what it is about."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from callscribe.accounts.audit import Action, record
from callscribe.conversations import repository
from callscribe.conversations.changes import ChangeResult, change
from callscribe.conversations.documents import Party
from callscribe.conversations.events import Event, Events
from callscribe.conversations.participants import has_address, party
from callscribe.conversations.schemas import (
    CommunicationRequest,
    CommunicationResource,
    PartyRequest,
    kept_content,
)
from callscribe.conversations.states import ConversationStates
from callscribe.conversations.tables import Communication, Conversation, ConversationParticipant
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from callscribe.ids import new_communication_id


class Communications:
    """Adds communications to conversations."""

    def __init__(self, database: Database, states: ConversationStates, events: Events) -> None:
        self._database = database
        self._states = states
        self._events = events

    @change
    def add(
        self, session: Session, account_sid: str, conversation_id: str, request: CommunicationRequest
    ) -> ChangeResult:
        """Add what was said or written.

        About a resource that the conversation knows there is one communication: another request about it changes that
        one, and one that says the same changes nothing.

        Raises:
            RequestError: 20404; 20409, the conversation is closed; 20001, author or recipients do not take part.
        """
        conversation = self._states.find_not_closed(session, account_sid, conversation_id)
        people = repository.participants(session, conversation.id)
        values = self._values(people, request)
        known = None
        if request.resource_id is not None:
            known = repository.of_resource(session, conversation.id, request.resource_id)
        if known is None:
            row = Communication(
                id=new_communication_id(),
                conversation_id=conversation.id,
                account_sid=conversation.account_sid,
                resource_id=request.resource_id,
                **({"occurred_at": now()} | values),
            )
            session.add(row)
            session.flush()
            repository.add_channels(session, conversation, [row.channel_id])
            self._states.touch(session, conversation, row.author.channel)
            return self._told(session, conversation, row, Event.COMMUNICATION_CREATED, 201)
        if all(getattr(known, name) == value for name, value in values.items()):
            return ChangeResult.of(200, CommunicationResource.of(known))
        for name, value in values.items():
            setattr(known, name, value)
        known.updated_at = now()
        session.flush()
        repository.add_channels(session, conversation, [known.channel_id])
        return self._told(session, conversation, known, Event.COMMUNICATION_UPDATED, 200)

    def _values(self, people: Sequence[ConversationParticipant], request: CommunicationRequest) -> dict[str, Any]:
        author = _party(people, request.author, "/author")
        if request.recipients:
            recipients = [
                _party(people, each, f"/recipients/{number}") for number, each in enumerate(request.recipients)
            ]
        else:
            recipients = [party(each, author.channel) for each in people if each.id != author.participant_id]
        values = {
            "author": author,
            "recipients": recipients,
            "content": kept_content(request.content),
            "channel_id": request.channel_id,
        }
        return values if request.occurred_at is None else values | {"occurred_at": request.occurred_at}

    def _told(
        self, session: Session, conversation: Conversation, row: Communication, event: Event, status: int
    ) -> ChangeResult:
        answer = ChangeResult.of(status, CommunicationResource.of(row))
        detail = {"communication": row.id, "what": "added" if status == 201 else "changed"}
        record(session, row.account_sid, Action.CONVERSATION_CHANGED, conversation.id, **detail)
        self._events.tell(session, conversation, event, answer.document)
        return answer


def _party(people: Sequence[ConversationParticipant], request: PartyRequest, pointer: str) -> Party:
    channel = None if request.channel is None else request.channel.value
    if request.participant_id is not None:
        found = next((each for each in people if each.id == request.participant_id), None)
        if found is None:
            detail = f"participantId: {request.participant_id} does not take part in the conversation."
            raise RequestError.at(f"{pointer}/participantId", Code.INVALID_PARAMETER, detail)
    elif request.address is not None:
        found = next((each for each in people if has_address(each, request.address)), None)
        if found is None:
            detail = f"address: nobody with {request.address} takes part in the conversation; add the participant."
            raise RequestError.at(f"{pointer}/address", Code.INVALID_PARAMETER, detail)
    else:
        raise RequestError.at(pointer, Code.INVALID_PARAMETER, "Give participantId or address.")
    named = {"address": request.address, "channel": channel}
    return party(found, channel).model_copy(update={name: value for name, value in named.items() if value is not None})
