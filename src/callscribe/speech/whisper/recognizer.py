"""Recognises windows of speech with one Whisper model: batches, second tries, what was missed, and word times.

Runs in the child process. The way of a window:

    decode in a batch, beam search, only as much silence behind the speech as the model needs
      └─ a guess, a loop or talk beyond the end → once more alone in a full window, then by sampling
    align words
      └─ speech without words → decode that stretch by itself
"""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.tokenizer import Tokenizer

from callscribe.speech.interface import SAMPLE_RATE, Samples, Segment, Span, Word
from callscribe.speech.languages import WHISPER_CODES
from callscribe.speech.whisper.alignment import TimedWord, align, settle, uncovered
from callscribe.speech.whisper.decoding import TIMESTAMP_SECONDS, Hypothesis, TimedTokens, generate, split_at_timestamps
from callscribe.speech.whisper.features import FRAMES_PER_SECOND, FULL, Features, frames_for
from callscribe.speech.whisper.messages import Answer, LanguageEvidence, Request

log = logging.getLogger(__name__)

BATCH: Final = 8

_ENCODED_AT_ONCE: Final = 2

TAIL: Final = 6.0
"""Seconds of silence behind a window. With less the model talks on past the end; more costs time only."""

TEMPERATURES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)

_MISSED: Final = 1.2
"""Seconds of speech without a word, from which on it is decoded by itself."""

_SLACK: Final = 2.0
"""Seconds by which the model's own timestamps may be off."""

_ROUNDS: Final = 2
"""How often what was missed is looked at again."""

