"""Rules for conversations, their participants and communications."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from callscribe.accounts.audit import Action, record
from callscribe.callbacks import repository as callback_repository
from callscribe.callbacks.service import Callbacks
from callscribe.conversations import configuration_repository, repository
from callscribe.conversations.changes import ChangeResult, change
from callscribe.conversations.communications import Communications
from callscribe.conversations.configuration_schemas import channel_settings, snapshot, status_callbacks
from callscribe.conversations.control_plane import accepted
from callscribe.conversations.documents import ConversationOptions
from callscribe.conversations.events import Events
from callscribe.conversations.participants import Participants, requested_participant, taking_part
from callscribe.conversations.schemas import (
    ConversationPatch,
    ConversationRequest,
    ConversationResource,
    ConversationUpdate,
    InlineConfiguration,
)
from callscribe.conversations.states import ConversationStates, begin, known
from callscribe.conversations.storing import Storing
from callscribe.conversations.tables import Communication, Conversation, ConversationParticipant, ConversationStatus
from callscribe.conversations.transcripts import StoredTranscript
from callscribe.conversations.wire import MAX_METADATA
from callscribe.db.base import now
from callscribe.db.engine import Database, begin_writing
from callscribe.db.paging import Page
from callscribe.db.url_credentials import Cipher
from callscribe.errors import Code, RequestError, found
from callscribe.ids import new_conversation_id

SETTLED_FOR_A_READER = 200
"""Batches of overdue conversations that a request puts right before it reads; housekeeping does the rest."""

_NO_OPTIONS: dict[str, Any] = {
    "channelSettings": {},
    "statusCallbacks": [],
    "intelligenceConfigurationIds": [],
    "memoryExtractionEnabled": False,
}


class Conversations:
    """The conversations of every account."""

    def __init__(self, database: Database, callbacks: Callbacks) -> None:
        self._database = database
        self._events = Events(callbacks)
        self._states = ConversationStates(self._events)
        self.participants = Participants(database, self._states)
        self.communications = Communications(database, self._states, self._events)

    def configuration_exists(self, session: Session, account_sid: str, configuration_id: str) -> bool:
        """Whether the account has this conversation configuration."""
        return configuration_repository.find(session, account_sid, configuration_id) is not None

    def storing(self, account_sid: str, configuration_id: str, transcript: StoredTranscript) -> Storing:
        """A transcript that is to be stored, each sentence as a communication.

        It goes to the open conversation of the same participants where the configuration's grouping says so, else to a
        new one. What is stored already is left alone, so the same transcript may come twice, also after half of it.
        """
        return Storing(self._states, self._events, account_sid, configuration_id, transcript)

    def withdraw(self, account_sid: str, channel_id: str, prefix: str) -> None:
        """Take out again what is stored of a transcript that is not to be stored to its end.

        Its communications are those on the channel whose resource ids begin with `prefix`. The conversation stays, with
        its participants: it may be more than this call's.
        """
        with self._database.write() as session:
            repository.delete_resources(session, account_sid, channel_id, prefix)

    @change
    def create(self, session: Session, account_sid: str, request: ConversationRequest) -> ChangeResult:
        """Open a conversation.

        Raises:
            RequestError: 20001, no options are given; 20404, no such configuration; 20409, one is open with the same
                participants.
        """
        options = self._options(session, account_sid, request)
        conversation_id = new_conversation_id()
        people = [
            requested_participant(account_sid, conversation_id, each, number)
            for number, each in enumerate(request.participants or [])
        ]
        channel = next((address.channel for each in people for address in each.addresses), None)
        row = Conversation(
            id=conversation_id,
            account_sid=account_sid,
            configuration_id=request.configuration_id,
            configuration=options,
            channel=channel,
            name=request.name,
            custom=request.metadata or {},
        )
        begin(row, people)
        self._states.refuse_second(session, row, row.grouping_key)
        self._states.open(session, row, people)
        record(session, account_sid, Action.CONVERSATION_CREATED, row.id)
        return ChangeResult.of(201, ConversationResource.of(row, people))

    def fetch(self, account_sid: str, conversation_id: str) -> ConversationResource:
        """One conversation with its participants.

        Raises:
            RequestError: 20404.
        """
        self._settle_for_reader(account_sid)
        with self._database.read() as session:
            row = known(session, account_sid, conversation_id)
            return ConversationResource.of(row, repository.participants(session, row.id))

    def page(
        self,
        account_sid: str,
        statuses: Sequence[ConversationStatus],
        channel_id: str | None,
        token: str | None,
        size: int,
    ) -> Page[ConversationResource]:
        """A page with their participants, newest first; without statuses, of every status."""
        self._settle_for_reader(account_sid)
        with self._database.read() as session:
            page = repository.page(session, account_sid, statuses, channel_id, token, size)
            people = repository.participants_of(session, [row.id for row in page.rows])
            resources = [ConversationResource.of(row, people[row.id]) for row in page.rows]
            return Page(resources, page.next_token, page.previous_token)

    @change
    def replace(
        self, session: Session, account_sid: str, conversation_id: str, request: ConversationUpdate
    ) -> ChangeResult:
        """Put another name and other metadata in the place of a conversation's, and change its status.

        Raises:
            RequestError: 20404; 20409, it is closed.
        """
        row = self._states.find_not_closed(session, account_sid, conversation_id)
        return self._update(session, row, request.name, dict(request.metadata or {}), request.status)

    @change
    def patch(
        self, session: Session, account_sid: str, conversation_id: str, request: ConversationPatch
    ) -> ChangeResult:
        """Change some of a conversation.

        Raises:
            RequestError: 20404; 20409, it is closed; 20001, it would have more than eight keys.
        """
        row = self._states.find_not_closed(session, account_sid, conversation_id)
        changed = row.custom | (request.metadata or {})
        custom = {key: value for key, value in changed.items() if value is not None}
        if len(custom) > MAX_METADATA:
            detail = f"metadata: must have at most {MAX_METADATA} entries."
            raise RequestError.at("/metadata", Code.INVALID_PARAMETER, detail)
        if request.configuration is not None and request.configuration.status_callbacks is not None:
            given = request.configuration.status_callbacks
            callbacks = {"statusCallbacks": status_callbacks(given, self._database.cipher, row.configuration)}
            row.configuration = ConversationOptions.model_validate(row.configuration.document() | callbacks)
            row.updated_at = now()
        return self._update(session, row, row.name if request.name is None else request.name, custom, request.status)

    @change
    def delete(self, session: Session, account_sid: str, conversation_id: str, *, base_url: str) -> ChangeResult:
        """Remove a conversation in any status, with all that it has and what it has told.

        Raises:
            RequestError: 20404.
        """
        row = known(session, account_sid, conversation_id, lock=True)
        record(session, account_sid, Action.CONVERSATION_DELETED, conversation_id)
        callback_repository.delete_subject(session, account_sid, conversation_id)
        repository.delete(session, row)
        return accepted(session, account_sid, {"conversationId": conversation_id}, base_url)

    def participant(self, account_sid: str, conversation_id: str, participant_id: str) -> ConversationParticipant:
        """One participant.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            row = known(session, account_sid, conversation_id)
            return taking_part(session, row, participant_id)

    def participants_page(
        self, account_sid: str, conversation_id: str, token: str | None, size: int
    ) -> Page[ConversationParticipant]:
        """A page, in the order in which they joined.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            known(session, account_sid, conversation_id)
            return repository.participants_page(session, conversation_id, token, size)

    def communication(self, account_sid: str, conversation_id: str, communication_id: str) -> Communication:
        """One communication.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            known(session, account_sid, conversation_id)
            row = repository.find_communication(session, conversation_id, communication_id)
            return found(row, f"communication {communication_id} in conversation {conversation_id}")

    def communications_page(
        self, account_sid: str, conversation_id: str, channel_id: str | None, token: str | None, size: int
    ) -> Page[Communication]:
        """A page, in the order in which they were said.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            known(session, account_sid, conversation_id)
            return repository.communications_page(session, conversation_id, channel_id, token, size)

    def keep_house(self) -> None:
        """Apply timeouts that are over, of all accounts, and forget old operations."""
        while self._settle() == repository.SETTLED_AT_ONCE:
            pass
        with self._database.write() as session:
            configuration_repository.forget_operations(session)

    def _settle(self, account_sid: str | None = None) -> int:
        with self._database.write() as session:
            begin_writing(session)
            rows = repository.due(session, now(), account_sid)
            for row in rows:
                self._states.settle(session, row)
            return len(rows)

    def _settle_for_reader(self, account_sid: str) -> None:
        for _ in range(SETTLED_FOR_A_READER):
            with self._database.read() as session:
                if not repository.is_any_due(session, now(), account_sid):
                    return
            if not self._settle(account_sid):  # others have them in hand
                return

    def _options(self, session: Session, account_sid: str, request: ConversationRequest) -> ConversationOptions:
        inline = request.configuration or InlineConfiguration()
        grouping = inline.conversation_grouping_type
        if request.configuration_id is None:
            if grouping is None:
                detail = "Give configurationId, or configuration with conversationGroupingType."
                raise RequestError.at("/configurationId", Code.INVALID_PARAMETER, detail)
            options = _NO_OPTIONS | {"conversationGroupingType": grouping.value}
        else:
            configuration = configuration_repository.find(session, account_sid, request.configuration_id)
            if configuration is None:
                detail = f"There is no conversation configuration {request.configuration_id}."
                raise RequestError.at("/configurationId", Code.NOT_FOUND, detail)
            options = snapshot(configuration).document()
            if grouping is not None and grouping != options["conversationGroupingType"]:
                detail = "conversationGroupingType: is the configuration's."
                raise RequestError.at("/configuration/conversationGroupingType", Code.INVALID_PARAMETER, detail)
        return ConversationOptions.model_validate(options | _overrides(inline, self._database.cipher))

    def _update(
        self,
        session: Session,
        row: Conversation,
        name: str | None,
        custom: dict[str, Any],
        status: ConversationStatus | None,
    ) -> ChangeResult:
        if (name, custom) != (row.name, row.custom):
            row.name, row.custom, row.updated_at = name, custom, now()
            if status is None or status is row.status:
                session.flush()
                self._states.tell_updated(session, row)
        if status is not None:
            self._states.move(session, row, status)
        record(session, row.account_sid, Action.CONVERSATION_CHANGED, row.id, status=status and status.value)
        return ChangeResult.of(200, ConversationResource.of(row, repository.participants(session, row.id)))


def _overrides(inline: InlineConfiguration, cipher: Cipher | None) -> dict[str, Any]:
    given = inline.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"channel_settings", "status_callbacks"}
    )
    if inline.channel_settings is not None:
        given["channelSettings"] = channel_settings(inline.channel_settings)
    if inline.status_callbacks is not None:
        given["statusCallbacks"] = status_callbacks(inline.status_callbacks, cipher, None)
    return given
