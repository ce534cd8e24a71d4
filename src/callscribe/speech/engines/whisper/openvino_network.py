"""Whisper on OpenVINO: the way on processors with units for matrices in int8 or bfloat16.

It is several times as fast there as CTranslate2 in int8. All numbers of a window
are computed from that window alone, in an order that does not depend on its batch: the same audio gives the same text,
alone and in any batch. Decision 0012 lists what that takes.
"""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import openvino as ov
from faster_whisper.tokenizer import Tokenizer

from callscribe.speech.conversion import decoding_settings
from callscribe.speech.engines.whisper import fillers, graphs
from callscribe.speech.engines.whisper.attention import token_shares
from callscribe.speech.engines.whisper.beam_search import Decoded, Floats, Ints, Scores, Search, Task, Vocabulary
from callscribe.speech.engines.whisper.biasing import Bias, tokenize, word_beginnings
from callscribe.speech.engines.whisper.compute import Precision
from callscribe.speech.engines.whisper.decoding import Hypothesis
from callscribe.speech.engines.whisper.features import Features, frames_for, tail_for
from callscribe.speech.engines.whisper.network import Prompt, Tokenizers, TokenTimes
from callscribe.speech.engines.whisper.products import Product
from callscribe.speech.engines.whisper.quantization import NOT_QUANTIZED, Magnitudes
from callscribe.speech.engines.whisper.weights import Weights
from callscribe.speech.interface import SAMPLE_RATE, Samples

log = logging.getLogger(__name__)

_MEMORY_BYTES: Final = 96 * 2**20
"""What the decoder attends to in one batch may take: windows for an efficient step, and no more."""

_BATCH: Final = 24

_LEAST_ROWS: Final = 5
_LEAST_BEAMS: Final = 2
"""Rows of the decoder in all, and of each window. Layers with weights in 8 bits give other last bits for fewer rows
(seen for 1 to 4 with AVX-512 BF16, for 1 in float32), and so does attention for one; more is always the same."""

_LENGTH_GRAIN: Final = 32
"""Likewise for the tokens of texts that are aligned."""

_ALIGNED: Final = 4
"""Windows whose texts are aligned at once."""

_LONGEST: Final = 448
"""Tokens that the model has positions for."""

_SAMPLES: Final = 5

_BOOST: Final = 2.0
"""Natural logarithm by which a token of a key term is likelier."""

_FILLER_BOOST: Final = 1.0
"""Likewise of a filler and of the commas around it. With 1.5 fillers are doubled, and heard where there are none."""

_NEVER: Final = np.float32(-1e9)

_TYPES: Final = {2: ov.Type.bf16, 4: ov.Type.f32}
"""By bytes of a number."""

Observer = Callable[[ov.InferRequest], None]
"""Looks at a request of encoder or decoder that has run; graphs then have further outputs (`graphs.encoder`)."""

Bits = npt.NDArray[np.unsignedinteger]
"""Those of floating-point numbers."""

_BITS: Final[dict[Precision, type[np.unsignedinteger]]] = {"bf16": np.uint16, "f32": np.uint32}


@dataclass(frozen=True, slots=True)
class Memory:
    """Encoded windows: what the decoder attends to.

    `arrays` are, layer by layer, keys `(windows, heads, head width, steps)` and values `(windows, heads, steps, head
    width)`: the bits of a bfloat16 in 16 bits each, or of a float32 in 32. `mask` `(windows, 1, 1, steps)` is 0 where a
    window has steps, and far below where it is shorter than the longest.
    """

    arrays: list[Bits]
    mask: Floats

    def __len__(self) -> int:
        return len(self.mask)

    def of(self, windows: slice) -> "Memory":
        """These windows of it; views."""
        return Memory([array[windows] for array in self.arrays], self.mask[windows])

    def steps(self, window: int) -> int:
        """How many steps a window has."""
        return int(np.count_nonzero(self.mask[window] == 0))

    def alone(self, window: int) -> "Memory":
        """One window of it, no longer than it would be by itself; a copy."""
        part, steps = self.of(slice(window, window + 1)), _whole_blocks(self.steps(window))
        arrays = [
            np.ascontiguousarray(array[:, :, :steps] if output % 2 else array[..., :steps])
            for output, array in enumerate(part.arrays)
        ]
        return Memory(arrays, np.ascontiguousarray(part.mask[..., :steps]))


