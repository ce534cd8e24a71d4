"""The default engine: Whisper on CTranslate2, in a child process."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callscribe.errors import Cancelled, Code, TransientJobError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.interface import (
    Cancellation,
    ModelDescription,
    RecognitionOptions,
    Segment,
    SpeechWindow,
)
from callscribe.speech.languages import whisper_code
from callscribe.speech.routes import WHISPER, whisper_models
from callscribe.speech.whisper.messages import Answer, LanguageEvidence, Request, read_answer, request_frame
from callscribe.speech.whisper.process import ChildDied, ChildProcess

log = logging.getLogger(__name__)

_REQUEST_SECONDS: Final = 120.0
"""Audio in one request: enough for full batches; little enough for others to have their turn soon, and for progress to
be seen. The recogniser answers a request as a whole."""

_ATTEMPTS: Final = 3
"""How often a request is made when the child dies of it or beside it."""

_PATIENCE: Final = 120.0
_PATIENCE_PER_SECOND: Final = 20.0
"""A child is taken for hung when it needs longer than this: for starting, and for each second of audio."""

_RECYCLE_AFTER: Final = 20 * 3600.0
"""Seconds of audio after which a fresh child goes on, so that no leak lives long."""


class WhisperEngine:
    """Recognises speech with the models of the catalogue."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalogue = Catalogue(settings.models)
        self._child = ChildProcess(device=settings.device, threads=settings.threads)
        self._recognized = 0.0

    @property
    def name(self) -> str:
        """`whisper`."""
        return WHISPER

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._child.pid

    def models(self) -> Sequence[ModelDescription]:
        """The catalogue's models, and the operator's own."""
        return whisper_models(self._settings)

    def recognize(
        self,
        windows: Iterable[SpeechWindow],
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
    ) -> Iterator[Segment]:
        """Yield segments window by window; see `interface.Engine`.

        Raises:
            Cancelled: `cancelled` was set.
            JobError: 17561, the child died of a request again and again, or failed to recognise it.
            EngineClosed: the engine was closed.
            SetupError: the model is not on this machine and cannot be had.
        """
        folder = str(self._catalogue.path(model))
        language = whisper_code(options.language)
        evidence: dict[int, LanguageEvidence] = {}
        for group in _groups(windows):
            if cancelled.is_set():
                raise Cancelled
            request = Request(folder, tuple(group), self._settings.beam_size, language, options.keyterms, evidence)
            answer = self._ask(request, cancelled)
            evidence = answer.evidence
            for segments in answer.segments:
                yield from segments

    def close(self) -> None:
        """End the child; what is in its hands ends with `EngineClosed`."""
        self._child.close()

    def _ask(self, request: Request, cancelled: Cancellation) -> Answer:
        seconds = sum(window.end - window.start for window in request.windows)
        frame = request_frame(request)
        self._recycle(seconds)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                header = self._child.ask(frame, cancelled=cancelled, timeout=_PATIENCE + _PATIENCE_PER_SECOND * seconds)
            except ChildDied as error:
                log.warning("The recognition process died (attempt %d of %d): %s", attempt, _ATTEMPTS, error)
                continue
            if "error" in header:
                # Its words are for the log: they may hold paths, and the owner of the job can do nothing about them.
                log.error("The recognition process failed: %s", header["error"])
                raise TransientJobError(Code.JOB_INTERNAL, "The recognition process failed.")
            return read_answer(header)
        raise TransientJobError(
            Code.JOB_INTERNAL, f"The recognition process died {_ATTEMPTS} times over the same audio."
        )

    def _recycle(self, seconds: float) -> None:
        self._recognized += seconds
        if self._recognized > _RECYCLE_AFTER:
            self._recognized = 0.0
            self._child.retire()


def _groups(windows: Iterable[SpeechWindow]) -> Iterator[list[SpeechWindow]]:
    """Windows in requests of a bounded amount of audio."""
    group: list[SpeechWindow] = []
    seconds = 0.0
    for window in windows:
        group.append(window)
        seconds += window.end - window.start
        if seconds >= _REQUEST_SECONDS:
            yield group
            group, seconds = [], 0.0
    if group:
        yield group