_ENOUGH_FOR_LANGUAGE: Final = 40.0
"""Seconds of speech after which a channel's language is known."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something to decode: a window, or the part of one that was missed. `speech` in seconds from its start."""

    window: int
    start: float
    samples: Samples
    speech: tuple[Span, ...]
    language: str
    again: bool = False

    @property
    def duration(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def spoken(self) -> float:
        return sum(span.duration for span in self.speech)


@dataclass(frozen=True, slots=True)
class _Heard:
    """Words of a piece, by the clause that the model put them in, with times in the recording."""

    clause: tuple[float, int]
    word: TimedWord


class Recognizer:
    """A loaded model."""

    def __init__(self, folder: Path, *, device: str = "auto", threads: int = 0, tail: float = TAIL) -> None:
        cuda = device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count() > 0)
        self._model = ctranslate2.models.Whisper(
            str(folder),
            device="cuda" if cuda else "cpu",
            compute_type="float16" if cuda else "int8",
            intra_threads=threads or _cores(),
        )
        self._features = Features(self._model.n_mels)
        self._vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizers: dict[str, Tokenizer] = {}
        self._tail = tail
        self.stats: dict[str, float] = defaultdict(float)

    def recognize(self, request: Request) -> Answer:
        """The segments of a request's windows, in their order."""
        evidence = dict(request.evidence)
        languages = self._languages(request, evidence)
        queue = [
            _Piece(
                index,
                window.start,
                window.samples,
                tuple(Span(span.start - window.start, span.end - window.start) for span in window.speech),
                languages[window.channel],
            )
            for index, window in enumerate(request.windows)
        ]
        heard: dict[int, list[_Heard]] = defaultdict(list)
        for attempt in range(_ROUNDS + 1):
            missed = []
            for piece, words in self._decode(queue, request):
                heard[piece.window] += words
                if attempt < _ROUNDS:
                    missed += _missed(piece, words)
            queue = missed
        return Answer(
            tuple(
                _segments(window.channel, heard[index], languages[window.channel])
                for index, window in enumerate(request.windows)
            ),
            evidence,
        )

    def _decode(self, pieces: Sequence[_Piece], request: Request) -> Iterator[tuple[_Piece, list[_Heard]]]:
        """Decode pieces in batches of like length and language."""

        def language(piece: _Piece) -> str:
            return piece.language

        for code, group in groupby(sorted(pieces, key=language), key=language):
            ordered = sorted(group, key=lambda piece: -len(piece.samples))
            for first in range(0, len(ordered), BATCH):
                yield from self._decode_batch(ordered[first : first + BATCH], self._tokenizer(code), request)

    def _decode_batch(
        self, batch: Sequence[_Piece], tokenizer: Tokenizer, request: Request
    ) -> Iterator[tuple[_Piece, list[_Heard]]]:
        frames = max(frames_for(len(piece.samples), self._tail) for piece in batch)
        encoded = self._encode([piece.samples for piece in batch], frames)
        began = time.perf_counter()
        hypotheses = generate(
            self._model,
            tokenizer,
            encoded,
            len(batch),
            beam_size=request.beam_size,
            keyterms=request.keyterms,
        )
        self.stats["generate"] += time.perf_counter() - began
        accepted = [
            hypothesis if _sound(hypothesis, piece) and not _runs_on(hypothesis, piece, tokenizer) else None
            for piece, hypothesis in zip(batch, hypotheses, strict=True)
        ]
        clauses = [
            split_at_timestamps(hypothesis.tokens, tokenizer.timestamp_begin)
            if hypothesis and not hypothesis.is_silence
            else []
            for hypothesis in accepted
        ]
        words = self._align(tokenizer, encoded, clauses, batch)
        for piece, hypothesis, found, timed in zip(batch, accepted, clauses, words, strict=True):
            if hypothesis is None:
                yield piece, self._second_try(piece, tokenizer, request)
            else:
                yield piece, _heard(piece, found, timed)

    def _second_try(self, piece: _Piece, tokenizer: Tokenizer, request: Request) -> list[_Heard]:
        """Decode a piece alone in a full window; where that fails by sampling; where that fails leave it out."""
        if piece.again:
            return []
        self.stats["second tries"] += 1
        encoded = self._encode([piece.samples], FULL)
        began = time.perf_counter()
        best: Hypothesis | None = None
        for temperature in (0.0, *TEMPERATURES):
            ctranslate2.set_random_seed(1)  # the same audio gives the same text
            (hypothesis,) = generate(
                self._model,
                tokenizer,
                encoded,
                1,
                beam_size=request.beam_size,
                keyterms=request.keyterms if temperature < 0.5 else (),
                temperature=temperature,
            )
            if _sound(hypothesis, piece):
                best = hypothesis
                break
            if not hypothesis.is_loop and not _too_fast(hypothesis, piece):
                best = max(best or hypothesis, hypothesis, key=lambda each: each.log_probability)
        self.stats["fallback"] += time.perf_counter() - began
        if best is None:
            log.warning("No text could be made of speech at %.1f s; it is left out", piece.start)
            return []
        if best.is_silence:
            return []
        clauses = split_at_timestamps(best.tokens, tokenizer.timestamp_begin)
        (words,) = self._align(tokenizer, encoded, [clauses], [piece])
        return _heard(piece, clauses, words)

    def _align(
        self,
        tokenizer: Tokenizer,
        encoded: Any,
        clauses: Sequence[Sequence[TimedTokens]],
        pieces: Sequence[_Piece],
    ) -> list[list[TimedWord]]:
        began = time.perf_counter()
        texts = [[token for clause in each for token in clause.tokens] for each in clauses]
        frames = [int(piece.duration * FRAMES_PER_SECOND) for piece in pieces]
        words = align(self._model, tokenizer, encoded, texts, frames)
        self.stats["align"] += time.perf_counter() - began
        return words

    def _encode(self, windows: list[Samples], frames: int) -> Any:
        began = time.perf_counter()
        features = self._features.batch(windows, frames)
        self.stats["features"] += time.perf_counter() - began
        began = time.perf_counter()
        # Attention over a batch of long windows takes the most memory of all, and on a CPU a large batch gains nothing.
        size = _ENCODED_AT_ONCE if self._model.device == "cpu" else len(features)
        parts = [
            self._model.encode(ctranslate2.StorageView.from_array(features[first : first + size]))
            for first in range(0, len(features), size)
        ]
        encoded = parts[0]
        if len(parts) > 1:
            encoded = ctranslate2.StorageView.from_array(np.concatenate([np.array(part) for part in parts]))
        self.stats["encode"] += time.perf_counter() - began
        return encoded

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._vocabulary, self._model.is_multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _languages(self, request: Request, evidence: dict[int, LanguageEvidence]) -> dict[int, str]:
        """The language of each channel: as asked, or as heard here and before. Adds to `evidence`."""
        channels = {window.channel for window in request.windows}
        if request.language or not self._model.is_multilingual:
            return dict.fromkeys(channels, request.language or "en")
        for channel in channels:
            heard = evidence.get(channel, LanguageEvidence(0.0, {}))
            windows = sorted(
                (window for window in request.windows if window.channel == channel),
                key=lambda window: -len(window.samples),
            )
            for window in windows:
                if heard.seconds >= _ENOUGH_FOR_LANGUAGE:
                    break
                heard = self._listen(window.samples, heard)
            evidence[channel] = heard
        return {
            channel: max(evidence[channel].scores, key=evidence[channel].scores.__getitem__) for channel in channels
        }

    def _listen(self, samples: Samples, heard: LanguageEvidence) -> LanguageEvidence:
        """Add one window's languages, weighted by its length."""
        (ranked,) = self._model.detect_language(self._encode([samples], frames_for(len(samples), self._tail)))
        probabilities = {token[2:-2]: probability for token, probability in ranked}
        total = sum(probabilities[code] for code in WHISPER_CODES)
        seconds = len(samples) / SAMPLE_RATE
        scores = {
            code: heard.scores.get(code, 0.0) + seconds * float(np.log(probabilities[code] / total + 1e-6))
            for code in WHISPER_CODES
        }
        return LanguageEvidence(heard.seconds + seconds, scores)


