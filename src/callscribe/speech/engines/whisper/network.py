"""What runs a Whisper model: the seam between recognition and the libraries that compute."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import tokenizers
from faster_whisper.tokenizer import Tokenizer

from callscribe.speech.engines.whisper.decoding import Hypothesis
from callscribe.speech.interface import Samples

_ENGLISH_START: Final = 50_257
"""The token that text begins with, in the vocabulary that knows English only; the other one has it one further."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to decode of a window: its language, words that are likely, and the most tokens its text may have.

    `fillers` are to be written down where they are said.
    """

    tokenizer: Tokenizer
    keyterms: tuple[str, ...] = ()
    longest: int = 448
    fillers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenTimes:
    """What a network can say of when a window's text tokens were said, which is one of two.

    `shares` `(tokens + 1, steps)`: of each moment's attention the share of each token and of the end of the text (see
    `attention.token_shares`). Or, where a library keeps its attention to itself, `starts` `(tokens + 1)`: seconds at
    which it turns to each. `probabilities` `(tokens)` are those of the tokens.
    """

    probabilities: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float32] | None = None
    starts: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


class Encoded(Protocol):
    """Windows behind the encoder; only its network looks inside."""

    def __len__(self) -> int:
        """How many windows."""
        ...


class Network(Protocol):
    """A loaded model. Used by one thread."""

    @property
    def mixes(self) -> bool:
        """Whether windows of different jobs may share a batch."""
        ...

    def frames(self, samples: int) -> int:
        """The feature frames that a window of so many samples is computed with: its own, and of silence behind it."""
        ...

    def batch_size(self, frames: Sequence[int]) -> int:
        """How many of the first of these windows, the longest first, are best computed together.

        What comes of a window does not depend on that: a network puts together what it can compute so.
        """
        ...

    def rest(self) -> None:
        """Let go of memory that is quickly got back, between two requests."""
        ...

    def encode(self, windows: Sequence[Samples], frames: Sequence[int]) -> Any:
        """Encode windows, each followed by silence up to its number of frames; an `Encoded`."""
        ...

    def beam_search(self, encoded: Any, prompts: Sequence[Prompt], beams: int) -> list[Hypothesis]:
        """The best text of each window."""
        ...

    def sample(self, encoded: Any, prompts: Sequence[Prompt], temperature: float) -> list[Hypothesis]:
        """The best of a few texts of each window, drawn by their probability. The same ones every time."""
        ...

    def languages(self, encoded: Any) -> list[dict[str, float]]:
        """Probabilities of Whisper's language codes for each window."""
        ...

    def align(
        self, encoded: Any, prompts: Sequence[Prompt], hypotheses: Sequence[Hypothesis], frames: Sequence[int]
    ) -> list[TokenTimes]:
        """When each text token was said. `frames` of each window hold audio; the rest is padding."""
        ...


class Tokenizers:
    """A model's tokenizers, one a language. Not `multilingual` means English only."""

    def __init__(self, folder: Path) -> None:
        self._vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.multilingual: Final[bool] = self._vocabulary.token_to_id("<|startoftranscript|>") != _ENGLISH_START
        self._by_language: dict[str, Tokenizer] = {}

    def __getitem__(self, language: str) -> Tokenizer:
        """The tokenizer for Whisper's code of a language."""
        if language not in self._by_language:
            self._by_language[language] = Tokenizer(
                self._vocabulary, self.multilingual, task="transcribe", language=language
            )
        return self._by_language[language]
