"""The engine: models on sherpa-onnx, in a child process."""

import time
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal

from callscribe.cancellation import Cancellation, run_cancellable
from callscribe.errors import TransientJobError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.batching import Batcher, in_requests
from callscribe.speech.engines.process import ChildProcess
from callscribe.speech.engines.sherpa.messages import Part, Requests
from callscribe.speech.interface import RecognitionOptions, Segment, SpeechWindow, Surroundings

CHILD: Final = "callscribe.speech.engines.sherpa.child"
"""What the child process runs."""


class SherpaEngine:
    """Recognises speech with the models of the catalogue that are for it, each in the language that is asked for.

    Args:
        settings: of the program.
        provider: what the runtime computes with, `cpu` or `cuda`.

    """

    takes: ClassVar[Literal["windows"]] = "windows"

    def __init__(self, settings: Settings, *, provider: str) -> None:
        self._catalogue = Catalogue(settings.models)
        self._child = ChildProcess(CHILD, provider, str(settings.threads), models=settings.models)
        self._shared = Batcher(self._child, Requests())
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
        surroundings: Surroundings | None = None,  # noqa: ARG002  no model looks at what is spoken
    ) -> Iterator[Segment]:
        """Yield segments window by window; see `interface.WindowEngine`.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: 17561, the child died of a request again and again, or failed to recognise it.
            EngineClosed: the engine was closed.
            SetupError: the model is not on this machine and cannot be had.
        """
        # It may have to be got first. One that is cancelled meanwhile leaves that to the next.
        folder = run_cancellable(lambda: str(self._catalogue.path(model)), cancelled)
        locale = options.language or "en-US"  # no configuration asks these models to find out
        for group in in_requests(windows):
            cancelled.raise_if_cancelled()
            try:
                answer = self._shared.ask(folder, Part(tuple(group), locale), cancelled, options.owner)
            except TransientJobError:  # its weights may be damaged: the next attempt looks, and a new child loads them
                self._catalogue.doubt(model)
                self._child.retire()
                raise
            self._answered_at = time.monotonic()
            yield from answer

    def close(self) -> None:
        """End the child; what is in its hands ends with `EngineClosed`."""
        self._child.close()
