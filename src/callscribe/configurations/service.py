"""Rules for configurations of both types, and for the defaults of an account."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.accounts.audit import Action, record
from callscribe.configurations import repository
from callscribe.configurations.options import Feature, RecordingOptions, TranscriptionOptions
from callscribe.configurations.schemas import AccountOptions, NamedOptions, OptionsT
from callscribe.configurations.tables import AccountDefaultConfiguration, Configuration
from callscribe.db.base import now
from callscribe.db.engine import Database, begin_writing
from callscribe.db.paging import Page
from callscribe.db.url_credentials import sealed
from callscribe.errors import Code, FieldError, RequestError, found
from callscribe.ids import new_configuration_id, new_recording_configuration_id
from callscribe.settings import Settings
from callscribe.speech import routes

TRANSCRIPTION = "Transcription"
RECORDING = "Recording"

ConversationExists = Callable[[Session, str, str], bool]
"""Whether an account (its SID second) has a conversation configuration (its id third)."""


class Configurations(ABC, Generic[OptionsT]):
    """The configurations of one type, of every account."""

    type: ClassVar[str]
    """As in the path, and as `configurationType` in the document."""

    def __init__(self, database: Database) -> None:
        self._database = database

    _new_id: "ClassVar[staticmethod[[], str]]"
    """Makes an id for a configuration of this type."""

    def _complete(self, options: OptionsT) -> OptionsT:
        """The options with defaults filled in.

        Raises:
            RequestError: 20001 for what cannot be served.
        """
        return options

    @abstractmethod
    def _resolve(self, session: Session, account_sid: str, options: OptionsT) -> OptionsT:
        """The options with the ids of the resources that they name.

        Raises:
            RequestError: 20001, the account has no such resource.
        """

    def _document(self, session: Session, account_sid: str, options: OptionsT, kept: object = None) -> dict[str, Any]:
        """As it is kept, in the place of `kept` where that is one."""
        document = self._resolve(session, account_sid, options).model_dump(by_alias=True, mode="json")
        return sealed(document, self._database.cipher, kept)

    def create(self, account_sid: str, request: NamedOptions[OptionsT]) -> Configuration:
        """Add a configuration.

        Raises:
            RequestError: 20001 for what cannot be served, 20409 where the name is taken.
        """
        options = self._complete(request.configuration)
        row = Configuration(
            id=self._new_id(),
            account_sid=account_sid,
            type=self.type,
            unique_name=request.unique_name,
            description=request.description,
        )
        with self._writing(lambda: self._name_taken(account_sid, request.unique_name)) as session:
            row.configuration = self._document(session, account_sid, options)
            session.add(row)
            self._record(session, Action.CONFIGURATION_CREATED, account_sid, row.id)
        return row

    def fetch(self, account_sid: str, id_or_name: str) -> Configuration:
        """One configuration by id or unique name.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            return self.find(session, account_sid, id_or_name)

    def find(self, session: Session, account_sid: str, id_or_name: str) -> Configuration:
        """The same in the caller's session.

        Raises:
            RequestError: 20404.
        """
        row = repository.find(session, account_sid, self.type, id_or_name)
        return found(row, f"{self.type} configuration {id_or_name}")

    def page(self, account_sid: str, token: str | None, size: int) -> Page[Configuration]:
        """A page, newest first."""
        with self._database.read() as session:
            return repository.page(session, account_sid, self.type, token, size)

    def update(self, account_sid: str, id_or_name: str, request: NamedOptions[OptionsT]) -> Configuration:
        """Replace a configuration; transcriptions that exist keep the snapshot they were created with.

        Raises:
            RequestError: 20404, and those of `create`.
        """
        options = self._complete(request.configuration)
        with self._writing(lambda: self._name_taken(account_sid, request.unique_name)) as session:
            row = self._find_to_change(session, account_sid, id_or_name)
            row.configuration = self._document(session, account_sid, options, row.configuration)
            row.unique_name = request.unique_name
            row.description = request.description
            row.date_updated = now()
            self._record(session, Action.CONFIGURATION_CHANGED, account_sid, row.id)
        return row

    def delete(self, account_sid: str, id_or_name: str) -> None:
        """Remove a configuration, also as a default.

        Raises:
            RequestError: 20404.
        """
        with self._database.write() as session:
            row = self._find_to_change(session, account_sid, id_or_name)
            session.delete(row)
            self._record(session, Action.CONFIGURATION_DELETED, account_sid, row.id)

    def default(self, account_sid: str) -> Configuration:
        """The account's default.

        Raises:
            RequestError: 20404, none is set.
        """
        with self._database.read() as session:
            row = repository.default(session, account_sid, self.type)
        if row is None:
            raise RequestError(Code.NOT_FOUND, f"No default {self.type} configuration is set.")
        return row

    def set_default(self, account_sid: str, configuration_id: str) -> None:
        """Make a configuration the default.

        Raises:
            RequestError: 20404, there is no such configuration.
        """
        with self._database.write() as session:
            row = self._find_to_change(session, account_sid, configuration_id)
            repository.set_default(session, account_sid, self.type, row.id)
            self._record(session, Action.CONFIGURATION_CHANGED, account_sid, row.id, default=True)

    def account_default(self, account_sid: str) -> AccountDefaultConfiguration:
        """The account's own options.

        Raises:
            RequestError: 20404, there are none.
        """
        with self._database.read() as session:
            return self._account_default(session, account_sid)

    def create_account_default(
        self, account_sid: str, request: AccountOptions[OptionsT]
    ) -> AccountDefaultConfiguration:
        """Set the account's own options.

        Raises:
            RequestError: 20001 for what cannot be served, 20409 where they are there already.
        """
        options = self._complete(request.configuration)
        row = AccountDefaultConfiguration(account_sid=account_sid, type=self.type, description=request.description)
        detail = f"The account has a default {self.type} configuration already; update it with PUT."
        with self._writing(lambda: RequestError(Code.CONFLICT, detail)) as session:
            row.configuration = self._document(session, account_sid, options)
            session.add(row)
            self._record(session, Action.CONFIGURATION_CREATED, account_sid)
        return row

    def update_account_default(
        self, account_sid: str, request: AccountOptions[OptionsT]
    ) -> AccountDefaultConfiguration:
        """Replace the account's own options.

        Raises:
            RequestError: 20404, there are none; 20001 for what cannot be served.
        """
        options = self._complete(request.configuration)
        with self._database.write() as session:
            row = self._account_default(session, account_sid, lock=True)
            row.configuration = self._document(session, account_sid, options, row.configuration)
            row.description = request.description
            row.date_updated = now()
            self._record(session, Action.CONFIGURATION_CHANGED, account_sid)
        return row

    def delete_account_default(self, account_sid: str) -> None:
        """Remove the account's own options.

        Raises:
            RequestError: 20404, there are none.
        """
        with self._database.write() as session:
            session.delete(self._account_default(session, account_sid, lock=True))
            self._record(session, Action.CONFIGURATION_DELETED, account_sid)

    def _record(
        self, session: Session, action: Action, account_sid: str, subject: str | None = None, **detail: Any
    ) -> None:
        """For the audit log; without a subject it is the account's own options."""
        record(session, account_sid, action, subject, type=self.type, **detail)

    @contextmanager
    def _writing(self, conflict: Callable[[], RequestError]) -> Iterator[Session]:
        """A transaction, and what is raised where another has what only one may have."""
        try:
            with self._database.write() as session:
                yield session
        except IntegrityError as error:
            raise conflict() from error

    def _name_taken(self, account_sid: str, name: str | None) -> RequestError:
        detail = f"The unique_name {name!r} is taken."
        holder = self.fetch(account_sid, name or "").id
        return RequestError.at("/unique_name", Code.CONFLICT, detail, conflicting=holder)

    def _find_to_change(self, session: Session, account_sid: str, id_or_name: str) -> Configuration:
        begin_writing(session)
        row = repository.find(session, account_sid, self.type, id_or_name, lock=True)
        return found(row, f"{self.type} configuration {id_or_name}")

    def _account_default(
        self, session: Session, account_sid: str, *, lock: bool = False
    ) -> AccountDefaultConfiguration:
        if lock:
            begin_writing(session)
        row = repository.account_default(session, account_sid, self.type, lock=lock)
        if row is None:
            raise RequestError(Code.NOT_FOUND, f"The account has no default {self.type} configuration.")
        return row


