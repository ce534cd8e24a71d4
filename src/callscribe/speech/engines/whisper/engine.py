"""The default engine: Whisper, in a child process."""

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import ClassVar, Final, Literal

from callscribe.cancellation import Cancellation, run_cancellable
from callscribe.errors import TransientJobError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.batching import Batcher, in_requests
from callscribe.speech.engines.process import ChildProcess
from callscribe.speech.engines.whisper.compute import choose
from callscribe.speech.engines.whisper.following import Follower
from callscribe.speech.engines.whisper.messages import Answer, Part, Requests, Task
from callscribe.speech.interface import RecognitionOptions, Segment, SpeechWindow, Surroundings
from callscribe.speech.languages import MULTI, language_code

CHILD: Final = "callscribe.speech.engines.whisper.child"
"""What the child process runs."""


class WhisperEngine:
    """Recognises speech with the models of the catalogue.

    Raises:
        SetupError: `CALLSCRIBE_COMPUTE` names what this machine cannot do.
    """

    takes: ClassVar[Literal["windows"]] = "windows"

    def __init__(self, settings: Settings) -> None:
        if settings.compute != "auto":
            choose(settings.compute, settings.device)
        self._catalogue = Catalogue(settings.models)
        self._child = ChildProcess(
            CHILD, settings.device, str(settings.threads), settings.compute, models=settings.models
        )
        self._shared = Batcher(self._child, Requests(settings.beam_size))
        self._answered_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._child.pid

    @property
    def answered_at(self) -> float | None:
        """When the child answered last, by the monotonic clock of this process; None before it has."""
        return self._answered_at

    def recognize(
        self,
        windows: Iterable[SpeechWindow],
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        surroundings: Surroundings | None = None,
    ) -> Iterator[Segment]:
        """Yield segments window by window; see `interface.WindowEngine`.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: 17561, the child died of a request again and again, or failed to recognise it.
            EngineClosed: the engine was closed.
            SetupError: the model is not on this machine and cannot be had.
        """
        first = options.models.get(MULTI, model)  # what says what is spoken
        elsewhere = {code: name for code, name in options.models.items() if code != MULTI}
        expected = language_code(options.language)
        if first != model and expected is not None:
            elsewhere[expected] = model
        # They may have to be got first. One that is cancelled meanwhile leaves that to the next.
        names = dict.fromkeys([model, first, *elsewhere.values()])
        folders = run_cancellable(lambda: {name: str(self._catalogue.path(name)) for name in names}, cancelled)

        def ask(part: Part) -> Answer:
            name = elsewhere.get(part.language or "", first) if part.task is Task.DECODE else first
            try:
                answer = self._shared.ask(folders[name], part, cancelled, options.owner)
            except TransientJobError:  # its weights may be damaged: the next attempt looks, and a new child loads them
                self._catalogue.doubt(name)
                self._child.retire()
                raise
            self._answered_at = time.monotonic()
            return answer

        follower = Follower(
            ask,
            expected=expected,
            keyterms=options.keyterms,
            wish=options.on_language_mismatch,
            surroundings=surroundings,
            elsewhere=[code for code, name in elsewhere.items() if name != first],
            verbatim=options.verbatim,
        )
        known = self._catalogue.languages(first)
        for group in in_requests(windows):
            cancelled.raise_if_cancelled()
            if known:  # made for one language, it takes all for that, whatever it says
                answer = ask(Part(tuple(group), expected or known[0], options.keyterms, verbatim=options.verbatim))
                yield from chain.from_iterable(answer.segments)
            else:
                yield from follower.recognize(group)

    def close(self) -> None:
        """End the child; what is in its hands ends with `EngineClosed`."""
        self._child.close()