class OpenVinoNetwork:
    """A loaded model; see `network.Network`."""

    mixes = True

    def __init__(
        self,
        folder: Path,
        weights: Weights,
        tokenizers: Tokenizers,
        *,
        threads: int,
        precision: Precision,
        magnitudes: Magnitudes = NOT_QUANTIZED,
        observer: Observer | None = None,
    ) -> None:
        tokenizer = tokenizers["en"]
        self._shape = graphs.Shape.of(weights)
        config = decoding_settings(
            json.loads((folder / "config.json").read_text()),
            tokenizer.tokenizer,
            layers=self._shape.decoder_layers,
            heads=self._shape.heads,
        )
        self._vocabulary = Vocabulary(tokenizer.sot, tokenizer.eot, tokenizer.timestamp_begin, tokenizer.no_speech)
        self._languages = {
            tokenizer.tokenizer.decode([token], skip_special_tokens=False)[2:-2]: token for token in config["lang_ids"]
        }
        self._bits = _BITS[precision]
        self._features = Features(self._shape.mel_bands)
        self._embeddings = graphs.Embeddings(weights)
        self._rest = Product(self._embeddings.tail(tokenizer.eot))
        encoder = graphs.compiled(
            graphs.encoder(weights, precision, magnitudes, observed=observer is not None),
            precision=precision,
            threads=threads,
        )
        decoder = graphs.compiled(
            graphs.decoder(
                weights,
                precision,
                config["suppress_ids"],
                tokenizer.eot,
                config["alignment_heads"],
                magnitudes,
                observed=observer is not None,
            ),
            precision=precision,
            threads=threads,
        )
        self._encoder, self._decoder = encoder.model.create_infer_request(), decoder.model
        self._files = weights, encoder.weights, decoder.weights
        self.rest()
        self._batch = _BATCH
        self._observer: Observer | None = None
        self._warm_up()
        self._observer = observer  # not of what was made up to warm up

    def frames(self, samples: int) -> int:
        """See `network.Network`."""
        return frames_for(samples, tail_for(self._shape.width), grain=1)

    def batch_size(self, frames: Sequence[int]) -> int:
        """See `network.Network`."""
        values = 2 * self._shape.width * self._shape.decoder_layers
        return max(1, min(self._batch, _MEMORY_BYTES // (2 * values * _whole_blocks(frames[0] // 2))))

    def rest(self) -> None:
        """See `network.Network`."""
        for file in self._files:
            file.let_go()

    def _warm_up(self) -> None:
        """Run on next to nothing: a graph copies its weights at its first run, best beside an otherwise small heap."""
        self.encode([np.zeros(SAMPLE_RATE, np.float32)], [2 * graphs.STEPS])
        self.rest()
        if not self._is_independent():
            log.warning("OpenVINO computes windows otherwise in a batch than alone here: each goes alone, slowly")
            self._batch = 1
        self.rest()

    def _is_independent(self) -> bool:
        """Whether a window comes out the same to the last bit alone and in a batch: tried on three that are made up."""
        memory = self._made_up([blocks * graphs.STEPS for blocks in (9, 7, 3)])
        return self._outcome(memory) == [
            outcome for index in range(len(memory)) for outcome in self._outcome(memory.alone(index))
        ]

    def _made_up(self, steps: Sequence[int]) -> Memory:
        """Windows of so many steps, of numbers that mean nothing; the same ones for every layer."""
        memory = self._empty(steps, layers=1)
        for output, array in enumerate(memory.arrays):
            noise = np.random.default_rng(1).standard_normal(array.shape[1:], np.float32)
            for index, count in enumerate(steps):
                window = _window(array, output, index, count)
                bits = noise.view(np.uint32) >> (32 - 8 * array.itemsize)
                window[...] = bits[tuple(slice(size) for size in window.shape)]
        return Memory(memory.arrays * self._shape.decoder_layers, memory.mask)

    def _outcome(self, memory: Memory) -> list[list[bytes]]:
        """What the decoder makes of each window: in an alignment, and in steps for one row a window and for several."""
        tokens = np.full((len(memory), _LENGTH_GRAIN), self._vocabulary.start, np.int32)
        rows = np.arange(len(memory), dtype=np.int32)
        attention = self._run(memory)(self._embeddings.at(tokens, 0), rows)[-1]
        found = [[attention[index, ..., : memory.steps(index)].tobytes()] for index in range(len(memory))]
        for beams in (1, _SAMPLES):
            stepper, rows = self._stepper(memory), np.arange(len(memory) * beams, dtype=np.int32)
            for position in range(2):
                scores = stepper.step(np.full_like(rows, self._vocabulary.start), position, rows)
                for row in rows:
                    found[row // beams] += [each[row].tobytes() for each in scores.parts]
        return found

    def _empty(self, steps: Sequence[int], layers: int) -> Memory:
        """Room for windows of so many steps each."""
        shape, most = self._shape, max(map(_whole_blocks, steps))
        keys = len(steps), shape.heads, shape.head, most
        values = len(steps), shape.heads, most, shape.head
        arrays: list[Bits] = [np.zeros(each, self._bits) for _ in range(layers) for each in (keys, values)]
        mask = np.full((len(steps), 1, 1, most), _NEVER)
        for index, count in enumerate(steps):
            mask[index, ..., :count] = 0
        return Memory(arrays, mask)

    def encode(self, windows: Sequence[Samples], frames: Sequence[int]) -> Memory:
        """Each window by itself, which is as fast as many at once and leaves each its own length."""
        memory = self._empty([count // 2 for count in frames], self._shape.decoder_layers)
        with ThreadPoolExecutor(max_workers=1) as ahead:  # features of the next windows while one is encoded
            features = ahead.map(self._features.of, windows, frames)
            for index, (spectrogram, count) in enumerate(zip(features, frames, strict=True)):
                self._encoder.infer([spectrogram[None]])
                if self._observer:
                    self._observer(self._encoder)
                for output, array in enumerate(memory.arrays):
                    part = self._encoder.get_output_tensor(output).data.view(self._bits)[0]
                    _window(array, output, index, count // 2)[...] = part
        return memory

    def beam_search(self, encoded: Memory, prompts: Sequence[Prompt], beams: int) -> list[Hypothesis]:
        """See `network.Network`."""
        found = self._search(encoded, prompts, beams).beam()
        return [_hypothesis(decoded, prompt) for decoded, prompt in zip(found, prompts, strict=True)]

    def sample(self, encoded: Memory, prompts: Sequence[Prompt], temperature: float) -> list[Hypothesis]:
        """See `network.Network`."""
        found = self._search(encoded, prompts, _SAMPLES).sample(temperature, np.random.default_rng(1))
        return [_hypothesis(decoded, prompt) for decoded, prompt in zip(found, prompts, strict=True)]

    def languages(self, encoded: Memory) -> list[dict[str, float]]:
        """See `network.Network`."""
        stepper = self._stepper(encoded)
        rows = np.arange(len(encoded), dtype=np.int32)
        scores = stepper.step(np.full_like(rows, self._vocabulary.start), 0, rows)
        logits = scores.rest[:, np.array(list(self._languages.values())) - self._vocabulary.end_of_text]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        return [dict(zip(self._languages, map(float, row), strict=True)) for row in odds]

    def align(
        self, encoded: Memory, prompts: Sequence[Prompt], hypotheses: Sequence[Hypothesis], frames: Sequence[int]
    ) -> list[TokenTimes]:
        """See `network.Network`. A few windows at a time: attention to every step of a whole text takes room."""
        times = []
        for first in range(0, len(prompts), _ALIGNED):
            some = slice(first, first + _ALIGNED)
            times += self._align(encoded.of(some), prompts[some], hypotheses[some], frames[some])
        return times

    def _align(
        self, encoded: Memory, prompts: Sequence[Prompt], hypotheses: Sequence[Hypothesis], frames: Sequence[int]
    ) -> list[TokenTimes]:
        starts = [[*prompt.tokenizer.sot_sequence, prompt.tokenizer.no_timestamps] for prompt in prompts]
        texts = [
            hypothesis.text_tokens(prompt.tokenizer) for hypothesis, prompt in zip(hypotheses, prompts, strict=True)
        ]
        length = max(len(start) + len(text) for start, text in zip(starts, texts, strict=True))
        length = min(_LONGEST, -(-length // _LENGTH_GRAIN) * _LENGTH_GRAIN)
        tokens = np.full((len(texts), length), self._vocabulary.end_of_text, np.int32)
        for row, start, text in zip(tokens, starts, texts, strict=True):
            row[: len(start) + len(text)] = [*start, *text]
        run = self._run(encoded)
        attention = run(self._embeddings.at(tokens, 0), np.arange(len(texts), dtype=np.int32))[-1]
        times = []
        for index, (start, text) in enumerate(zip(starts, texts, strict=True)):
            # The row of the token before says where the next one is.
            rows = slice(len(start) - 1, len(start) + len(text))
            steps = max(1, frames[index] // 2)
            probabilities = np.array(hypotheses[index].probabilities)
            times.append(TokenTimes(probabilities, shares=token_shares(_float32(attention[index, :, rows, :steps]))))
        return times

    def _search(self, memory: Memory, prompts: Sequence[Prompt], beams: int) -> Search:
        tasks = [Task(tuple(prompt.tokenizer.sot_sequence), prompt.longest, _biases(prompt)) for prompt in prompts]
        return Search(self._stepper(memory), self._vocabulary, tasks, beams=beams)

    def _run(self, memory: Memory) -> "_Run":
        return _Run(self._decoder, memory, self._observer)

    def _stepper(self, memory: Memory) -> "_Stepper":
        return _Stepper(self._run(memory), self._embeddings, self._rest)


class _Run:
    """The decoder over one batch, with its past."""

    def __init__(self, decoder: Any, memory: Memory, observer: Observer | None) -> None:
        self._observer = observer
        # A fresh request each time: one that was used for fewer rows gives wrong numbers for more (OpenVINO 2026.4).
        self._request = decoder.create_infer_request()
        self._past = 0
        self._attend_to(memory)

    def keep(self, windows: int) -> None:
        """Go on with the first windows only."""
        self._attend_to(self._memory.of(slice(windows)))

    def _attend_to(self, memory: Memory) -> None:
        self._memory = memory
        for index, array in enumerate(memory.arrays):
            windows, heads, *_, width = array.shape
            bits = array.reshape(windows, heads, -1, graphs.STEPS, width) if index % 2 else array
            self._request.set_input_tensor(index + 4, ov.Tensor(bits, ov.Shape(bits.shape), _TYPES[array.itemsize]))

    def __call__(self, tokens: Floats, origins: Ints) -> list[npt.NDArray[Any]]:
        """The outputs behind `(rows, length, width)` tokens; views that hold until the next call."""
        length = tokens.shape[1]
        causal = np.triu(np.full((length, self._past + length), _NEVER), self._past + 1)
        self._past += length
        inputs = (tokens, origins, np.tile(causal, (len(tokens), 1, 1, 1)), self._memory.mask)
        for index, array in enumerate(inputs):  # they live until it ran: no copy is made
            self._request.set_input_tensor(index, ov.Tensor(np.ascontiguousarray(array), shared_memory=True))
        self._request.infer()
        if self._observer:
            self._observer(self._request)
        return [self._request.get_output_tensor(index).data for index in range(5)]

    @property
    def windows(self) -> int:
        """How many it goes over."""
        return len(self._memory)


class _Stepper:
    """Steps of one token; see `beam_search.Decoder`."""

    def __init__(self, run: _Run, embeddings: graphs.Embeddings, rest: Product) -> None:
        self._run, self._embeddings, self._rest = run, embeddings, rest
        # Rows of each window in the step before: those that were looked at, and all.
        self._beams = self._computed = 1

    def keep(self, windows: int) -> None:
        """See `beam_search.Decoder`."""
        self._run.keep(windows)

    def step(self, tokens: Ints, position: int, origins: Ints) -> Scores:
        """See `beam_search.Decoder`."""
        windows = self._run.windows
        beams = len(tokens) // windows
        computed = max(beams, _LEAST_BEAMS, -(-_LEAST_ROWS // windows))
        if computed > beams:  # with copies of each window's first row, which nobody looks at
            tokens = _with_copies(tokens, windows, computed)
        # The rows of the step before that were looked at are the first of each window.
        window, beam = np.divmod(origins, self._beams)
        origins = _with_copies((window * self._computed + beam).astype(np.int32), windows, computed)
        self._beams, self._computed = beams, computed
        return self._scores(tokens, position, origins).of(windows, beams)

    def _scores(self, tokens: Ints, position: int, origins: Ints) -> Scores:
        hidden, coarse, best, total, _ = self._run(self._embeddings.at(tokens[:, None], position), origins)
        # Logits in bfloat16 are too coarse to rank by: those that count are computed anew.
        most = coarse.max(axis=1, keepdims=True)
        exact = np.matmul(self._embeddings.rows(best), hidden[:, :, None])[:, :, 0]
        others = np.maximum(np.exp(total - most) - np.exp(coarse - most).sum(axis=1, keepdims=True), 1e-12)
        summed = np.log(others + np.exp(exact - most).sum(axis=1, keepdims=True)) + most
        return Scores(best.copy(), exact, summed[:, 0], self._rest(hidden))


def _with_copies(rows: Ints, windows: int, beams: int) -> Ints:
    """Rows, those of a window next to each other, with copies of its first up to `beams` for each."""
    by_window = rows.reshape(windows, -1)
    copies = np.repeat(by_window[:, :1], beams - by_window.shape[1], axis=1)
    return np.hstack([by_window, copies]).reshape(-1)


def _float32(numbers: npt.NDArray[Any]) -> Floats:
    """Numbers as float32, of which those in bfloat16, which numpy does not know, are the upper half of the bits."""
    if numbers.dtype == np.float32:
        return numbers
    return (numbers.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def _whole_blocks(steps: int) -> int:
    """Steps that so many take in a batch."""
    return -(-steps // graphs.STEPS) * graphs.STEPS


def _window(array: Bits, output: int, index: int, steps: int) -> Bits:
    """The part of keys (even outputs of the encoder) or values (odd) that a window of so many steps has; a view."""
    return array[index, :, :steps] if output % 2 else array[index, ..., :steps]


def _hypothesis(decoded: Decoded, prompt: Prompt) -> Hypothesis:
    end = prompt.tokenizer.eot
    probabilities = tuple(
        float(np.exp(value))
        for token, value in zip(decoded.tokens, decoded.log_probabilities, strict=False)
        if token < end
    )
    text = prompt.tokenizer.decode(list(decoded.tokens)).strip()
    return Hypothesis(decoded.tokens, text, decoded.log_probability, decoded.no_speech, probabilities)


def _biases(prompt: Prompt) -> tuple[Bias, ...]:
    """What makes a window's key terms likelier, and its fillers; nothing where it has none."""
    found = []
    if prompt.keyterms:
        found.append(_keyterm_bias(prompt.tokenizer, prompt.keyterms))
    if prompt.fillers:
        found.append(_filler_bias(prompt.tokenizer, prompt.fillers))
    return tuple(found)


@lru_cache(maxsize=8)
def _keyterm_bias(tokenizer: Tokenizer, keyterms: tuple[str, ...]) -> Bias:
    return _bias(tokenizer, tokenize(keyterms, tokenizer.encode), _BOOST)


@lru_cache(maxsize=8)
def _filler_bias(tokenizer: Tokenizer, spoken: tuple[str, ...]) -> Bias:
    return _bias(tokenizer, map(tokenizer.encode, fillers.in_text(spoken)), _FILLER_BOOST)


def _bias(tokenizer: Tokenizer, terms: Iterable[Sequence[int]], boost: float) -> Bias:
    return Bias(terms, boost=boost, begins_word=word_beginnings(tokenizer.tokenizer, tokenizer.eot))
