"""Recognises windows of speech with one Whisper model: batches, second tries, what was missed, and word times.

Runs in the child process. The way of a window:

    say what languages it may be in
    decode in a batch, beam search, with only as much silence behind the speech as the model needs
      └─ a guess, a loop or talk beyond the end → once more alone in a full window, then by sampling
    align words
      └─ speech without words → decode that stretch by itself, in a full window
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np

from callscribe.speech.engines.whisper import fillers
from callscribe.speech.engines.whisper.alignment import TimedWord, settle, timed_words, uncovered
from callscribe.speech.engines.whisper.decoding import TIMESTAMP_SECONDS, Hypothesis, TimedTokens, split_at_timestamps
from callscribe.speech.engines.whisper.features import FRAMES_PER_SECOND, FULL
from callscribe.speech.engines.whisper.loading import load_network
from callscribe.speech.engines.whisper.messages import Answer, Part, Request, Task
from callscribe.speech.engines.whisper.network import Prompt, Tokenizers
from callscribe.speech.engines.whisper.pauses import silent_steps
from callscribe.speech.engines.whisper.spoken import Hearing, first_language, folded
from callscribe.speech.interface import SAMPLE_RATE, OnLanguageMismatch, Samples, Segment, Span, Word

log = logging.getLogger(__name__)

TEMPERATURES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)

_MISSED: Final = 1.2
"""Seconds of speech without a word, from which on it is decoded by itself."""

_SLACK: Final = 2.0
"""Seconds by which the model's own timestamps may be off."""

_ROUNDS: Final = 2
"""How often what was missed is looked at again."""

_GUESSED_WORDS: Final = 2
_GUESSED: Final = 0.08
"""Confidence of the first of so few words, below which they are a guess. Measured between words that were said and
words that were made of telephone noises: the former begin with 0.08 and more. Three words are no guess: numbers that
stand alone ("four, one, seven.") begin as low."""

_LONGEST_TEXT: Final = 440
_TOKENS: Final = 16
_TOKENS_A_SECOND: Final = 12
"""The most tokens of a text: what the model has room for, or more than anybody says in the time."""

