"""Linear layers in int8: how a layer's inputs and weights are scaled before they are rounded.

A few channels of a transformer's activations are far larger than the others, and with one scale for all of them the
others would round to nothing. SmoothQuant (https://arxiv.org/abs/2211.10438, section 4) divides each channel of the
inputs by a number and multiplies the weights of that channel with it, so that each takes a part of the difficulty.
What it takes to know is the largest magnitude of each channel on ordinary speech (`calibration`). For the models that
most people use it is in files of this package; for others in a file beside the weights.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from callscribe.speech.engines.whisper.weights import Weights

Floats = npt.NDArray[np.float32]

Magnitudes = Mapping[str, Floats]
"""By the name of a layer, the largest magnitude of each channel of its input, `(inputs)`."""

NOT_QUANTIZED: Final[Magnitudes] = MappingProxyType({})
"""Nothing is known of any layer's inputs."""

FILE: Final = "int8.npz"
"""Where a model's folder has its magnitudes."""

_SHARE: Final = 0.7
"""SmoothQuant's alpha: 1 leaves all of the difficulty to the weights, 0 to the inputs. Of 0.5 to 0.85, the least error
of the encoder's output with Whisper base."""

_LEAST_INPUT: Final = 1e-3
_LEAST_WEIGHT: Final = 1e-5

_AT_ONCE: Final = 4096
"""Rows of a matrix; a vocabulary's, all at once, would take a few hundred megabytes for a moment."""

_LEVELS: Final = 127
"""Whole numbers to each side of 0."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """`divisors` `(inputs)` of a layer's inputs, and the largest magnitude that these have then."""

    divisors: Floats
    limit: float


def scaling(magnitudes: Floats, weights: npt.NDArray[np.floating]) -> Scaling:
    """By what to divide a layer's inputs, whose weights are `(outputs, inputs)`. Formula (4) of SmoothQuant."""
    inputs = np.maximum(magnitudes, _LEAST_INPUT)
    columns = np.maximum(np.abs(weights).max(axis=0).astype(np.float32), _LEAST_WEIGHT)
    divisors = inputs**_SHARE / columns ** (1 - _SHARE)
    divisors = (divisors / np.exp(np.log(divisors).mean())).astype(np.float32)
    return Scaling(divisors, float((inputs / divisors).max()))


def rounded(
    weights: npt.NDArray[np.floating], divisors: Floats | None = None
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Weights `(outputs, inputs)`, times their inputs' divisors, in 8 bits; and the scale of each output."""
    whole, scales = np.empty(weights.shape, np.int8), np.empty((len(weights), 1), np.float32)
    for start in range(0, len(weights), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        exact = weights[rows].astype(np.float32)
        if divisors is not None:
            exact *= divisors
        scales[rows] = np.maximum(np.abs(exact).max(axis=1, keepdims=True), 1e-8) / _LEVELS
        whole[rows] = np.round(exact / scales[rows])
    return whole, scales


def find(folder: Path, weights: Weights) -> Magnitudes | None:
    """What is known of a model's inputs: from its folder or this package; None where nothing is."""
    own = folder / FILE
    if own.is_file():
        magnitudes = _read(own, weights)
        if magnitudes:
            return magnitudes
    with as_file(files(__package__) / "int8") as shipped:
        for path in sorted(shipped.glob("*.npz")):
            magnitudes = _read(path, weights)
            if magnitudes:
                return magnitudes
    return None


def write(path: Path, magnitudes: Magnitudes, weights: Weights) -> None:
    """Keep magnitudes, with the mark of the weights that they are of."""
    partial = path.with_name(path.name + ".partial")
    arrays = {name: each.astype(np.float16) for name, each in magnitudes.items()}
    with partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, weights=np.array(fingerprint(weights)), **arrays)
    partial.replace(path)


def _read(path: Path, weights: Weights) -> Magnitudes | None:
    """The magnitudes in a file; None where they are of other weights, or it is no such file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays["weights"]) != fingerprint(weights):
                return None
            return {name: arrays[name].astype(np.float32) for name in arrays.files if name != "weights"}
    except (BadZipFile, EOFError, KeyError, OSError, ValueError):
        return None


def fingerprint(weights: Weights) -> str:
    """By what weights are told from others, whatever form of file they are in: SHA-256 of the encoder's first biases.

    No training leaves these as they were.
    """
    numbers = weights["encoder/layer_0/ffn/linear_0/bias"].astype("<f2")
    return hashlib.sha256(numbers.tobytes()).hexdigest()
