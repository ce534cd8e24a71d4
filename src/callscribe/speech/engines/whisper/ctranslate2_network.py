"""Whisper on CTranslate2: the way on GPUs, and on processors without units for matrices in bfloat16."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
from faster_whisper.tokenizer import Tokenizer

from callscribe.speech.engines.whisper import fillers
from callscribe.speech.engines.whisper.decoding import Hypothesis
from callscribe.speech.engines.whisper.features import HOP, Features, frames_for, made_up, tail_for
from callscribe.speech.engines.whisper.network import Prompt, Tokenizers, TokenTimes
from callscribe.speech.interface import Samples

log = logging.getLogger(__name__)

_BATCH: Final = 8

_GRAIN: Final = 2
"""Seconds, in whole multiples of which windows are computed: those of one length share a batch. All windows of a batch
are as long as the longest, which shows in the last digits; so their length may depend on themselves alone."""

_ENCODED_AT_ONCE: Final = 2
"""Attention over a batch of long windows takes the most memory of all, and on a CPU a large batch gains nothing."""

_LONGEST: Final = 448
"""Tokens that the model has positions for."""

_TRIED: Final = 8
"""Tokens after which a batch and a window alone are compared."""

_LONGEST_PROMPT: Final = 200
"""Tokens of vocabulary before the text; the model has room for 448 in all."""

_STEP: Final = 0.02
"""Seconds of one step of the encoder's output."""


@dataclass(slots=True)
class _Encoded:
    """The encoder's output `(windows, steps, width)`, and the model that draws texts of it, once there is one."""

    states: Any
    count: int
    sampler: Any = None

    def __len__(self) -> int:
        return self.count


