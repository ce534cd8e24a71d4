"""How fast this machine could be at best: the model's multiply-adds over the rate of its matrix multiplication.

    python benchmarks/limit.py [--results FILE]

Multiply-adds of Whisper (https://arxiv.org/abs/2212.04356) with width d, m mel bands, a vocabulary of V, over S steps
of 20 ms:

    encoder  2S·3md + S·3d² (convolutions) + layers·(12Sd² + 2S²d)      projections 4, feed-forward 8, attention 2S²d
    decoder  layers·2Sd² a window (keys and values of the audio)
             + layers·(14d² + 2td + 2Sd) + Vd a token at place t        self 4, cross 2, feed-forward 8; vocabulary

The decoder follows `beam` hypotheses and reads the text once more for the times of words. What is counted: `whole`, as
the model was made, every channel in windows of 30 s, and `speech`, only the stretches in which somebody speaks, in the
windows that callscribe cuts. The tokens are those of the corpus's transcripts.

The rates are the best of OpenVINO's (oneDNN's) own matrix products in the model's sizes, in the precisions that the
recognisers compute in: feed-forward layers over 1500 rows for the encoder, and over 40 rows (8 windows, 5 hypotheses)
for the decoder. With the results of `speech.py` the table says how many times the limit each recogniser needs.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
import tokenizers
from openvino import opset15 as op
from rich.table import Table

from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.whisper.weights import Weights
from callscribe.speech.segmentation import segment
from callscribe.speech.windows import plan_windows
from corpus import recordings
from scoring import show
from speech import SETS, Task

_STEPS: Final = 50
"""Encoded steps a second."""

_WINDOW: Final = 30.0
_ENCODER_ROWS, _DECODER_ROWS = 1500, 40
_PRECISIONS: Final = ("f32", "bf16", "int8")
_PROMPT: Final = 5
"""Tokens around the text of a window: start, language, task, and two timestamps."""


@dataclass(frozen=True, slots=True)
class Model:
    """A Whisper model's sizes."""

    width: int
    bands: int
    vocabulary: int
    encoder_layers: int
    decoder_layers: int

    @classmethod
    def of(cls, folder: Path) -> "Model":
        """The sizes of the model in a folder of the catalogue."""
        weights = Weights.read(folder)
        vocabulary, width = weights.shape("decoder/embeddings/weight")
        bands = weights.shape("encoder/conv1/weight")[1]
        return cls(width, bands, vocabulary, weights.layers("encoder"), weights.layers("decoder"))

    def encode(self, seconds: float) -> float:
        """Multiply-adds for encoding a window."""
        steps, width = seconds * _STEPS, self.width
        convolutions = 2 * steps * 3 * self.bands * width + steps * 3 * width**2
        return convolutions + self.encoder_layers * (12 * steps * width**2 + 2 * steps**2 * width)

    def decode(self, seconds: float, tokens: float, beam: int) -> float:
        """Multiply-adds for decoding a window by beam search, and for aligning its words."""
        steps, width = seconds * _STEPS, self.width
        audio = self.decoder_layers * 2 * steps * width**2
        layer = 14 * width**2 + 2 * (tokens / 2) * width + 2 * steps * width
        token = self.decoder_layers * layer + self.vocabulary * width
        return audio + tokens * (beam * token + token - self.vocabulary * width)


@dataclass(frozen=True, slots=True)
class Work:
    """Multiply-adds of the two parts."""

    encoder: float
    decoder: float

    def seconds(self, rates: "Rates") -> float:
        """Time that the work takes at the rates of a machine."""
        return self.encoder / rates.encoder + self.decoder / rates.decoder


@dataclass(frozen=True, slots=True)
class Rates:
    """Multiply-adds a second in matrices of the encoder's and the decoder's sizes."""

    encoder: float
    decoder: float


def work(windows: Sequence[float], tokens: float, model: Model, beam: int) -> Work:
    """The work of windows of so many seconds each, that share `tokens` of text by their length."""
    total = sum(windows)
    encoder = sum(model.encode(seconds) for seconds in windows)
    decoder = sum(model.decode(seconds, tokens * seconds / total + _PROMPT, beam) for seconds in windows)
    return Work(encoder, decoder)


