"""Rules for transcriptions: creating, finding and deleting them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy.orm import Session

from callscribe.accounts.audit import Action, record
from callscribe.callbacks import repository as callback_repository
from callscribe.callbacks.service import Callbacks
from callscribe.callbacks.tables import Callback
from callscribe.configurations.documents import KeptTranscriptionOptions
from callscribe.configurations.service import TranscriptionConfigurations
from callscribe.configurations.tables import Configuration
from callscribe.db.base import now
from callscribe.db.engine import Database, begin_writing
from callscribe.db.group_commit import GroupCommit
from callscribe.db.paging import Page
from callscribe.db.sealed import vault_of
from callscribe.db.url_credentials import sealed
from callscribe.durable.queues import Queue, WorkQueue, rank
from callscribe.errors import Code, JobError, RequestError, found
from callscribe.ids import CONFIGURATION_ID, new_transcription_id
from callscribe.observability import context, tracing
from callscribe.outbound import AllowList
from callscribe.recordings import repository as recording_repository
from callscribe.recordings.reading import ReadingThrough, keep
from callscribe.recordings.twilio import Found, TwilioMissing, TwilioUnavailable
from callscribe.search import finding
from callscribe.search.finding import Hit, Narrowed
from callscribe.search.queries import Query
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.transcriptions import chunk_repository, repository
from callscribe.transcriptions.conversation_export import half_stored
from callscribe.transcriptions.documents import ResolvedConfiguration
from callscribe.transcriptions.participants import check_requested, resolve_participants
from callscribe.transcriptions.quotas import Quotas
from callscribe.transcriptions.repository import NEWEST_FIRST, Filters, Ordering
from callscribe.transcriptions.schemas import MALFORMED, CreateTranscription
from callscribe.transcriptions.sealed import new_sealing_key
from callscribe.transcriptions.sources import CallSource, is_replaced, not_eligible
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Chunk, Transcription
from callscribe.waiting import Threads
from callscribe.web.idempotency import Idempotency, once

RETRY_AFTER = 10
"""Seconds after which to ask again where Twilio did not answer."""

JOB_RETRY_AFTER = 2
"""The same for a job's end."""

_TWILIO = Threads(8, "Twilio does not answer")

_log = structlog.get_logger(__name__)

Render = Callable[[Transcription], dict[str, Any]]


