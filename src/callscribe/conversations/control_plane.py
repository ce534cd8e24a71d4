"""Rules for conversation configurations."""

from sqlalchemy.orm import Session

from callscribe.accounts.audit import Action, record
from callscribe.conversations import configuration_repository as repository
from callscribe.conversations.changes import ChangeResult, change
from callscribe.conversations.configuration_schemas import (
    AcceptedOperation,
    ConversationConfigurationPatch,
    ConversationConfigurationRequest,
    channel_settings,
    kept_options,
    status_callbacks,
    status_url,
)
from callscribe.conversations.documents import ConversationOptions
from callscribe.conversations.tables import ConversationConfiguration, Operation
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.db.url_credentials import Cipher
from callscribe.errors import Code, RequestError, found
from callscribe.ids import new_conversation_configuration_id

_TYPE = "Conversation"
"""What the audit log calls their kind."""


class ConversationConfigurations:
    """The conversation configurations of every account.

    On Twilio a change takes a while and is followed by its operation. Here it is done with the answer, and its
    operation is there for clients that look.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @change
    def create(
        self, session: Session, account_sid: str, request: ConversationConfigurationRequest, *, base_url: str
    ) -> ChangeResult:
        """Add a configuration; the answer names its id in `related`."""
        row = ConversationConfiguration(
            id=new_conversation_configuration_id(),
            account_sid=account_sid,
            memory_store_id=request.memory_store_id,
            document=kept_options(request, self._database.cipher),
        )
        session.add(row)
        session.flush()
        record(session, account_sid, Action.CONFIGURATION_CREATED, row.id, type=_TYPE)
        return _accepted(session, row, base_url)

    def fetch(self, account_sid: str, configuration_id: str) -> ConversationConfiguration:
        """One configuration.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            return _found(repository.find(session, account_sid, configuration_id), configuration_id)

    def page(
        self, account_sid: str, memory_store_id: str | None, token: str | None, size: int
    ) -> Page[ConversationConfiguration]:
        """A page, newest first."""
        with self._database.read() as session:
            return repository.page(session, account_sid, memory_store_id, token, size)

    @change
    def replace(
        self,
        session: Session,
        account_sid: str,
        configuration_id: str,
        request: ConversationConfigurationRequest,
        *,
        base_url: str,
    ) -> ChangeResult:
        """Put other options in the place of a configuration's; conversations that are open keep their snapshot.

        Raises:
            RequestError: 20404; 20001, the grouping is another; 20409, `version` is stale.
        """
        row = _updatable(session, account_sid, configuration_id, request)
        _write(row, kept_options(request, self._database.cipher, row.document))
        record(session, account_sid, Action.CONFIGURATION_CHANGED, row.id, type=_TYPE)
        return _accepted(session, row, base_url)

    @change
    def patch(
        self,
        session: Session,
        account_sid: str,
        configuration_id: str,
        request: ConversationConfigurationPatch,
        *,
        base_url: str,
    ) -> ChangeResult:
        """Change some options of a configuration.

        Raises:
            RequestError: those of `replace`.
        """
        row = _updatable(session, account_sid, configuration_id, request)
        _write(row, _merged(row.document, request, self._database.cipher))
        record(session, account_sid, Action.CONFIGURATION_CHANGED, row.id, type=_TYPE)
        return _accepted(session, row, base_url)

    @change
    def delete(self, session: Session, account_sid: str, configuration_id: str, *, base_url: str) -> ChangeResult:
        """Remove a configuration. Its conversations stay, and their timeouts run on.

        Raises:
            RequestError: 20404.
        """
        row = _found(repository.find(session, account_sid, configuration_id, lock=True), configuration_id)
        session.delete(row)
        record(session, account_sid, Action.CONFIGURATION_DELETED, row.id, type=_TYPE)
        session.flush()
        return _accepted(session, row, base_url)

    def operation(self, account_sid: str, operation_id: str) -> Operation:
        """An operation of the last 30 days.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            return found(repository.find_operation(session, account_sid, operation_id), f"operation {operation_id}")


def accepted(session: Session, account_sid: str, related: dict[str, str], base_url: str) -> ChangeResult:
    """202 with the operation of a change that this transaction makes."""
    operation = repository.add_operation(session, account_sid, related)
    return ChangeResult.of(202, AcceptedOperation(status_url=status_url(operation.id, base_url), related=related))


def _accepted(session: Session, row: ConversationConfiguration, base_url: str) -> ChangeResult:
    return accepted(session, row.account_sid, {"configurationId": row.id}, base_url)


def _found(row: ConversationConfiguration | None, configuration_id: str) -> ConversationConfiguration:
    return found(row, f"conversation configuration {configuration_id}")


def _updatable(
    session: Session,
    account_sid: str,
    configuration_id: str,
    request: ConversationConfigurationRequest | ConversationConfigurationPatch,
) -> ConversationConfiguration:
    version, grouping = request.version, request.conversation_grouping_type
    row = _found(repository.find(session, account_sid, configuration_id, lock=True), configuration_id)
    if version is not None and version != row.version:
        detail = f"version: the configuration is at version {row.version}; fetch it and make the change again."
        raise RequestError.at("/version", Code.CONFLICT, detail, conflicting=row.id)
    if grouping is not None and grouping != row.document.conversation_grouping_type:
        detail = "conversationGroupingType: cannot be changed; create another configuration."
        raise RequestError.at("/conversationGroupingType", Code.INVALID_PARAMETER, detail)
    return row


def _write(row: ConversationConfiguration, options: ConversationOptions) -> None:
    row.document = options
    row.memory_store_id = options.memory_store_id
    row.version += 1
    row.updated_at = now()


def _merged(
    options: ConversationOptions, request: ConversationConfigurationPatch, cipher: Cipher | None
) -> ConversationOptions:
    given = request.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        exclude={"version", "channel_settings", "status_callbacks", "conversations_v1_bridge"},
    )
    result = options.document() | given
    if request.status_callbacks is not None:
        result["statusCallbacks"] = status_callbacks(request.status_callbacks, cipher, options)
    if request.channel_settings is not None:
        changed = {channel: each for channel, each in request.channel_settings.items() if each is not None}
        merged = result["channelSettings"] | channel_settings(changed)
        removed = {channel.value for channel, each in request.channel_settings.items() if each is None}
        result["channelSettings"] = {channel: each for channel, each in merged.items() if channel not in removed}
    return ConversationOptions.model_validate(result)
