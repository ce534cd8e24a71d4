"""What a model has to be known by before it computes in int8: see `quantization`.

Speech goes through the model as it is, in bfloat16 or float32, encoder and beam search, and for every linear layer the
largest magnitude of each channel of its input is noted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov

from callscribe.speech.engines.whisper import quantization
from callscribe.speech.engines.whisper.compute import precision, ways
from callscribe.speech.engines.whisper.graphs import OBSERVED
from callscribe.speech.engines.whisper.network import Prompt, Tokenizers
from callscribe.speech.engines.whisper.openvino_network import OpenVinoNetwork
from callscribe.speech.engines.whisper.quantization import Floats, Magnitudes
from callscribe.speech.engines.whisper.weights import Weights
from callscribe.speech.interface import Samples

_BEAMS: Final = 2
_LONGEST: Final = 224

Progress = Callable[[int], None]
"""Told how many windows are done."""


def needs_preparation(folder: Path) -> bool:
    """Whether the model in a folder could be computed in int8 here, if it were prepared."""
    weights = Weights.find(folder) if "int8" in ways() else None
    return weights is not None and quantization.find(folder, weights) is None


def prepare(folder: Path, windows: Sequence[Samples], *, threads: int, progress: Progress) -> None:
    """Put beside a model's weights what it takes to compute in int8. `threads` 0 is every core.

    Raises:
        SetupError: the weights cannot be read.
    """
    weights = Weights.read(folder)
    magnitudes = calibrate(folder, weights, windows, threads=threads, progress=progress)
    quantization.write(folder / quantization.FILE, magnitudes, weights)


def calibrate(
    folder: Path,
    weights: Weights,
    windows: Sequence[Samples],
    *,
    threads: int,
    progress: Progress = lambda _done: None,
) -> Magnitudes:
    """The magnitudes of a model's inputs over windows of speech, each at most 28 s long.

    A few minutes of speech do: several voices, and the lines that it is for. `progress` is told how many are done.
    """
    found: dict[str, Floats] = {}

    def note(request: ov.InferRequest) -> None:
        for output in request.model_outputs:
            for name in output.get_names():
                if name.startswith(OBSERVED):
                    layer, magnitudes = name.removeprefix(OBSERVED), np.array(request.get_tensor(output).data)
                    found[layer] = np.maximum(found.get(layer, magnitudes), magnitudes)

    tokenizers = Tokenizers(folder)
    network = OpenVinoNetwork(folder, weights, tokenizers, threads=threads, precision=precision("bf16"), observer=note)
    for done, samples in enumerate(windows, 1):
        encoded = network.encode([samples], [network.frames(len(samples))])
        language = "en"
        if tokenizers.multilingual:
            (odds,) = network.languages(encoded)
            language = max(odds, key=odds.__getitem__)
        network.beam_search(encoded, [Prompt(tokenizers[language], longest=_LONGEST)], _BEAMS)
        progress(done)
    return found
