"""The two networks, ready to run: voices in a window of audio, and a voice as a vector."""

import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import openvino as ov

from callscribe.speech.diarization import networks
from callscribe.speech.diarization.checkpoint import read_checkpoint
from callscribe.speech.interface import SAMPLE_RATE, Samples
from callscribe.speech.runtime import core

SEGMENTATION_FILE: Final = "pyannote_segmentation_3.0.bin"
EMBEDDING_FILE: Final = "campplus_cn_en_common.pt"

WINDOW: Final = 10 * SAMPLE_RATE
"""Samples that the segmentation network was trained on at a time."""

FRAMES: Final = 589
"""Frames it has for a window. Frame i stands for the samples around `FRAME_CENTRE + i * FRAME_STEP`."""

FRAME_STEP: Final = 270
FRAME_CENTRE: Final = 495

VOICES: Final = 3
"""Voices that it tells apart in a window."""

VECTOR: Final = 192
"""Numbers of the vector that a voice is."""

_SETS: Final = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], bool)
"""The sets of voices that its seven outputs stand for."""

_LENGTHS: Final = 20
"""Features are cut to a multiple of so many frames, so that the runtime meets few different shapes."""


class SpeakerModels:
    """Both networks on the CPU. Safe to use from several threads, one after the other.

    Args:
        folder: with `SEGMENTATION_FILE` and `EMBEDDING_FILE`, as the catalogue lays them out.
        threads: 0 takes every core.

    Raises:
        SetupError: the files cannot be read.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self._lock = threading.Lock()
        # Single precision everywhere: with the processor's choice of types, two workers might not agree.
        options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads

        def ready(graph: ov.Model) -> ov.InferRequest:
            return core().compile_model(graph, "CPU", options).create_infer_request()

        self._segmentation = ready(networks.segmentation(read_checkpoint(folder / SEGMENTATION_FILE)))
        self._embedding = ready(networks.embedding(read_checkpoint(folder / EMBEDDING_FILE)))

    def voices(self, samples: Samples) -> npt.NDArray[np.bool_]:
        """Who speaks in `WINDOW` samples: `(FRAMES, VOICES)`; the voices' order means nothing beyond the window."""
        with self._lock:
            scores = self._segmentation.infer([samples.reshape(1, 1, -1)])[0][0]
            spoken: npt.NDArray[np.bool_] = _SETS[scores.argmax(axis=1)]
        return spoken

    def embed(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The voice in `(frames, 80)` log mel energies as `(192,)` of length 1; voices alike have a high product."""
        if len(features) > 2 * _LENGTHS:
            features = features[: len(features) // _LENGTHS * _LENGTHS]
        with self._lock:
            vector = self._embedding.infer([(features - features.mean(axis=0))[None]])[0][0].copy()
        normalised: npt.NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
        return normalised
