"""Silero VAD, frame by frame: how likely each 32 ms of a channel are speech.

Silero VAD v6 (https://github.com/snakers4/silero-vad, MIT; the ONNX file that faster-whisper ships). It runs on
OpenVINO, which needs a third of ONNX Runtime's time for it.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE
from callscribe.speech.runtime import core

FRAME: Final = 512
"""Samples in a frame of Silero VAD at 16 kHz."""

FRAME_SECONDS: Final = FRAME / SAMPLE_RATE

GROUP: Final = 64
"""Frames that go through the network at once: 2 s."""

_CONTEXT: Final = 64
"""Samples of the frame before that the network wants to see."""

Frames = npt.NDArray[np.float32]
"""`(frames, FRAME)` samples in [-1, 1]."""

Scores = npt.NDArray[np.uint8]
"""`(frames,)` probabilities of speech, times 255."""


class Lane:
    """One network and its state, which is carried from group to group."""

    def __init__(self) -> None:
        self._request = _network().create_infer_request()
        self.forget()

    def forget(self) -> None:
        """Begin anew, as at the start of a recording."""
        self._hidden = self._cell = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def hear(self, frames: Frames) -> Scores:
        """The scores of the next frames. A group that is not whole is filled up with silence, which is heard, too."""
        filled = np.pad(frames, ((0, -len(frames) % GROUP), (0, 0)))
        scores = [self._hear(group) for group in filled.reshape(-1, GROUP, FRAME)]
        return np.concatenate([np.zeros(0, np.uint8), *scores])[: len(frames)]

    def _hear(self, group: Frames) -> Scores:
        contexts = np.vstack([self._context, group[:-1, -_CONTEXT:]])
        self._context = group[-1, -_CONTEXT:].copy()
        answer = self._request.infer({"input": np.hstack([contexts, group]), "h": self._hidden, "c": self._cell})
        probabilities, hidden, cell = answer.values()
        self._hidden, self._cell = hidden.copy(), cell.copy()  # the request writes over its own next time
        scores: Scores = np.round(probabilities * 255).astype(np.uint8)
        return scores


@cache
def _network() -> Any:
    """Silero, compiled once in a process for groups of frames; each lane has a request and a state of its own."""
    package = find_spec("faster_whisper")  # found and not imported: it would bring CTranslate2 along
    assert package is not None
    assert package.origin is not None
    model = core().read_model(Path(package.origin).parent / "assets" / "silero_vad_v6.onnx")
    model.reshape({"input": [GROUP, _CONTEXT + FRAME], "h": [1, 1, 128], "c": [1, 1, 128]})
    # In single precision also where the processor has a shorter one: probabilities would move by up to a half.
    # A stream, of one thread, for each channel.
    options = {
        "NUM_STREAMS": 2,
        "INFERENCE_NUM_THREADS": 2,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return core().compile_model(model, "CPU", options)
