"""Whisper on CTranslate2: the way on GPUs, and on processors without units for matrices in bfloat16."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np

from callscribe.speech.interface import Samples
from callscribe.speech.whisper.decoding import Hypothesis
from callscribe.speech.whisper.features import Features
from callscribe.speech.whisper.network import Prompt, Tokenizers, TokenTimes

_BATCH: Final = 8

_ENCODED_AT_ONCE: Final = 2
"""Attention over a batch of long windows takes the most memory of all, and on a CPU a large batch gains nothing."""

_LONGEST_PROMPT: Final = 200
"""Tokens of vocabulary before the text; the model has room for 448 in all."""

_STEP: Final = 0.02
"""Seconds of one step of the encoder's output."""


@dataclass(frozen=True, slots=True)
class _Encoded:
    """The encoder's output `(windows, steps, width)`."""

    states: Any
    count: int

    def __len__(self) -> int:
        return self.count


class CTranslate2Network:
    """A loaded model; see `network.Network`."""

    mixes = False  # all windows of a batch are as long as the longest, which shows in the last digits

    def __init__(self, folder: Path, tokenizers: Tokenizers, *, cuda: bool, threads: int) -> None:
        self._model = ctranslate2.models.Whisper(
            str(folder),
            device="cuda" if cuda else "cpu",
            compute_type="float16" if cuda else "int8",
            intra_threads=threads,
        )
        self._features = Features(self._model.n_mels)
        self._tokenizers = tokenizers

    def batch_size(self, frames: int) -> int:  # noqa: ARG002  the library's own memory sets no limit before this
        """See `network.Network`."""
        return _BATCH

    def rest(self) -> None:
        """See `network.Network`; the library holds nothing that it could let go of."""

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
        return self._generate(encoded, prompts, beam_size=beams)

    def sample(self, encoded: _Encoded, prompts: Sequence[Prompt], temperature: float) -> list[Hypothesis]:
        """See `network.Network`."""
        ctranslate2.set_random_seed(1)
        return self._generate(
            encoded, prompts, beam_size=1, num_hypotheses=5, sampling_topk=0, sampling_temperature=temperature
        )

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
        tokenizer = prompts[0].tokenizer
        # A window without text still needs a token to keep its place in the batch.
        texts = [hypothesis.text_tokens(tokenizer) or tuple(tokenizer.encode(" .")) for hypothesis in hypotheses]
        results = self._model.align(encoded.states, tokenizer.sot_sequence, texts, [max(2, count) for count in frames])
        return [_times(result) for result in results]

    def _generate(self, encoded: _Encoded, prompts: Sequence[Prompt], **search: Any) -> list[Hypothesis]:
        results = self._model.generate(
            encoded.states,
            list(map(_tokens, prompts)),
            return_scores=True,
            return_no_speech_prob=True,
            max_length=448,
            **search,
        )
        return [_hypothesis(result, prompt) for result, prompt in zip(results, prompts, strict=True)]


def _tokens(prompt: Prompt) -> list[int]:
    """The tokens before the text: vocabulary as if it had been said before, then language and task."""
    start: list[int] = prompt.tokenizer.sot_sequence
    if not prompt.keyterms:
        return start
    vocabulary = prompt.tokenizer.encode(" " + ", ".join(prompt.keyterms))[:_LONGEST_PROMPT]
    return [prompt.tokenizer.sot_prev, *vocabulary, *start]


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