class TranscriptionConfigurations(Configurations[TranscriptionOptions]):
    """How recordings are to be transcribed."""

    type = TRANSCRIPTION
    _new_id = staticmethod(new_configuration_id)

    def __init__(self, database: Database, settings: Settings, conversation_exists: ConversationExists) -> None:
        super().__init__(database)
        self._settings = settings
        self._conversation_exists = conversation_exists

    def _complete(self, options: TranscriptionOptions) -> TranscriptionOptions:
        faults = routes.check(
            options.transcription_engine,
            options.speech_model,
            options.language,
            self._settings,
            keyterms=bool(options.keyterms),
            verbatim=bool(options.verbatim),
        )
        if faults:
            raise RequestError(
                Code.INVALID_PARAMETER,
                faults[0].detail,
                errors=[FieldError(fault.detail, f"/configuration/{fault.field}") for fault in faults],
            )
        model = options.speech_model or routes.default_model(
            options.transcription_engine, options.language, self._settings
        )
        return options.model_copy(update={"speech_model": model})

    def _resolve(self, session: Session, account_sid: str, options: TranscriptionOptions) -> TranscriptionOptions:
        conversation = options.conversation_configuration_id
        if conversation is not None and not self._conversation_exists(session, account_sid, conversation):
            raise RequestError.at(
                "/configuration/conversationConfigurationId",
                Code.INVALID_PARAMETER,
                f"There is no conversation configuration {conversation}.",
            )
        return options


class RecordingConfigurations(Configurations[RecordingOptions]):
    """What is done with recordings."""

    type = RECORDING
    _new_id = staticmethod(new_recording_configuration_id)

    def _resolve(self, session: Session, account_sid: str, options: RecordingOptions) -> RecordingOptions:
        if options.features is None:
            return options
        named: dict[str, Feature] = {}
        for index, feature in enumerate(options.features):
            pointer = f"/configuration/features/{index}/featureId"
            row = repository.find(session, account_sid, TRANSCRIPTION, feature.feature_id)
            if row is None:
                detail = f"There is no {TRANSCRIPTION} configuration {feature.feature_id}."
                raise RequestError.at(pointer, Code.INVALID_PARAMETER, detail)
            if row.id in named:
                raise RequestError.at(pointer, Code.INVALID_PARAMETER, f"The configuration {row.id} is named twice.")
            named[row.id] = feature.model_copy(update={"feature_id": row.id})
        return options.model_copy(update={"features": list(named.values())})


def recording_configuration(session: Session, account_sid: str) -> RecordingOptions | None:
    """What applies to an account's recordings: its default configuration, or else the account's own options.

    Each feature's `feature_id` is an id; the transcription configuration may have been deleted since.
    """
    row = repository.default(session, account_sid, RECORDING) or repository.account_default(
        session, account_sid, RECORDING
    )
    return RecordingOptions.model_validate(row.configuration) if row else None