_NOTHING: Final = Hypothesis((), "", 0.0, 1.0)
"""No text."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something to decode: a window, or the part of one that was missed. `speech` in seconds from its start.

    `language` is what it is decoded in, empty where it is not. What is `doubted` is looked at first: until then
    `language` is what was asked for, empty where that is open, and `wish` says what is done with any other.
    """

    part: int
    window: int
    start: float
    samples: Samples
    speech: tuple[Span, ...]
    keyterms: tuple[str, ...]
    language: str
    doubted: bool
    wish: OnLanguageMismatch
    elsewhere: tuple[str, ...] = ()
    verbatim: bool = False
    again: bool = False

    @property
    def duration(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def spoken(self) -> float:
        return sum(span.duration for span in self.speech)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A word with times in the recording, and the clause that the model put it in."""

    clause: tuple[float, int]
    language: str
    word: TimedWord


@dataclass(slots=True)
class _Found:
    """What was made of a piece: words, or nothing although somebody speaks; and what it says of its language."""

    words: list[_Heard]
    left_out: bool = False
    hearing: Hearing | None = None


def _left_out(piece: _Piece) -> _Found:
    log.warning("No text could be made of speech at %.1f s; it is left out", piece.start)
    return _Found([], left_out=True)


class Recognizer:
    """A loaded model."""

    def __init__(self, folder: Path, *, device: str = "auto", threads: int = 0, compute: str = "auto") -> None:
        self._tokenizers = Tokenizers(folder)
        self._network = load_network(folder, self._tokenizers, device=device, threads=threads, compute=compute)

    def recognize(self, request: Request) -> list[Answer]:
        """The answer to each part of a request."""
        together = [request.parts] if self._network.mixes else [[part] for part in request.parts]
        answers = [answer for parts in together for answer in self._recognize(parts, request.beam_size)]
        self._network.rest()
        return answers

    def _recognize(self, parts: Sequence[Part], beams: int) -> list[Answer]:
        pieces = [piece for index, part in enumerate(parts) for piece in self._pieces(index, part)]
        hearings: dict[tuple[int, int], Hearing] = {}
        for piece, hearing in self._listen([each for each in pieces if parts[each.part].task is Task.LISTEN]):
            hearings[piece.part, piece.window] = hearing
        queue = [each for each in pieces if parts[each.part].task is not Task.LISTEN]
        heard: dict[tuple[int, int], list[_Heard]] = defaultdict(list)
        left_out: dict[tuple[int, int], list[_Piece]] = defaultdict(list)
        for attempt in range(_ROUNDS + 1):
            missed = []
            for piece, found in self._decode(queue, beams):
                heard[piece.part, piece.window] += found.words
                if found.hearing is not None:
                    hearings[piece.part, piece.window] = found.hearing
                if found.left_out:
                    left_out[piece.part, piece.window].append(piece)
                elif piece.language and attempt < _ROUNDS:
                    missed += _missed(piece, found.words)
            queue = missed
        return [
            Answer(
                tuple(
                    _segments(window.channel, heard[index, place], left_out[index, place])
                    for place, window in enumerate(part.windows)
                    if part.task is not Task.LISTEN
                ),
                tuple(hearings[index, place] for place in range(len(part.windows)) if (index, place) in hearings),
            )
            for index, part in enumerate(parts)
        ]

    def _pieces(self, index: int, part: Part) -> list[_Piece]:
        multilingual = self._tokenizers.multilingual
        return [
            _Piece(
                index,
                place,
                window.start,
                window.samples,
                tuple(Span(span.start - window.start, span.end - window.start) for span in window.speech),
                part.keyterms,
                part.language or ("" if multilingual else "en"),
                multilingual and part.task is not Task.DECODE,
                part.on_language_mismatch,
                part.elsewhere,
                part.verbatim,
            )
            for place, window in enumerate(part.windows)
        ]

    def _listen(self, pieces: Sequence[_Piece]) -> Iterator[tuple[_Piece, Hearing]]:
        """What languages pieces may be in, where the model knows several."""
        ordered = sorted((piece for piece in pieces if piece.doubted), key=lambda piece: -len(piece.samples))
        while ordered:
            frames = list(map(self._frames, ordered))
            size = self._network.batch_size(frames)
            encoded = self._network.encode([piece.samples for piece in ordered[:size]], frames[:size])
            yield from zip(ordered[:size], self._hearings(ordered[:size], encoded), strict=True)
            ordered = ordered[size:]

    def _hearings(self, pieces: Sequence[_Piece], encoded: Any) -> list[Hearing]:
        odds = self._network.languages(encoded)
        return [Hearing(round(piece.spoken, 3), folded(each)) for piece, each in zip(pieces, odds, strict=True)]

    def _decode(self, pieces: Sequence[_Piece], beams: int) -> Iterator[tuple[_Piece, _Found]]:
        """Decode pieces in batches of like length and language."""

        def language(piece: _Piece) -> str:
            return piece.language

        for _, group in groupby(sorted(pieces, key=language), key=language):
            ordered = sorted(group, key=lambda piece: -len(piece.samples))
            while ordered:
                size = self._network.batch_size(list(map(self._frames, ordered)))
                yield from self._decode_batch(ordered[:size], beams)
                ordered = ordered[size:]

    def _frames(self, piece: _Piece) -> int:
        """What was missed is computed in a full window: that is rare, and a short one may have been the reason."""
        return FULL if piece.again else self._network.frames(len(piece.samples))

    def _decode_batch(self, batch: Sequence[_Piece], beams: int) -> Iterator[tuple[_Piece, _Found]]:
        encoded = self._network.encode([piece.samples for piece in batch], list(map(self._frames, batch)))
        hearings = self._hearings(batch, encoded) if any(piece.doubted for piece in batch) else [None] * len(batch)
        batch = [_told(piece, hearing) for piece, hearing in zip(batch, hearings, strict=True)]
        prompts = [self._prompt(piece) for piece in batch]
        hypotheses = self._network.beam_search(encoded, prompts, beams)
        accepted = [
            piece.language != ""
            and _sound(hypothesis, piece)
            and not _runs_on(hypothesis, piece, prompt.tokenizer.timestamp_begin)
            for piece, prompt, hypothesis in zip(batch, prompts, hypotheses, strict=True)
        ]
        # What is not believed needs no word times; a loop, the longest text of all, would lengthen everybody's.
        believed = [
            hypothesis if is_accepted and not _silent(hypothesis, piece) else _NOTHING
            for piece, is_accepted, hypothesis in zip(batch, accepted, hypotheses, strict=True)
        ]
        found = self._words(batch, encoded, prompts, believed)
        for piece, is_accepted, words, hearing in zip(batch, accepted, found, hearings, strict=True):
            if is_accepted:
                result = _Found([] if _is_guess(words) else words)
            else:
                result = self._second_try(piece, beams) if piece.language else _Found([])
            yield piece, replace(result, hearing=hearing)

    def _second_try(self, piece: _Piece, beams: int) -> _Found:
        """Decode a piece alone in a full window; where that fails by sampling; where that fails leave it out."""
        if piece.again:
            return _left_out(piece)
        encoded = self._network.encode([piece.samples], [FULL])
        hypothesis = self._best(piece, encoded, beams)
        if hypothesis is None:
            return _left_out(piece)
        if hypothesis.is_silence:
            return _Found([])
        (words,) = self._words([piece], encoded, [self._prompt(piece)], [hypothesis])
        return _Found([] if _is_guess(words) else words)

    def _best(self, piece: _Piece, encoded: Any, beams: int) -> Hypothesis | None:
        """The first decoding that is sound, or else the likeliest that is neither a loop nor talk without pause."""
        best: Hypothesis | None = None
        for temperature in (0.0, *TEMPERATURES):
            prompts = [self._prompt(piece, with_terms=temperature < 0.5)]
            (hypothesis,) = (
                self._network.sample(encoded, prompts, temperature)
                if temperature
                else self._network.beam_search(encoded, prompts, beams)
            )
            if _sound(hypothesis, piece):
                return hypothesis
            if not hypothesis.is_loop and not _too_fast(hypothesis, piece):
                best = max(best or hypothesis, hypothesis, key=lambda each: each.log_probability)
        return best

    def _words(
        self, pieces: Sequence[_Piece], encoded: Any, prompts: Sequence[Prompt], hypotheses: Sequence[Hypothesis]
    ) -> list[list[_Heard]]:
        """The words of each piece, by the clauses between timestamps."""
        frames = [int(piece.duration * FRAMES_PER_SECOND) for piece in pieces]
        times = self._network.align(encoded, prompts, hypotheses, frames)
        found = []
        for piece, prompt, hypothesis, timed, count in zip(pieces, prompts, hypotheses, times, frames, strict=True):
            tokenizer = prompt.tokenizer
            clauses = split_at_timestamps(hypothesis.tokens, tokenizer.timestamp_begin)
            silent = silent_steps(piece.samples, piece.speech, max(1, count // 2))
            words = timed_words(tokenizer, hypothesis.text_tokens(tokenizer), timed, silent)
            found.append(_heard(piece, clauses, words))
        return found

    def _prompt(self, piece: _Piece, *, with_terms: bool = True) -> Prompt:
        if not piece.language:  # what is in a batch and not wanted goes out of it at once
            return Prompt(self._tokenizers["en"], longest=1)
        longest = min(_LONGEST_TEXT, int(_TOKENS + _TOKENS_A_SECOND * piece.duration))
        tokenizer = self._tokenizers[piece.language]
        if not with_terms:
            return Prompt(tokenizer, longest=longest)
        return Prompt(tokenizer, piece.keyterms, longest, fillers.of(piece.language) if piece.verbatim else ())


def _told(piece: _Piece, hearing: Hearing | None) -> _Piece:
    """A piece that is doubted, in its first language; any other as it is."""
    if hearing is None or not piece.doubted:
        return piece
    first = first_language(hearing, piece.language or None, piece.wish)
    return replace(piece, language="" if first is None or first in piece.elsewhere else first, doubted=False)


def _part(piece: _Piece, span: Span) -> _Piece:
    """What a piece has of `span`, in seconds from its start."""
    first, end = round(span.start * SAMPLE_RATE), round(span.end * SAMPLE_RATE)
    start = first / SAMPLE_RATE
    speech = tuple(
        Span(max(0.0, each.start - start), min(span.end, each.end) - start)
        for each in piece.speech
        if each.start < span.end and each.end > span.start
    )
    return replace(piece, start=piece.start + start, samples=piece.samples[first:end], speech=speech)


def _silent(hypothesis: Hypothesis, piece: _Piece) -> bool:
    return hypothesis.is_silence or (piece.again and hypothesis.is_silence_again)


def _sound(hypothesis: Hypothesis, piece: _Piece) -> bool:
    return _silent(hypothesis, piece) or (hypothesis.is_sound and not _too_fast(hypothesis, piece))


def _runs_on(hypothesis: Hypothesis, piece: _Piece, first_timestamp: int) -> bool:
    """Text beyond the end of the audio: it happens behind a short tail, and a full window cures it."""
    timestamps = [token for token in hypothesis.tokens if token >= first_timestamp]
    last = (timestamps[-1] - first_timestamp) * TIMESTAMP_SECONDS if timestamps else 0.0
    return not _silent(hypothesis, piece) and last > piece.duration + _SLACK


def _too_fast(hypothesis: Hypothesis, piece: _Piece) -> bool:
    """More words than anybody says in the time: seven a second, and a few for what voice activity missed."""
    return len(hypothesis.words) > 4 + 7 * piece.spoken


def _is_guess(words: Sequence[_Heard]) -> bool:
    """A word or two that nothing led up to: what the model makes of noises ("You", "Thank you.")."""
    return 0 < len(words) <= _GUESSED_WORDS and words[0].word.confidence < _GUESSED


def _heard(piece: _Piece, clauses: Sequence[TimedTokens], words: Sequence[TimedWord]) -> list[_Heard]:
    """Words with settled times, each with the clause that its first token is in."""
    owners: list[int] = []
    for index, clause in enumerate(clauses):
        owners += [index] * len(clause.tokens)
    firsts = np.cumsum([0, *(word.tokens for word in words)])
    return [
        _Heard(
            (piece.start, owners[min(int(first), len(owners) - 1)]),
            piece.language,
            replace(word, start=piece.start + word.start, end=piece.start + word.end),
        )
        for word, first in zip(settle(words, piece.speech, piece.duration), firsts, strict=False)
        if word.text
    ]


def _missed(piece: _Piece, heard: Sequence[_Heard]) -> list[_Piece]:
    """The parts of a piece in which somebody speaks and no word was found."""
    words = [replace(each.word, start=each.word.start - piece.start, end=each.word.end - piece.start) for each in heard]
    if piece.again and not words:
        return []  # heard twice, and there is nothing
    pieces = []
    for gap in uncovered(words, piece.speech, _MISSED):
        part = _part(piece, gap)
        pieces.append(replace(part, speech=(Span(0.0, part.duration),), again=True))
    return pieces


def _segments(channel: int, heard: Sequence[_Heard], left_out: Sequence[_Piece]) -> tuple[Segment, ...]:
    """Words in order of time, by clause; without words, what was left out."""
    segments = [
        Segment(channel, round(piece.start, 3), round(piece.start + piece.duration, 3), (), piece.language)
        for piece in left_out
    ]
    ordered = sorted(heard, key=lambda each: (each.word.start, each.word.end))
    for (_, language), group in groupby(ordered, key=lambda each: (each.clause, each.language)):
        words = tuple(
            Word(each.word.text, round(each.word.start, 3), round(each.word.end, 3), round(each.word.confidence, 3))
            for each in group
        )
        segments.append(Segment(channel, words[0].start, words[-1].end, words, language))
    return tuple(sorted(segments, key=lambda segment: (segment.start, segment.end)))
