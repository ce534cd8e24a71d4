"""What is told to a conversation's status callbacks, as part of the transaction that changes it.

Event types and the envelope are Twilio's (https://www.twilio.com/docs/conversations/orchestrator/webhooks), but for
`COMMUNICATIONS_CREATED`: a stored call has thousands of sentences, which are told as one range.
"""

import json
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from callscribe.callbacks.service import MAX_BODY_BYTES, Callbacks, Message, Reduced
from callscribe.conversations.tables import Conversation
from callscribe.db.base import now
from callscribe.web.wire import milliseconds


class Event(StrEnum):
    """What happened."""

    CONVERSATION_CREATED = "CONVERSATION_CREATED"
    CONVERSATION_UPDATED = "CONVERSATION_UPDATED"
    PARTICIPANT_ADDED = "PARTICIPANT_ADDED"
    PARTICIPANT_UPDATED = "PARTICIPANT_UPDATED"
    PARTICIPANT_REMOVED = "PARTICIPANT_REMOVED"
    COMMUNICATION_CREATED = "COMMUNICATION_CREATED"
    COMMUNICATION_UPDATED = "COMMUNICATION_UPDATED"
    COMMUNICATIONS_CREATED = "COMMUNICATIONS_CREATED"


class Events:
    """Emits events to every status callback of a conversation."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks

    def tell(self, session: Session, conversation: Conversation, event: Event, data: dict[str, Any]) -> None:
        """Have `data`, the resource that changed, delivered to all."""
        urls = [target.url for target in conversation.configuration.status_callbacks or ()]
        if urls:
            self._callbacks.emit(
                session,
                event,
                Message(*_body(event, data)),
                account_sid=conversation.account_sid,
                subject_id=conversation.id,
                urls=urls,
            )


def _body(event: Event, data: dict[str, Any]) -> tuple[bytes, Reduced | None]:
    body = _envelope(event, data)
    if len(body) <= MAX_BODY_BYTES:
        return body, None
    # What can be so much is left out; it can be fetched.
    if "content" in data:
        content = data["content"]
        transcription = {**content["transcription"], "words": []}
        return _envelope(event, data | {"content": content | {"transcription": transcription}}), "words"
    return _envelope(event, data | {"participants": [], "configuration": {}}), "participants"


def _envelope(event: Event, data: dict[str, Any]) -> bytes:
    document = {"eventType": event, "timestamp": milliseconds(now()), "data": data}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
