"""Getting a model: its files, checked and converted, and prepared for int8 where the processor is quick at it.

As a program, `python -m callscribe.system.pulling NAME`, it does so for a server and writes how far it is where `pulls`
reads it: what computes, and the memory for a conversion, are not the server's.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import NEVER
from callscribe.demo import RECORDING
from callscribe.errors import SetupError
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines import registry
from callscribe.speech.models import CATALOGUE
from callscribe.speech.pipeline import windows_of
from callscribe.system.pulls import Pull, Status, read, write

TOLD_EVERY: Final = 0.5
"""Seconds."""

Samples = npt.NDArray[np.float32]


def needs_preparation(name: str, folder: Path) -> bool:
    """Whether a model whose files are here could be computed in int8 on this machine, if it were prepared."""
    from callscribe.speech.engines.whisper import calibration  # noqa: PLC0415  loads what computes

    others = {each.name for each in CATALOGUE if (each.task, each.engine) != ("recognition", registry.DEFAULT.name)}
    return name not in others and calibration.needs_preparation(folder)


def speech() -> list[Samples]:
    """The bundled call in windows, by which models are prepared."""
    with closing(Decoder()) as decoder:
        return [window.samples for window in windows_of(decoder, RECORDING, NEVER)]


def prepare(folder: Path, windows: Sequence[Samples], settings: Settings, progress: Callable[[int], None]) -> None:
    """Have a model computed in int8; `progress` is told windows done.

    Raises:
        SetupError: its weights cannot be read.
    """
    from callscribe.speech.engines.whisper import calibration  # noqa: PLC0415  as above

    calibration.prepare(folder, windows, threads=settings.threads, progress=progress)


class _Telling:
    """Writes down how far a pull is, twice a second at most."""

    def __init__(self, pull: Pull, settings: Settings) -> None:
        self._pull, self._settings = pull, settings
        self._next = 0.0

    def __call__(self, **changes: Any) -> None:
        """Say what has changed."""
        self._pull = self._pull.changed(**changes)
        if self._pull.status is not Status.RUNNING or time.monotonic() >= self._next:
            self._next = time.monotonic() + TOLD_EVERY
            write(self._pull, self._settings)


def _pull(name: str, settings: Settings) -> None:
    tell = _Telling(read(name, settings) or Pull.begun(name), settings)
    try:
        folder = Catalogue(settings.models).path(name, lambda done, total: tell(step="getting", done=done, total=total))
        if needs_preparation(name, folder):
            windows = speech()
            prepare(folder, windows, settings, lambda done: tell(step="preparing", done=done, total=len(windows)))
    except SetupError as error:
        tell(status=Status.FAILED, error=str(error))
    except Exception as error:
        tell(status=Status.FAILED, error=f"{type(error).__name__}: {error}. The server's log says more.")
        raise
    else:
        tell(status=Status.COMPLETED)


def main() -> None:
    """Pull the model that is named, by the settings of the environment."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the server is stopped: what is half done is taken up next time
    os.nice(5)  # calls come first
    _pull(sys.argv[1], Settings())


if __name__ == "__main__":
    main()