def whole_windows(tasks: Sequence[Task]) -> list[float]:
    """Every channel in windows of 30 s, the last one padded."""
    return [_WINDOW for task in tasks for _ in task.texts for _ in range(int(-(-task.seconds // _WINDOW)))]


def speech_windows(tasks: Sequence[Task]) -> list[float]:
    """The windows in which somebody speaks, by their own length."""
    with closing(Decoder()) as decoder:
        maps = [segment(decoder.windows(task.path)) for task in tasks]
    return [plan.span.duration for found in maps for channel in found.channels for plan in plan_windows(channel)]


def rate(precision: str, rows: int, width: int, threads: int, *, layers: int = 6, attempts: int = 30) -> float:
    """Multiply-adds a second of feed-forward layers over so many rows: the best of several attempts."""
    rng = np.random.default_rng(1)
    data = op.parameter([rows, width], ov.Type.f32)
    node: Any = data
    for _ in range(layers):
        for inputs, outputs in ((width, 4 * width), (4 * width, width)):
            matrix = (rng.normal(size=(inputs, outputs)) / np.sqrt(inputs)).astype(np.float32)
            node = _product(node, matrix, quantized=precision == "int8")
    options = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = ov.Core().compile_model(ov.Model([node], [data]), "CPU", options).create_infer_request()
    inputs_ = [rng.normal(size=(rows, width)).astype(np.float32)]
    best = float("inf")
    for _ in range(attempts):
        began = time.perf_counter()
        request.infer(inputs_)
        best = min(best, time.perf_counter() - began)
    return rows * width * 4 * width * 2 * layers / best


def _product(node: Any, matrix: np.ndarray, *, quantized: bool) -> Any:
    """A matrix product, in int8 where both sides carry the marks that make OpenVINO compute so."""
    if not quantized:
        return op.matmul(node, op.constant(matrix), transpose_a=False, transpose_b=False)
    largest = np.float32(4.0)
    marked = op.fake_quantize(node, -largest, largest * 127 / 128, -largest, largest * 127 / 128, 256)
    scales = np.abs(matrix).max(axis=0, keepdims=True) / 127
    numbers = op.constant(np.round(matrix / scales).astype(np.int8))
    restored = op.multiply(op.convert(numbers, ov.Type.f32), op.constant(scales.astype(np.float32)))
    return op.matmul(marked, restored, transpose_a=False, transpose_b=False)


def report_rates(rates: dict[str, Rates]) -> Table:
    """The table of rates."""
    table = Table("Precision", "Encoder's sizes, billion multiply-adds a second", "Decoder's sizes")
    for precision, each in rates.items():
        table.add_row(precision, f"{each.encoder / 1e9:.0f}", f"{each.decoder / 1e9:.0f}")
    return table


def report(works: dict[str, dict[str, Work]], rates: dict[str, Rates], results: dict[str, Any]) -> Table:
    """The table of work and limits."""
    names = list(next(iter(results.values()), {}))
    table = Table(
        "Set",
        "Counted",
        "Encoder, billion",
        "Decoder",
        *(f"Limit {each}, s" for each in rates),
        *(f"{n}, s" for n in names),
    )
    for title, counted in works.items():
        for index, (way, each) in enumerate(counted.items()):
            limits = [each.seconds(rate_) for rate_ in rates.values()]
            best = min(limits)
            table.add_row(
                "" if index else title,
                way,
                f"{each.encoder / 1e9:.0f}",
                f"{each.decoder / 1e9:.0f}",
                *(f"{limit:.1f}" for limit in limits),
                *(
                    f"{results[title][name]['seconds']:.0f} ({results[title][name]['seconds'] / best:.1f} ×)"
                    for name in names
                    if title in results
                ),
            )
    return table


def main() -> None:
    """Count, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the long recording, as in speech.py")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--results", type=Path, help="what speech.py --results has written")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    arguments = parser.parse_args()
    folder = Catalogue(Settings().models).path(arguments.model)
    model = Model.of(folder)
    vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    rates = {
        precision: Rates(
            rate(precision, _ENCODER_ROWS, model.width, arguments.threads),
            rate(precision, _DECODER_ROWS, model.width, arguments.threads),
        )
        for precision in _PRECISIONS
    }
    show(report_rates(rates), markdown=arguments.markdown)
    known = [each for each in recordings() if each.seconds >= 2]
    works: dict[str, dict[str, Work]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets:
            title, make = SETS[name]
            tasks = make(known, Path(temporary), arguments.seed)
            tokens = sum(
                len(vocabulary.encode(text, add_special_tokens=False).ids) for task in tasks for text in task.texts
            )
            works[title] = {
                "whole": work(whole_windows(tasks), tokens, model, arguments.beam),
                "speech": work(speech_windows(tasks), tokens, model, arguments.beam),
            }
    results = json.loads(arguments.results.read_text()) if arguments.results else {}
    show(report(works, rates, results), markdown=arguments.markdown)


if __name__ == "__main__":
    main()