@dataclass(eq=False)
class Transcriptions:
    """The transcriptions of every account."""

    _database: Database
    _queue: WorkQueue
    _configurations: TranscriptionConfigurations
    _callbacks: Callbacks
    _reading: ReadingThrough
    _quotas: Quotas
    _settings: Settings

    def __post_init__(self) -> None:
        self._group_commit = GroupCommit(self._database)
        self._media_allow = AllowList(self._settings.media_allow)

    def close(self) -> None:
        """Finish what is being written."""
        self._group_commit.close()

    async def create(
        self,
        account_sid: str,
        request: CreateTranscription,
        *,
        base_url: str,
        render: Render,
        repetition: Idempotency | None,
    ) -> dict[str, Any]:
        """Make a job and queue its work, in one transaction; return the answer that `render` makes of it.

        A recording that is not here is looked up at Twilio before, where this server reads through for the account.

        Raises:
            RequestError: any code of the table of rejected requests in docs/errors.md; 20429, a quota of the account
                is used up; 20500 with 503, Twilio does not answer.
        """
        self._check_source(request)
        check_requested(request.participants, from_recording=request.source_id is not None)
        found = await self._look_up(account_sid, request.source_id)

        def make(session: Session) -> dict[str, Any]:
            source = self._source(session, account_sid, request.source_id, found)
            row = self.prepare(session, account_sid, request, source, base_url)
            self._quotas.admit(session, account_sid)
            if found is not None:
                keep(session, found)
            self.queue(session, row)
            return render(row)

        # Of two requests with one key at the same instant the second is rolled back, and recalls the first's answer.
        return await self._group_commit.write(lambda session: once(session, repetition, lambda: make(session)))

    def queue(self, session: Session, row: Transcription) -> None:
        """Store a job and queue its work without asking the account's quotas."""
        if row.redaction is not None:
            row.sealing_key = new_sealing_key(self._database.cipher)
        repository.add(session, row)
        record(session, row.account_sid, Action.TRANSCRIPTION_CREATED, row.id)
        self._quotas.added(row.account_sid)
        self._queue.enqueue(
            session,
            Queue.TRANSCRIPTIONS,
            "TranscriptionWorkflows.transcribe",
            row.id,
            row.account_sid,
            row.id,
            priority=rank(row.resolved_configuration.priority, 1),
        )

    def fetch(self, account_sid: str, transcription_id: str) -> Transcription:
        """One transcription.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            row = repository.find_of(session, account_sid, transcription_id)
            return found(row, f"transcription {transcription_id}")

    def fetch_to_hear(self, account_sid: str, transcription_id: str) -> Transcription:
        """The same, for its recording.

        Raises:
            RequestError: 20404, also where another job has redacted the recording meanwhile, which this one follows
                when it ends.
        """
        row = self.fetch(account_sid, transcription_id)
        if row.status.is_final or row.source_id is None or row.media_sha256 is None:
            return row
        with self._database.read() as session:
            recording = recording_repository.find(session, account_sid, row.source_id)
            replaced = is_replaced(session, row, recording)
        if replaced:
            detail = f"The recording of {row.id} was redacted meanwhile; it can be heard with the end of the job."
            raise RequestError(Code.NOT_FOUND, detail, retry_after=JOB_RETRY_AFTER)
        return row

    def has_media(self, row: Transcription) -> bool:
        """Whether it is still there, and its recording not erased since its time was over."""
        with self._database.read() as session:
            return repository.has_media(session, row.id)

    def chunks(self, row: Transcription) -> Sequence[Chunk]:
        """The chunks of a running transcription; none once it has ended."""
        with self._database.read() as session:
            return chunk_repository.chunks(session, row.id)

    def page(
        self,
        account_sid: str,
        filters: Filters,
        token: str | None,
        size: int,
        ordering: Ordering = NEWEST_FIRST,
    ) -> Page[Transcription]:
        """A page.

        Raises:
            RequestError: 17535, of the recording that the list is narrowed to there are too many.
        """
        limit = self._settings.source_list_limit
        with self._database.read() as session:
            if filters.source_id is not None and repository.has_more_of_source(
                session, account_sid, filters.source_id, limit
            ):
                detail = f"There are more than {limit} transcriptions of {filters.source_id}; list without it."
                raise RequestError.at("/sourceId", Code.SOURCE_ID_TOO_MANY, detail)
            return repository.page(session, account_sid, filters, token, size, ordering)

    def search(
        self, account_sid: str, text: str, filters: Filters, token: str | None, size: int
    ) -> Page[tuple[Transcription, Hit]]:
        """A page of those in which something was said, newest first; it may be short though there are further ones.

        Raises:
            RequestError: 20001, the token is not one of ours; or the query has the beginning of a word, and calls are
                encrypted.
        """
        narrowed = Narrowed(
            account_sid, filters.language, filters.source_id, filters.created_after, filters.created_before
        )
        query = Query.parse(text)
        vault = vault_of(self._database.engine)
        if vault is not None and vault.seals and any(word.is_prefix for word in query.wanted):
            detail = "Where calls are encrypted, words are found whole; leave the * away."
            raise RequestError.at("/search", Code.INVALID_PARAMETER, detail)
        with self._database.read() as session:
            page = finding.find(session, query, narrowed, token, size)
            rows = repository.searched(session, account_sid, filters, [hit.transcription_id for hit in page.rows])
        found = [(rows[hit.transcription_id], hit) for hit in page.rows if hit.transcription_id in rows]
        return Page(found, page.next_token, page.previous_token)

    def delete(self, account_sid: str, transcription_id: str) -> None:
        """Remove a transcription in any state. Work on it stops and its blobs are erased, durably.

        Raises:
            RequestError: 20404.
        """
        with self._database.write() as session:
            row = found(repository.delete(session, account_sid, transcription_id), f"transcription {transcription_id}")
            record(session, account_sid, Action.TRANSCRIPTION_DELETED, transcription_id)
            callback_repository.delete_subject(session, account_sid, transcription_id)
            self._queue.withdraw(session, transcription_id)
            self._queue.enqueue(
                session,
                Queue.ERASURES,
                "TranscriptionWorkflows.erase",
                f"erase_{transcription_id}",
                account_sid,
                transcription_id,
                row.blobs,
                half_stored(row),
            )

    def callbacks(self, account_sid: str, transcription_id: str) -> list[Callback]:
        """Every callback of a transcription with its attempts.

        Raises:
            RequestError: 20404.
        """
        self.fetch(account_sid, transcription_id)
        with self._database.read() as session:
            return list(callback_repository.of_subject(session, account_sid, transcription_id))

    def send_callback_again(self, account_sid: str, transcription_id: str) -> Callback:
        """Deliver the newest callback once more.

        Raises:
            RequestError: 20404, there is no such transcription or it never called back.
        """
        self.fetch(account_sid, transcription_id)
        with self._database.write() as session:
            begin_writing(session)
            repository.hold(session, transcription_id)  # or its body might be erased at this moment
            callbacks = callback_repository.of_subject(session, account_sid, transcription_id)
            if not callbacks:
                raise RequestError(Code.NOT_FOUND, f"Transcription {transcription_id} has no callback to send again.")
            record(session, account_sid, Action.CALLBACK_SENT_AGAIN, transcription_id)
            return self._callbacks.send_again(session, callbacks[-1])

    def prepare(
        self,
        session: Session,
        account_sid: str,
        request: CreateTranscription,
        source: CallSource | None,
        base_url: str,
    ) -> Transcription:
        """A new job by all rules; nothing is written. `source` is the recording, None where it is a mediaUrl.

        Raises:
            RequestError: see `create`.
        """
        configuration = self._configuration(session, account_sid, request.transcription_configuration_id)
        options = KeptTranscriptionOptions.model_validate(configuration.configuration)
        try:
            served_by = routes.resolve(
                options.transcription_engine,
                options.speech_model,
                options.language,
                self._settings,
                keyterms=bool(options.keyterms),
                verbatim=bool(options.verbatim),
            )
        except JobError as error:
            # The operator changed the routes since the configuration was made.
            raise RequestError.at("/transcriptionConfigurationId", Code.INVALID_PARAMETER, error.detail) from error
        if source is not None:
            source.check()
        participants = resolve_participants(request.participants, options, source.parties if source else None)
        created_at = now()
        return Transcription(
            id=new_transcription_id(),
            account_sid=account_sid,
            status=Status.PENDING,
            configuration_id=configuration.id,
            media_url=sealed(request.media_url, self._database.cipher),
            source_id=request.source_id,
            recording=source.audio if source else None,
            audio_started_at=source.recording.start_time if source else request.audio_started_at,
            title=request.title,
            participants=participants,
            resolved_configuration=ResolvedConfiguration.of(
                options, served_by, routes.detected_models(served_by, options.language, self._settings)
            ),
            language=options.language,
            progress=0.0,
            base_url=base_url,
            request_id=context.current_request_id(),
            traceparent=tracing.traceparent(),
            created_at=created_at,
            updated_at=created_at,
        )

    async def _look_up(self, account_sid: str, source_id: str | None) -> Found | None:
        """What is to be read through from Twilio: before the transaction, which must not wait for anybody."""
        if source_id is None or self._reading.twilio is None:
            return None
        try:
            return await _TWILIO.run(self._reading.look_up, account_sid, source_id)
        except TwilioMissing as error:
            raise not_eligible(f"There is no recording {source_id}, here or at Twilio.") from error
        except TwilioUnavailable as error:
            _log.warning("twilio.unavailable", recording=source_id, reason=str(error))
            detail = f"Recording {source_id} is not on this server, and Twilio cannot be asked now. Try again later."
            raise RequestError(Code.INTERNAL, detail, status=503, retry_after=RETRY_AFTER) from error

    def _source(
        self, session: Session, account_sid: str, source_id: str | None, found: Found | None
    ) -> CallSource | None:
        if source_id is None:
            return None
        if found is not None:
            return CallSource(found.recording, found.call)
        recording = recording_repository.hold(session, account_sid, source_id)
        if recording is None:
            raise not_eligible(f"There is no recording {source_id} on this server.")
        if recording.blobs is None and not self._reading.reads_for(account_sid):
            raise not_eligible(f"Recording {source_id} is at Twilio, and this server does not read there any more.")
        return CallSource.of(session, recording)

    def _configuration(self, session: Session, account_sid: str, configuration_id: str) -> Configuration:
        try:
            return self._configurations.find(session, account_sid, configuration_id)
        except RequestError as error:
            code, detail = Code.CONFIGURATION_NOT_FOUND, error.detail
            if not CONFIGURATION_ID.fullmatch(configuration_id):
                code, detail = Code.CONFIGURATION_ID_INVALID, f"transcriptionConfigurationId: {MALFORMED}"
            raise RequestError.at("/transcriptionConfigurationId", code, detail) from error

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
