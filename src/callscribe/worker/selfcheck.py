"""Whether recognition works: a second of speech, through the real engine, once in a while.

What jobs have recognised says so as well; only a worker whose model was not heard of for a while is tried. The outcome
goes into the worker's row, which `/readyz` reads.
"""

import threading
import time
from datetime import timedelta
from typing import Final

import structlog

from callscribe.cancellation import Cancellation
from callscribe.db.engine import Database
from callscribe.durable import workers
from callscribe.errors import Cancelled
from callscribe.observability.metrics import CHECKS
from callscribe.speech.interface import Engine
from callscribe.speech.trial import words_heard
from callscribe.ticker import Ticker

LOOK: Final = 2.0
"""Seconds between two looks whether it is time."""

STUCK: Final = 900.0
"""A trial that has waited for so many seconds, while the model answered nobody else either, counts as failed."""

NOTED: Final = 15.0
"""Seconds after which it is written down again that jobs recognise."""

_log = structlog.get_logger(__name__)


class SelfCheck:
    """Tries the engine of one worker, one trial at a time, in the background.

    `interval` is seconds without an answer of the model after which it is tried, 0 for never; `first` is seconds after
    the start until the first trial, where no job was faster.
    """

    def __init__(
        self, database: Database, engine: Engine, model: str, worker_id: str, *, interval: float, first: float
    ) -> None:
        self._database = database
        self._engine = engine
        self._model = model
        self._id = worker_id
        self._interval = interval
        self._begun = time.monotonic()
        self._due = self._begun + first
        self._noted: float | None = None
        self._noted_at = 0.0
        self._stuck = False
        self._cancelled = Cancellation()
        self._trial: threading.Thread | None = None
        self._trial_begun = 0.0
        self._ticker = Ticker("self-check", LOOK, self._look, failed="recognition.check_not_noted")

    def start(self) -> None:
        """Begin to look whether it is time."""
        self._ticker.start()

    def stop(self) -> None:
        """Try no more; a trial under way is given up."""
        self._cancelled.cancel()
        self._ticker.stop()

    def try_now(self) -> str | None:
        """Recognise a second of speech, and write down how that went; None is well, else what was wrong."""
        begin = time.monotonic()
        try:
            error = self._recognize()
        except Cancelled:
            return None  # the worker stops
        except Exception as fault:  # noqa: BLE001  for any fault: this worker does not recognise
            _log.warning("recognition.check_failed", exc_info=fault)
            error = f"{type(fault).__name__}: see the worker's log"
        CHECKS.labels("failed" if error else "well").inc()
        if error is None:
            _log.info("recognition.checked", model=self._model, seconds=round(time.monotonic() - begin, 3))
        workers.note_check(self._database, self._id, error)
        return error

    def _recognize(self) -> str | None:
        words = words_heard(self._engine, self._model, self._cancelled)
        return None if words else "it heard no words where there are some"

    def _look(self) -> None:
        moment = time.monotonic()
        answered = self._engine.answered_at
        if answered is not None and answered != self._noted and moment - self._noted_at > NOTED:
            workers.note_recognition(self._database, self._id, timedelta(seconds=moment - answered))
            self._noted, self._noted_at = answered, moment
        if self._trial is not None:
            self._watch(self._trial, moment, answered)
            return
        if self._interval <= 0:
            return
        due = self._due if answered is None else max(answered, self._trial_begun) + self._interval
        if moment >= due:
            self._trial_begun = moment
            self._due = moment + self._interval
            self._trial = threading.Thread(target=self._try, name="self-check-trial", daemon=True)
            self._trial.start()

    def _try(self) -> None:
        try:
            self.try_now()
        except Exception:  # noqa: BLE001  it is tried again
            _log.exception("recognition.check_not_noted")

    def _watch(self, trial: threading.Thread, moment: float, answered: float | None) -> None:
        if not trial.is_alive():
            self._trial, self._stuck = None, False
        elif not self._stuck and moment - max(self._trial_begun, answered or 0.0) > STUCK:
            self._stuck = True
            _log.error("recognition.stuck", seconds=round(moment - self._trial_begun))
            workers.note_check(self._database, self._id, f"it has not answered for {STUCK / 60:.0f} minutes")
