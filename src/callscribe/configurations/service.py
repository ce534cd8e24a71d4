"""Rules for configurations."""

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.configurations import repository
from callscribe.configurations.schemas import AccountDefaultRequest, ConfigurationRequest, TranscriptionOptions
from callscribe.configurations.tables import AccountDefaultConfiguration, Configuration
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.errors import Code, FieldError, RequestError
from callscribe.ids import new_configuration_id
from callscribe.settings import Settings
from callscribe.speech import routes


class Configurations:
    """The configurations of one type, of every account."""

    def __init__(self, database: Database, settings: Settings, type_: str = "Transcription") -> None:
        self._database = database
        self._settings = settings
        self._type = type_

    def create(self, account_sid: str, request: ConfigurationRequest) -> Configuration:
        """Add a configuration.

        Raises:
            RequestError: 20001 for what cannot be served, 20409 where the name is taken.
        """
        row = Configuration(
            id=new_configuration_id(),
            account_sid=account_sid,
            type=self._type,
            unique_name=request.unique_name,
            description=request.description,
            configuration=self._document(request.configuration),
        )
        try:
            with self._database.write() as session:
                session.add(row)
        except IntegrityError as error:
            raise _name_taken(request) from error
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
        row = repository.find(session, account_sid, self._type, id_or_name)
        if row is None:
            raise RequestError(Code.NOT_FOUND, f"There is no {self._type} configuration {id_or_name}.")
        return row

    def page(self, account_sid: str, token: str | None, size: int) -> Page[Configuration]:
        """A page, newest first."""
        with self._database.read() as session:
            return repository.page(session, account_sid, self._type, token, size)

    def update(self, account_sid: str, id_or_name: str, request: ConfigurationRequest) -> Configuration:
        """Replace a configuration; transcriptions that exist keep the snapshot they were created with.

        Raises:
            RequestError: 20404, and those of `create`.
        """
        document = self._document(request.configuration)
        try:
            with self._database.write() as session:
                row = self.find(session, account_sid, id_or_name)
                row.unique_name = request.unique_name
                row.description = request.description
                row.configuration = document
                row.date_updated = now()
        except IntegrityError as error:
            raise _name_taken(request) from error
        return row

    def delete(self, account_sid: str, id_or_name: str) -> None:
        """Remove a configuration, also as a default.

        Raises:
            RequestError: 20404.
        """
        with self._database.write() as session:
            session.delete(self.find(session, account_sid, id_or_name))

    def default(self, account_sid: str) -> Configuration:
        """The account's default.

        Raises:
            RequestError: 20404, none is set.
        """
        with self._database.read() as session:
            row = repository.default(session, account_sid, self._type)
        if row is None:
            raise RequestError(Code.NOT_FOUND, f"No default {self._type} configuration is set.")
        return row

    def set_default(self, account_sid: str, configuration_id: str) -> None:
        """Make a configuration the default.

        Raises:
            RequestError: 20404, there is no such configuration.
        """
        with self._database.write() as session:
            row = self.find(session, account_sid, configuration_id)
            repository.set_default(session, account_sid, self._type, row.id)

    def account_default(self, account_sid: str) -> AccountDefaultConfiguration:
        """The account's own options.

        Raises:
            RequestError: 20404, there are none.
        """
        with self._database.read() as session:
            return self._account_default(session, account_sid)

    def create_account_default(self, account_sid: str, request: AccountDefaultRequest) -> AccountDefaultConfiguration:
        """Set the account's own options.

        Raises:
            RequestError: 20409, they are there already.
        """
        row = AccountDefaultConfiguration(
            account_sid=account_sid,
            type=self._type,
            description=request.description,
            configuration=self._document(request.configuration),
        )
        try:
            with self._database.write() as session:
                session.add(row)
        except IntegrityError as error:
            raise RequestError(
                Code.CONFLICT, f"The account has a default {self._type} configuration already; update it with PUT."
            ) from error
        return row

    def update_account_default(self, account_sid: str, request: AccountDefaultRequest) -> AccountDefaultConfiguration:
        """Replace the account's own options.

        Raises:
            RequestError: 20404, there are none.
        """
        document = self._document(request.configuration)
        with self._database.write() as session:
            row = self._account_default(session, account_sid)
            row.description = request.description
            row.configuration = document
            row.date_updated = now()
        return row

    def delete_account_default(self, account_sid: str) -> None:
        """Remove the account's own options.

        Raises:
            RequestError: 20404, there are none.
        """
        with self._database.write() as session:
            session.delete(self._account_default(session, account_sid))

    def _account_default(self, session: Session, account_sid: str) -> AccountDefaultConfiguration:
        row = repository.account_default(session, account_sid, self._type)
        if row is None:
            raise RequestError(Code.NOT_FOUND, f"The account has no default {self._type} configuration.")
        return row

    def _document(self, options: TranscriptionOptions) -> dict[str, Any]:
        """The options as they are kept and answered, with defaults filled in."""
        faults = routes.check(options.transcription_engine, options.speech_model, options.language, self._settings)
        if faults:
            raise RequestError(
                Code.INVALID_PARAMETER,
                faults[0].detail,
                errors=[FieldError(fault.detail, f"/configuration/{fault.field}") for fault in faults],
            )
        document: dict[str, Any] = options.model_dump(by_alias=True, mode="json")
        document["speechModel"] = options.speech_model or routes.default_model(
            options.transcription_engine, self._settings
        )
        return document


def _name_taken(request: ConfigurationRequest) -> RequestError:
    return RequestError.at("/unique_name", Code.CONFLICT, f"The unique_name {request.unique_name!r} is taken.")
