"""What becomes of a job whose provider is out: it waits and asks again, or is handed over to what stands in."""

from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.orm import Session

from callscribe.db.engine import Database
from callscribe.durable import provider_refusals
from callscribe.durable.queues import Queue, queue_name
from callscribe.errors import Cancelled, JobError, ProviderKeyRefused, ProviderUnavailable
from callscribe.jobs import pieces
from callscribe.jobs.loading import load_job
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.engines.served_by import ServedBy
from callscribe.transcriptions import chunk_repository, handle_repository, repository
from callscribe.transcriptions.tables import Transcription
from callscribe.transcripts.models import NoticeCode
from callscribe.transcripts.wire import Notice

LONGEST_PAUSE: Final = 900.0
"""Seconds, unless a provider asks for more."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Again:
    """The recording is offered to its provider once more, `delay` seconds from now. `waited` is with that."""

    queue: str
    turn: int
    cost: float
    delay: float
    attempt: int
    waited: float


@dataclass(frozen=True, slots=True)
class HandOver:
    """`to` does the job in place of `provider`; it has `seconds` of audio."""

    queue: str
    turn: int
    cost: float
    provider: ServedBy
    to: ServedBy
    reason: str
    seconds: float | None
    delay: float = 0.0


@dataclass(eq=False)
class ProviderOutages:
    """Decides it by the settings as they are now."""

    _database: Database
    _settings: Settings

    def after(
        self, transcription_id: str, error: ProviderUnavailable | ProviderKeyRefused, made: int, waited: float
    ) -> Again | HandOver:
        """What follows an attempt that came to nothing.

        `made` are the attempts so far, `waited` the seconds between them.

        Raises:
            JobError: no attempt is to be made any more, and nothing stands in.
        """
        row = load_job(self._database, transcription_id)
        stand_in = self._stand_in(row)
        cost = min(row.duration or self._settings.chunk_seconds, self._settings.chunk_seconds)
        if isinstance(error, ProviderUnavailable):
            pause = max(
                error.retry_after or 0.0,
                min(self._settings.provider_retry_interval * 2.0 ** min(made - 1, 30), LONGEST_PAUSE),
            )
            most = self._settings.provider_wait if stand_in is None else self._settings.provider_wait_with_local
            if waited + pause <= most and made < pieces.MOST_AGAIN:
                _log.warning("provider.out", transcription=row.id, reason=error.detail, next_in=pause)
                queue = queue_name(Queue.CHUNKS, str(row.served_by))
                return Again(queue, pieces.turn(row), cost, pause, made, waited + pause)
        else:
            with self._database.write() as session:
                provider_refusals.note(session, row.served_by.engine, error.detail)
        if stand_in is None:
            raise JobError(error.code, error.detail) from error
        _log.warning("provider.replaced", transcription=row.id, reason=error.detail, by=str(stand_in))
        queue = queue_name(Queue.RECOGNITION, str(stand_in))
        return HandOver(queue, pieces.turn(row), cost, row.served_by, stand_in, error.detail, row.duration)

    def hand_over(self, session: Session, transcription_id: str, over: HandOver) -> None:
        """Let the job be served by what stands in, from the division on.

        Raises:
            Cancelled: it does not run any more, or another worker has handed it over.
        """
        if not repository.update_running(session, transcription_id, transcribed=None):
            raise Cancelled
        row = repository.noticed(session, transcription_id)
        if row.served_by != over.provider:
            raise Cancelled
        language = row.resolved_configuration.language
        models = routes.detected_models(over.to, language, self._settings)
        detail = f"{over.provider.engine} could not be asked ({over.reason}): {over.to} did the work in its place."
        row.resolved_configuration = row.resolved_configuration.served_instead(over.to, models)
        row.notices = [*(row.notices or ()), Notice(code=NoticeCode.PROVIDER_OUT, detail=detail)]
        chunk_repository.forget_chunks(session, transcription_id)
        handle_repository.reject(session, transcription_id)

    def _stand_in(self, row: Transcription) -> ServedBy | None:
        options = row.resolved_configuration
        return routes.behind(
            row.served_by,
            options.transcription_engine,
            options.speech_model,
            options.language,
            self._settings,
            keyterms=bool(options.keyterms),
            verbatim=bool(options.verbatim),
        )
