"""The parent's side of the process that hears voices: started when it is first needed, and anew when it has died."""

import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from callscribe.errors import Code, SetupError, TransientJobError
from callscribe.framing import LOST, Channel
from callscribe.speech.children import harmless_environment
from callscribe.speech.diarization.model import FRAMES, VECTOR, VOICES
from callscribe.speech.interface import Samples

_PATIENCE: Final = 120.0
"""Seconds after which one that says nothing counts as hung: many times what the slowest start takes."""


class SpeakerProcess:
    """Both networks of `SpeakerModels`, in a process that can do nothing but compute. Safe to use from several threads.

    Args:
        folder: as there.
        threads: as there.

    Raises:
        SetupError: the files cannot be read.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self._arguments = [str(folder), str(threads)]
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        process = subprocess.Popen(  # noqa: S603  our own module in our own interpreter
            [sys.executable, "-P", "-m", "callscribe.speech.diarization.child", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=harmless_environment(),
            bufsize=0,
            start_new_session=True,  # an interrupt at the terminal is for the parent to handle
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._end = weakref.finalize(self, _end, process)
        self._channel = Channel(process.stdout.fileno(), process.stdin.fileno())
        try:
            header, _ = self._channel.receive(_watch)
        except BaseException as error:
            self._end()
            if isinstance(error, LOST):
                raise SetupError("The process that tells speakers apart does not start.") from error
            raise
        if "fault" in header:
            self._end()
            raise SetupError(str(header["fault"]))

    def voices(self, samples: Samples) -> npt.NDArray[np.bool_]:
        """As `SpeakerModels.voices`.

        Raises:
            TransientJobError: 17561, the process died.
        """
        body = self._ask("voices", samples, FRAMES * VOICES)
        return np.frombuffer(body, np.uint8).reshape(FRAMES, VOICES).astype(np.bool_)

    def embed(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """As `SpeakerModels.embed`.

        Raises:
            TransientJobError: 17561, the process died.
        """
        return np.frombuffer(self._ask("embed", features, 4 * VECTOR), "<f4")

    def _ask(self, what: Literal["voices", "embed"], values: npt.NDArray[np.float32], size: int) -> bytearray:
        """So many bytes of an answer; what is not as long is none."""
        data = values.astype("<f4", copy=False)
        with self._lock:
            if not self._end.alive:
                self._start()
            try:
                self._channel.send({"do": what, "shape": data.shape}, [data.tobytes()], _watch)
                _, body = self._channel.receive(_watch)
            except BaseException as error:
                self._end()
                if isinstance(error, LOST):
                    raise _died() from error
                raise
            if len(body) != size:
                self._end()
                raise _died()
        return body


def _died() -> TransientJobError:
    return TransientJobError(Code.JOB_INTERNAL, "The process that tells speakers apart died.")


def _watch(silent: float) -> None:
    if silent > _PATIENCE:
        raise TimeoutError(f"it said nothing for {_PATIENCE:g} s")


def _end(process: "subprocess.Popen[bytes]") -> None:
    with process:
        process.kill()