def _cores() -> int:
    """The cores this process may use; CTranslate2's own default stops at four."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _sound(hypothesis: Hypothesis, piece: _Piece) -> bool:
    return hypothesis.is_silence or (hypothesis.is_sound and not _too_fast(hypothesis, piece))


def _runs_on(hypothesis: Hypothesis, piece: _Piece, tokenizer: Tokenizer) -> bool:
    """Text beyond the end of the audio: it happens behind a short tail, and a full window cures it."""
    timestamps = [token for token in hypothesis.tokens if token >= tokenizer.timestamp_begin]
    last = (timestamps[-1] - tokenizer.timestamp_begin) * TIMESTAMP_SECONDS if timestamps else 0.0
    return not hypothesis.is_silence and last > piece.duration + _SLACK


def _too_fast(hypothesis: Hypothesis, piece: _Piece) -> bool:
    """More words than anybody says in the time: seven a second, and a few for what voice activity missed."""
    return len(hypothesis.text.split()) > 4 + 7 * piece.spoken


def _heard(piece: _Piece, clauses: Sequence[TimedTokens], words: Sequence[TimedWord]) -> list[_Heard]:
    """Words with settled times, each with the clause that its first token is in."""
    owners: list[int] = []
    for index, clause in enumerate(clauses):
        owners += [index] * len(clause.tokens)
    firsts = np.cumsum([0, *(word.tokens for word in words)])
    return [
        _Heard(
            (piece.start, owners[min(int(first), len(owners) - 1)]),
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
        first, end = round(gap.start * SAMPLE_RATE), round(gap.end * SAMPLE_RATE)
        samples = piece.samples[first:end]
        start = piece.start + first / SAMPLE_RATE
        pieces.append(
            _Piece(piece.window, start, samples, (Span(0.0, len(samples) / SAMPLE_RATE),), piece.language, again=True)
        )
    return pieces


def _segments(channel: int, heard: Sequence[_Heard], language: str) -> tuple[Segment, ...]:
    """Words in order of time, by clause."""
    segments = []
    ordered = sorted(heard, key=lambda each: (each.word.start, each.word.end))
    for _, group in groupby(ordered, key=lambda each: each.clause):
        words = tuple(
            Word(each.word.text, round(each.word.start, 3), round(each.word.end, 3), round(each.word.confidence, 3))
            for each in group
        )
        segments.append(Segment(channel, words[0].start, words[-1].end, words, language))
    return tuple(segments)
