"""Beam search, and sampling, over Whisper's decoder with timestamps.

The search is that of OpenAI's reference (https://github.com/openai/whisper, `decoding.py`, `BeamSearchDecoder` and
`ApplyTimestampRules`): timestamps come in pairs and never go back, the first is at most one second in, and where all
timestamps together are likelier than any word, one is due. It runs over many windows at once, which do not influence
each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from callscribe.speech.engines.whisper.biasing import START, Bias, TermState

_LATEST_START: Final = 50
"""The first timestamp, in steps of 0.02 s, is not beyond this."""

_STAMPS: Final = 6

_STILL: Final = 0.75
"""With no more than this share of the windows left the others are dropped: new shapes have their price. Longer windows
come first and have longer texts, so it is the last that are complete first; leaving them out copies nothing."""

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens of a model that are no text. `end_of_text` is the first of them, `timestamps` the last."""

    start: int
    end_of_text: int
    timestamps: int
    no_speech: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What a step of the decoder says of the next token, for each row; logits, not normalised.

    `text` `(rows, n)` are the most likely text tokens and `text_logits` theirs; `text_total` `(rows)` is the logarithm
    of the summed exponentials of all text tokens; `rest` `(rows, m)` are the logits from the end of the text on.
    """

    text: Ints
    text_logits: Floats
    text_total: Floats
    rest: Floats

    @property
    def parts(self) -> tuple[npt.NDArray[Any], ...]:
        """All of it."""
        return self.text, self.text_logits, self.text_total, self.rest

    def of(self, windows: int, beams: int) -> "Scores":
        """Those of the first rows of each window."""
        return Scores(
            *(
                part.reshape(windows, -1, *part.shape[1:])[:, :beams].reshape(windows * beams, *part.shape[1:])
                for part in self.parts
            )
        )

    def repeated(self, times: int) -> "Scores":
        """Each row so many times, next to itself."""
        return Scores(*(np.repeat(part, times, axis=0) for part in self.parts))


class TokenDecoder(Protocol):
    """A decoder with a past, for rows of several windows: as many of each, next to each other."""

    def keep(self, windows: int) -> None:
        """Go on with the first windows only."""
        ...

    def step(self, tokens: Ints, position: int, origins: Ints) -> Scores:
        """Append a token to each row, whose past is that of row `origins` of the step before."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """What to decode of one window: tokens of the prompt, the most tokens that its text may have, and likely terms.

    What several of `biases` are worth adds up.
    """

    prompt: tuple[int, ...]
    longest: int
    biases: tuple[Bias, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """Tokens without prompt and end of the text, the log probability of each, of the end too, and of silence."""

    tokens: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    no_speech: float

    @property
    def log_probability(self) -> float:
        """Mean of a token, the end counted as one."""
        return sum(self.log_probabilities) / max(1, len(self.log_probabilities))


class Search:
    """One run over a batch of windows, whose prompts are of one length."""

    def __init__(self, decoder: TokenDecoder, vocabulary: Vocabulary, tasks: Sequence[Task], *, beams: int) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._tasks = list(tasks)
        self._beams = beams
        room = max(task.longest for task in tasks)
        # What each beam has so far. A beam whose total is -inf is none: its row is computed and not looked at.
        self._tokens = np.zeros((*self._shape, room), np.int32)
        self._gains = np.zeros((*self._shape, room), np.float32)
        self._totals = np.zeros(self._shape, np.float32)
        self._length = 0
        self._found: list[list[tuple[float, Decoded]]] = [[] for _ in tasks]  # each with what it is ranked by
        self._finished = self._found  # of the windows that are not dropped yet
        self._no_speech = np.zeros(len(tasks), np.float32)
        # Of each beam, where it is in the terms of each bias.
        self._states: list[list[tuple[TermState, ...]]] = [[(START,) * len(task.biases)] * beams for task in tasks]

    def beam(self) -> list[Decoded]:
        """The best text of each window by beam search."""
        scores = self._read_prompts()
        self._totals[:, 1:] = -np.inf  # all beams of a window are the same as yet
        while True:
            tokens, gains = self._candidates(scores)
            origins = self._append(*self._best_beams(tokens, gains))
            if self._is_done():
                return self._best()
            scores = self._next(origins)

    def sample(self, temperature: float, random: np.random.Generator) -> list[Decoded]:
        """The best of as many samples as there are beams, for each window."""
        scores = self._read_prompts()
        while True:
            tokens, gains = self._candidates(scores)
            noise = random.gumbel(size=gains.shape)
            chosen = np.argmax(gains / temperature + noise, axis=1)[:, None]
            token = np.take_along_axis(tokens, chosen, axis=1).reshape(self._shape)
            gain = np.take_along_axis(gains, chosen, axis=1).reshape(self._shape)
            totals = self._totals + gain
            ended = (token == self._vocabulary.end_of_text) & (totals > -np.inf)
            for window, beam in np.argwhere(ended).tolist():
                self._finish(window, beam, totals[window, beam], gain[window, beam])
            totals[ended] = -np.inf
            origins = self._append(np.tile(np.arange(self._shape[1]), (self._shape[0], 1)), token, gain, totals)
            if self._is_done():
                return self._best()
            scores = self._next(origins)

    def _read_prompts(self) -> Scores:
        """Take the prompts in, as a row each; the probability of silence is read off what follows their start."""
        prompts = np.array([task.prompt for task in self._tasks], np.int32)
        rows = np.arange(len(prompts), dtype=np.int32)
        for position in range(prompts.shape[1]):
            scores = self._decoder.step(prompts[:, position], position, rows)
            if position == 0:
                silence = scores.rest[:, self._vocabulary.no_speech - self._vocabulary.end_of_text]
                total = np.logaddexp(scores.text_total, _log_sum(scores.rest))
                self._no_speech = np.exp(silence - total)
        return scores.repeated(self._beams)

    @property
    def _shape(self) -> tuple[int, int]:
        """Windows, and beams of each."""
        return len(self._tasks), self._beams

    @property
    def _rows(self) -> int:
        return len(self._tasks) * self._beams

    def _next(self, origins: Ints) -> Scores:
        origins = self._drop_finished(origins)
        if self._length == 1:  # all beams of a window go on from its prompt
            origins //= self._beams
        last = self._tokens[:, :, self._length - 1].reshape(-1)
        return self._decoder.step(last, len(self._tasks[0].prompt) + self._length - 1, origins)

    def _drop_finished(self, origins: Ints) -> Ints:
        """Compute no more for the last windows where their texts are complete; the origins of the rows left."""
        unfinished = np.flatnonzero(np.any(self._totals > -np.inf, axis=1))
        left = int(unfinished[-1]) + 1
        if left > _STILL * len(self._tasks):
            return origins
        self._decoder.keep(left)
        self._tokens, self._gains = self._tokens[:left], self._gains[:left]
        self._totals, self._no_speech = self._totals[:left], self._no_speech[:left]
        self._tasks, self._states, self._finished = self._tasks[:left], self._states[:left], self._finished[:left]
        return origins[: self._rows]

    def _candidates(self, scores: Scores) -> tuple[Ints, Floats]:
        """Tokens that may follow in each row, and their log probabilities under the rules of timestamps."""
        text_allowed, stamps = self._timestamps(scores.rest)
        text = np.where(text_allowed[:, None], scores.text_logits, -np.inf)
        text_total = np.where(text_allowed, scores.text_total, -np.inf)
        end = scores.rest[:, 0] if self._length else np.full(self._rows, -np.inf, np.float32)
        stamps_total = _log_sum(stamps)
        due = stamps_total > np.maximum(text.max(axis=1), end)
        text[due], end = -np.inf, np.where(due, -np.inf, end)
        total = np.where(due, stamps_total, np.logaddexp(np.logaddexp(text_total, end), stamps_total))
        likely = np.argpartition(stamps, -_STAMPS, axis=1)[:, -_STAMPS:]
        tokens = np.hstack(
            [
                scores.text,
                np.full((self._rows, 1), self._vocabulary.end_of_text),
                likely + self._vocabulary.timestamps,
            ]
        )
        logits = np.hstack([text, end[:, None], np.take_along_axis(stamps, likely, axis=1)])
        return tokens.astype(np.int32), (logits - total[:, None]).astype(np.float32)

    def _timestamps(self, rest: Floats) -> tuple[npt.NDArray[np.bool_], Floats]:
        """Which rows may go on with text, and the logits of the timestamps that may follow."""
        first = self._vocabulary.timestamps
        stamps = rest[:, first - self._vocabulary.end_of_text :].copy()
        if self._length == 0:
            stamps[:, _LATEST_START + 1 :] = -np.inf
            return np.zeros(self._rows, bool), stamps
        tokens = self._tokens[:, :, : self._length].reshape(self._rows, -1)
        is_stamp = tokens >= first
        opened = is_stamp[:, -1] & (is_stamp[:, -2] if self._length > 1 else True)  # a pair, or the very first
        closing = is_stamp[:, -1] & ~opened  # the first of a pair: the second has to follow
        latest = np.where(is_stamp, tokens, first - 1).max(axis=1) - first
        earliest = np.where(closing, latest, latest + 1)
        stamps[np.arange(stamps.shape[1]) < earliest[:, None]] = -np.inf
        stamps[opened] = -np.inf
        return ~closing, stamps

    def _bonus(self, tokens: Ints) -> Floats:
        """What the terms of each window add to the score of each candidate, in the search only."""
        bonus = np.zeros(tokens.shape, np.float32)
        for window, task in enumerate(self._tasks):
            rows = slice(window * self._shape[1], (window + 1) * self._shape[1])
            for place, bias in enumerate(task.biases):
                bonus[rows] += bias.gains([state[place] for state in self._states[window]], tokens[rows])
        return bonus

    def _best_beams(self, tokens: Ints, gains: Floats) -> tuple[Ints, Ints, Floats, Floats]:
        """The best continuations of each window: the beams they go on from, tokens, gains and totals."""
        windows, beams = self._shape
        choices = tokens.shape[1]
        totals = (self._totals.reshape(-1, 1) + gains + self._bonus(tokens)).reshape(windows, -1)
        ranked = np.argsort(-totals, axis=1, kind="stable")[:, : 2 * beams]
        parents, chosen = np.zeros(self._shape, np.int32), np.zeros(self._shape, np.int32)
        gained, reached = np.zeros(self._shape, np.float32), np.full(self._shape, -np.inf, np.float32)
        for window in range(windows):
            live = 0
            for candidate in ranked[window]:
                total = totals[window, candidate]
                if live == beams or total == -np.inf or len(self._finished[window]) >= beams:
                    break
                beam, place = divmod(int(candidate), choices)
                row = window * beams + beam
                if tokens[row, place] == self._vocabulary.end_of_text:
                    self._finish(window, beam, total, gains[row, place])
                    continue
                parents[window, live], chosen[window, live] = beam, tokens[row, place]
                gained[window, live], reached[window, live] = gains[row, place], total
                live += 1
        return parents, chosen, gained, reached

    def _append(self, parents: Ints, tokens: Ints, gains: Floats, totals: Floats) -> Ints:
        """Extend the beams; which row each goes on from."""
        past = slice(0, self._length)
        for history, new in ((self._tokens, tokens), (self._gains, gains)):
            history[:, :, past] = np.take_along_axis(history[:, :, past], parents[:, :, None], axis=1)
            history[:, :, self._length] = new
        self._totals = totals
        self._length += 1
        for window, task in enumerate(self._tasks):
            if task.biases:
                states = self._states[window]
                self._states[window] = [
                    tuple(
                        bias.advance(state, int(token)) for bias, state in zip(task.biases, states[parent], strict=True)
                    )
                    for parent, token in zip(parents[window], tokens[window], strict=True)
                ]
            if len(self._finished[window]) >= self._shape[1]:
                self._totals[window] = -np.inf
            elif self._length >= task.longest:  # what it has so far has to do
                for beam in np.flatnonzero(self._totals[window] > -np.inf).tolist():
                    self._finish(window, beam, self._totals[window, beam])
                self._totals[window] = -np.inf
        return (np.arange(self._shape[0])[:, None] * self._shape[1] + parents).reshape(-1).astype(np.int32)

    def _finish(self, window: int, beam: int, total: float, *end: float) -> None:
        """A text is complete. `total` is its log probability and what the terms add."""
        tokens = self._tokens[window, beam, : self._length].tolist()
        gains = (*self._gains[window, beam, : self._length].tolist(), *map(float, end))
        found = Decoded(tuple(tokens), gains, float(self._no_speech[window]))
        self._finished[window].append((float(total) / max(1, len(gains)), found))

    def _best(self) -> list[Decoded]:
        return [max(found, key=lambda each: each[0])[1] for found in self._found]

    def _is_done(self) -> bool:
        return not np.any(self._totals > -np.inf)


def _log_sum(logits: Floats) -> Floats:
    """The logarithm of summed exponentials, row by row; -inf where there are none."""
    most = np.maximum(logits.max(axis=1), np.float32(-1e30))
    with np.errstate(divide="ignore"):
        total: Floats = np.log(np.exp(logits - most[:, None]).sum(axis=1)) + most
    return total
