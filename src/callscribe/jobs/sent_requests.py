"""What a job sends to its provider, in the database, and what comes back, beside its chunks."""

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from callscribe.accounts import provider_usage
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable import provider_refusals
from callscribe.errors import Cancelled, ProviderUnavailable
from callscribe.observability import metrics
from callscribe.settings import Settings
from callscribe.speech.prices import Prices
from callscribe.transcriptions import handle_repository, repository
from callscribe.transcriptions.checkpoints import Checkpoints
from callscribe.transcriptions.tables import ProviderRequest, Transcription
from callscribe.transcripts.models import NoticeCode
from callscribe.transcripts.wire import Notice

_log = structlog.get_logger(__name__)


class KeptRequests:
    """`SentRequests` of one job. Each is on the disk before its method returns."""

    def __init__(self, database: Database, checkpoints: Checkpoints, row: Transcription, settings: Settings) -> None:
        self._database = database
        self._checkpoints = checkpoints
        self._row = row
        self._hours = provider_usage.hours_of_engines(settings)
        """Of audio that an account may send in a day, by engine."""
        self._prices = Prices.parse(settings.prices)

    def answer(self, part: int) -> bytes | None:
        """What was answered to this part, at whichever attempt."""
        return self._checkpoints.answer(self._row, part)

    def handle(self, part: int) -> str | None:
        """By which the provider can be asked for the answer to this part."""
        with self._database.read() as session:
            return handle_repository.wanted(session, self._row.id, self._row.served_by.engine, part)

    def sending(self, part: int, seconds: float) -> None:
        """This part goes out now; the job's notices say so where it did before, and nobody knows what came of it.

        Raises:
            Cancelled: the job does not run any more, so that nothing is to be paid for.
            ProviderUnavailable: the account has sent what it may in a day.
        """
        served = self._row.served_by
        with self._database.write() as session:
            if not repository.update_running(session, self._row.id):
                raise Cancelled
            self._check_hours(session, seconds)
            sent = session.get(ProviderRequest, (self._row.id, part))
            if sent is None:
                sent = ProviderRequest(transcription_id=self._row.id, part=part, times=0, is_out=False)
                session.add(sent)
            if sent.is_out:
                self._say_again(repository.noticed(session, self._row.id))
            sent.engine, sent.model, sent.seconds = served.engine, served.model, seconds
            sent.times, sent.is_out, sent.sent_at = sent.times + 1, True, now()
            self._forget_handle(session, part)
            provider_usage.send(session, self._row.account_sid, served.engine, served.model, seconds)
        metrics.PROVIDER_REQUESTS.labels(served.engine, "sent").inc()
        metrics.PROVIDER_SECONDS.labels(served.engine, served.model).inc(seconds)
        metrics.PROVIDER_COST.labels(served.engine, served.model).inc(self._prices.cost(served, seconds) or 0.0)

    def accepted(self, part: int, handle: str) -> None:
        """The provider works on it."""
        with self._database.write() as session:
            handle_repository.keep(session, self._row.id, self._row.served_by, part, handle)

    def answered(self, part: int, answer: bytes) -> None:
        """The provider has answered."""
        self._checkpoints.put_answer(self._row, part, answer)
        with self._database.write() as session:
            session.execute(
                sa.update(ProviderRequest)
                .where(ProviderRequest.transcription_id == self._row.id, ProviderRequest.part == part)
                .values(is_out=False)
            )
            self._forget_handle(session, part)
            provider_refusals.forget(session, self._row.served_by.engine)
        metrics.PROVIDER_REQUESTS.labels(self._row.served_by.engine, "answered").inc()

    def refused(self, part: int) -> None:
        """The provider charges nothing for it."""
        served = self._row.served_by
        with self._database.write() as session:
            self._forget_handle(session, part)
            sent = session.get(ProviderRequest, (self._row.id, part))
            if sent is None or not sent.is_out:
                return
            sent.is_out, sent.times = False, sent.times - 1
            provider_usage.send(session, self._row.account_sid, served.engine, served.model, -sent.seconds)
        metrics.PROVIDER_REQUESTS.labels(served.engine, "refused").inc()

    def _check_hours(self, session: Session, seconds: float) -> None:
        engine = self._row.served_by.engine
        hours = self._hours.get(engine)
        if hours is None:
            return
        wait = provider_usage.seconds_until_free(session, self._row.account_sid, engine, seconds, hours)
        if wait is not None:
            raise ProviderUnavailable(f"the account has sent the {hours:g} h to {engine} that it may in a day", wait)

    def _forget_handle(self, session: Session, part: int) -> None:
        handle_repository.forget(session, self._row.id, self._row.served_by.engine, part)

    def _say_again(self, row: Transcription) -> None:
        _log.warning("provider.sent_again", transcription=row.id, engine=row.served_by.engine)
        known = row.notices or []
        if any(each.code is NoticeCode.SENT_AGAIN for each in known):
            return
        detail = (
            f"The recording, or a part of it, was sent to {row.served_by.engine} once more: a worker ended, or the "
            "connection did, before it was known what came of it. The provider may charge for both."
        )
        row.notices = [*known, Notice(code=NoticeCode.SENT_AGAIN, detail=detail)]
