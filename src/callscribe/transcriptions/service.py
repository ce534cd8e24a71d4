"""Rules for transcriptions: creating, finding and deleting them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from callscribe.callbacks import repository as callback_repository
from callscribe.callbacks.service import Callbacks
from callscribe.callbacks.tables import Callback
from callscribe.configurations.service import Configurations
from callscribe.configurations.tables import Configuration
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.db.together import GroupWriter
from callscribe.durable.queues import Queue, WorkQueue
from callscribe.errors import Code, JobError, RequestError
from callscribe.ids import new_transcription_id
from callscribe.outbound import AllowList
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.transcriptions import repository
from callscribe.transcriptions.participants import resolve_participants
from callscribe.transcriptions.repository import Filters
from callscribe.transcriptions.schemas import CreateTranscription
from callscribe.transcriptions.tables import Chunk, Status, Transcription, blob_folder

Render = Callable[[Transcription], dict[str, Any]]


class Repetition(Protocol):
    """Knows whether this very request was answered before; see `web.idempotency`."""

    def recall(self, session: Session) -> dict[str, Any] | None:
        """The answer that was given."""
        ...

    def remember(self, session: Session, answer: dict[str, Any]) -> None:
        """Keep the answer."""
        ...


class Transcriptions:
    """The transcriptions of every account."""

    def __init__(
        self,
        database: Database,
        queue: WorkQueue,
        configurations: Configurations,
        callbacks: Callbacks,
        settings: Settings,
    ) -> None:
        self._database = database
        self._together = GroupWriter(database)
        self._queue = queue
        self._configurations = configurations
        self._callbacks = callbacks
        self._settings = settings
        self._media_allow = AllowList(settings.media_allow)

    def close(self) -> None:
        """Finish what is being written."""
        self._together.close()

    async def create(
        self,
        account_sid: str,
        request: CreateTranscription,
        *,
        base_url: str,
        render: Render,
        repetition: Repetition | None,
    ) -> dict[str, Any]:
        """Make a job and queue its work, in one transaction; return the answer that `render` makes of it.

        Raises:
            RequestError: any code of the table of rejected requests in docs/errors.md.
        """

        def work(session: Session) -> dict[str, Any]:
            if repetition is not None and (answer := repetition.recall(session)) is not None:
                return answer
            row = self._new(session, account_sid, request, base_url)
            repository.add(session, row)
            self._queue.enqueue(
                session, Queue.TRANSCRIPTIONS, "TranscriptionWorkflows.transcribe", row.id, account_sid, row.id
            )
            answer = render(row)
            if repetition is not None:
                repetition.remember(session, answer)
            return answer

        # Of two requests with one key at the same instant the second is rolled back, and recalls the first's answer.
        return await self._together.write(work)

    def fetch(self, account_sid: str, transcription_id: str) -> Transcription:
        """One transcription.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            row = repository.find_of(session, account_sid, transcription_id)
        if row is None:
            raise RequestError(Code.NOT_FOUND, f"There is no transcription {transcription_id}.")
        return row

    def chunks(self, row: Transcription) -> Sequence[Chunk]:
        """The chunks of a running transcription; none once it has ended."""
        with self._database.read() as session:
            return repository.chunks(session, row.id)

    def page(self, account_sid: str, filters: Filters, token: str | None, size: int) -> Page[Transcription]:
        """A page, newest first."""
        with self._database.read() as session:
            return repository.page(session, account_sid, filters, token, size)

    def delete(self, account_sid: str, transcription_id: str) -> None:
        """Remove a transcription in whatever state it is. Work on it stops and its blobs are erased, durably.

        Raises:
            RequestError: 20404.
        """
        with self._database.write() as session:
            if not repository.delete(session, account_sid, transcription_id):
                raise RequestError(Code.NOT_FOUND, f"There is no transcription {transcription_id}.")
            callback_repository.delete_subject(session, account_sid, transcription_id)
            self._queue.enqueue(
                session,
                Queue.ERASURES,
                "TranscriptionWorkflows.erase",
                f"erase_{transcription_id}",
                account_sid,
                transcription_id,
                blob_folder(account_sid, transcription_id),
            )

    def callbacks(self, account_sid: str, transcription_id: str) -> list[Callback]:
        """Every callback of a transcription with its attempts.

        Raises:
            RequestError: 20404.
        """
        self.fetch(account_sid, transcription_id)
        with self._database.read() as session:
            return list(self._callbacks.of_subject(session, account_sid, transcription_id))

    def send_callback_again(self, account_sid: str, transcription_id: str) -> Callback:
        """Deliver the newest callback once more.

        Raises:
            RequestError: 20404, there is no such transcription or it never called back.
        """
        self.fetch(account_sid, transcription_id)
        with self._database.write() as session:
            callbacks = self._callbacks.of_subject(session, account_sid, transcription_id)
            if not callbacks:
                raise RequestError(Code.NOT_FOUND, f"Transcription {transcription_id} has no callback to send again.")
            return self._callbacks.send_again(session, callbacks[-1])

    def _new(self, session: Session, account_sid: str, request: CreateTranscription, base_url: str) -> Transcription:
        configuration = self._configuration(session, account_sid, request.transcription_configuration_id)
        self._check_source(request)
        options = configuration.configuration
        try:
            service = routes.resolve(
                options["transcriptionEngine"], options["speechModel"], options["language"], self._settings
            )
        except JobError as error:
            # The operator changed the routes since the configuration was made.
            raise RequestError.at("/transcriptionConfigurationId", Code.INVALID_PARAMETER, error.detail) from error
        participants = resolve_participants(request.participants, options, from_recording=request.source_id is not None)
        if request.source_id is not None:
            detail = f"Recording {request.source_id} is not on this server."
            raise RequestError.at("/sourceId", Code.RECORDING_NOT_ELIGIBLE, detail)
        created_at = now()
        return Transcription(
            id=new_transcription_id(),
            account_sid=account_sid,
            status=Status.PENDING,
            configuration_id=configuration.id,
            media_url=request.media_url,
            source_id=request.source_id,
            audio_started_at=request.audio_started_at,
            participants=participants,
            resolved_configuration=_snapshot(options) | {"servedBy": service.served_by},
            language=options["language"],
            progress=0.0,
            base_url=base_url,
            created_at=created_at,
            updated_at=created_at,
        )

    def _configuration(self, session: Session, account_sid: str, configuration_id: str) -> Configuration:
        try:
            return self._configurations.find(session, account_sid, configuration_id)
        except RequestError as error:
            raise RequestError.at(
                "/transcriptionConfigurationId", Code.CONFIGURATION_NOT_FOUND, error.detail
            ) from error

    def _check_source(self, request: CreateTranscription) -> None:
        sources = {"SOURCE_ID": request.source_id, "MEDIA_URL": request.media_url}
        given = [name for name, value in sources.items() if value is not None]
        if len(given) != 1 or request.input_source not in {None, given[0]}:
            detail = "Give exactly one of sourceId and mediaUrl, and inputSource, if at all, to match."
            raise RequestError.at("", Code.SOURCE_MISSING, detail)
        if request.source_id is not None and request.audio_started_at is not None:
            detail = "audioStartedAt goes with mediaUrl; with sourceId it comes from the recording."
            raise RequestError.at("/audioStartedAt", Code.INVALID_PARAMETER, detail)
        if request.media_url is not None and not self._may_be_plain(request.media_url):
            detail = "mediaUrl must be https or s3; the operator has not allowed http for this host."
            raise RequestError.at("/mediaUrl", Code.MEDIA_URL_INVALID, detail)

    def _may_be_plain(self, media_url: str) -> bool:
        """Whether the scheme is safe, or the host may be reached by http.

        What a name resolves to is checked later, when it is connected to.
        """
        url = urlsplit(media_url)
        return url.scheme != "http" or self._media_allow.may_allow(url.hostname or "")


def _snapshot(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "configurationType"}