class CTranslate2Network:
    """A loaded model; see `network.Network`."""

    mixes = False  # jobs may differ in key terms, and the prompts of a batch must be of one length

    def __init__(self, folder: Path, tokenizers: Tokenizers, *, cuda: bool, threads: int) -> None:
        self._load = partial(
            ctranslate2.models.Whisper,
            str(folder),
            device="cuda" if cuda else "cpu",
            compute_type="float16" if cuda else "int8",
        )
        self._model = self._load(intra_threads=threads)
        self._features = Features(self._model.n_mels)
        self._tokenizers = tokenizers
        self._tail = tail_for(self._width())
        self._batch = _BATCH
        if not cuda and not self._is_independent():
            log.warning("CTranslate2 computes windows otherwise in a batch than alone here: each goes alone, slowly")
            self._batch = 1

    def frames(self, samples: int) -> int:
        """See `network.Network`."""
        return frames_for(samples, self._tail, _GRAIN)

    def batch_size(self, frames: Sequence[int]) -> int:
        """See `network.Network`. On a GPU the last digits do depend on the size of the batch."""
        alike = len(list(takewhile(frames[0].__eq__, frames)))
        return min(self._batch, alike)

    def rest(self) -> None:
        """See `network.Network`; the library holds nothing that it could let go of."""

    def _width(self) -> int:
        """Numbers of a step of the encoder's output, which the library tells by that alone."""
        sound = made_up(1)
        width: int = self.encode([sound], [len(sound) // HOP]).states.shape[-1]
        return width

    def _is_independent(self) -> bool:
        """Whether a window comes out the same to the last bit alone and in a batch: tried on two that are made up."""
        windows = [made_up(seed) for seed in (1, 2)]
        frames = [len(window) // HOP for window in windows]
        prompts = [Prompt(self._tokenizers["en"])] * len(windows)

        def outcome(part: slice) -> list[tuple[Hypothesis, bytes]]:
            encoded = self.encode(windows[part], frames[part])
            found = self._generate(encoded, prompts[part], _TRIED, beam_size=5)
            states = np.array(encoded.states)
            return [(each, states[index].tobytes()) for index, each in enumerate(found)]

        return outcome(slice(2)) == outcome(slice(1)) + outcome(slice(1, 2))

    def encode(self, windows: Sequence[Samples], frames: Sequence[int]) -> _Encoded:
        """All windows as long as the longest, since the decoder attends to all there is."""
        features = np.stack([self._features.of(window, max(frames)) for window in windows])
        size = _ENCODED_AT_ONCE if self._model.device == "cpu" else len(features)
        parts = [
            self._model.encode(ctranslate2.StorageView.from_array(features[first : first + size]))
            for first in range(0, len(features), size)
        ]
        if len(parts) == 1:
            return _Encoded(parts[0], len(windows))
        return _Encoded(ctranslate2.StorageView.from_array(np.concatenate(list(map(np.array, parts)))), len(windows))

    def beam_search(self, encoded: _Encoded, prompts: Sequence[Prompt], beams: int) -> list[Hypothesis]:
        """See `network.Network`."""
        return self._unprompted(partial(self._generate, encoded, beam_size=beams), prompts)

    def sample(self, encoded: _Encoded, prompts: Sequence[Prompt], temperature: float) -> list[Hypothesis]:
        """See `network.Network`."""
        # The library's random numbers go on where they were, in each of its threads: a model with threads of its own,
        # and one only, begins with the seed. It is seldom needed, and loaded in a third of a second (`base`).
        if encoded.sampler is None:
            ctranslate2.set_random_seed(1)
            encoded.sampler = self._load(intra_threads=1)
        draw = partial(
            self._generate,
            encoded,
            model=encoded.sampler,
            beam_size=1,
            num_hypotheses=5,
            sampling_topk=0,
            sampling_temperature=temperature,
        )
        return self._unprompted(draw, prompts)

    def _unprompted(
        self, generate: Callable[[Sequence[Prompt]], list[Hypothesis]], prompts: Sequence[Prompt]
    ) -> list[Hypothesis]:
        """Texts, of which none is but the prompt's fillers said again, as noise brings it about.

        What is nothing but fillers has to be so without them in the prompt, too.
        """
        found = generate(prompts)
        doubted = [
            bool(prompt.fillers) and fillers.are_all(each.text, prompt.fillers)
            for prompt, each in zip(prompts, found, strict=True)
        ]
        if not any(doubted):
            return found
        plain = generate([replace(prompt, fillers=()) for prompt in prompts])
        return [other if doubt else each for each, other, doubt in zip(found, plain, doubted, strict=True)]

    def languages(self, encoded: _Encoded) -> list[dict[str, float]]:
        """See `network.Network`."""
        return [
            {token[2:-2]: probability for token, probability in ranked}
            for ranked in self._model.detect_language(encoded.states)
        ]

    def align(
        self, encoded: _Encoded, prompts: Sequence[Prompt], hypotheses: Sequence[Hypothesis], frames: Sequence[int]
    ) -> list[TokenTimes]:
        """See `network.Network`."""
        if self._model.device == "cpu":  # the library scales attention by all tokens of a batch, padding among them
            alone = zip(np.split(np.array(encoded.states), len(encoded)), prompts, hypotheses, frames, strict=True)
            return [
                self._align(ctranslate2.StorageView.from_array(states), prompt.tokenizer, [hypothesis], [count])[0]
                for states, prompt, hypothesis, count in alone
            ]
        # The library takes one language at a time, and windows of a batch may be of several: a run for each, of which
        # the windows in it count.
        tokenizers = {prompt.tokenizer.language_code: prompt.tokenizer for prompt in prompts}
        runs = {code: self._align(encoded.states, each, hypotheses, frames) for code, each in tokenizers.items()}
        return [runs[prompt.tokenizer.language_code][index] for index, prompt in enumerate(prompts)]

    def _align(
        self, states: Any, tokenizer: Tokenizer, hypotheses: Sequence[Hypothesis], frames: Sequence[int]
    ) -> list[TokenTimes]:
        # A window without text still needs a token to keep its place in the batch.
        texts = [hypothesis.text_tokens(tokenizer) or tuple(tokenizer.encode(" .")) for hypothesis in hypotheses]
        results = self._model.align(states, tokenizer.sot_sequence, texts, [max(2, count) for count in frames])
        return [_times(result) for result in results]

    def _generate(
        self, encoded: _Encoded, prompts: Sequence[Prompt], longest: int = _LONGEST, model: Any = None, **search: Any
    ) -> list[Hypothesis]:
        results = (model or self._model).generate(
            encoded.states,
            list(map(_tokens, prompts)),
            return_scores=True,
            return_no_speech_prob=True,
            max_length=longest,
            **search,
        )
        return [_hypothesis(result, prompt) for result, prompt in zip(results, prompts, strict=True)]


def _tokens(prompt: Prompt) -> list[int]:
    """The tokens before the text: vocabulary and fillers as if they had been said before, then language and task."""
    tokenizer = prompt.tokenizer
    start: list[int] = tokenizer.sot_sequence
    vocabulary = tokenizer.encode(" " + ", ".join(prompt.keyterms)) if prompt.keyterms else []
    # As a sentence, since the text goes on in the style of what is before it.
    hesitation = tokenizer.encode(f" {', '.join(prompt.fillers).capitalize()}.") if prompt.fillers else []
    before = [*vocabulary[: _LONGEST_PROMPT - len(hesitation)], *hesitation]
    return [tokenizer.sot_prev, *before, *start] if before else start


def _hypothesis(result: Any, prompt: Prompt) -> Hypothesis:
    tokens = tuple(result.sequences_ids[0])
    # CTranslate2 divides the score by the tokens; the end of the text, which is none of them, counts as one.
    mean = result.scores[0] * len(tokens) / (len(tokens) + 1)
    return Hypothesis(tokens, prompt.tokenizer.decode(list(tokens)).strip(), mean, result.no_speech_prob)


def _times(result: Any) -> TokenTimes:
    tokens, steps = (np.array(side) for side in zip(*result.alignments, strict=True))
    begins = steps[np.concatenate([[True], np.diff(tokens) > 0])] * _STEP
    probabilities = np.array(result.text_token_probs)
    # The path ends with a token for the end of the text, unless it was cut off.
    starts = np.concatenate([begins, np.full(max(0, len(probabilities) + 1 - len(begins)), begins[-1])])
    return TokenTimes(probabilities, starts=starts[: len(probabilities) + 1])
