"""From a server's answer for a piece to segments of the recording.

The shapes are those of OpenAI's description (`CreateTranscriptionResponseVerboseJson`, `…Json`) and what servers of
other makers make of them: words within segments, members that are missing, null or unknown, times beyond the audio.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, TypeAdapter, ValidationError

from callscribe.speech.engines.openai.aligning import Timed, TimedPart, align, letters_of, shares
from callscribe.speech.engines.openai.asking import PROVIDER
from callscribe.speech.engines.openai.languages import UNKNOWN, code_of
from callscribe.speech.engines.openai.pieces import Piece, Stretch
from callscribe.speech.engines.remote.failures import unreadable
from callscribe.speech.engines.remote.finite import FiniteOrNone
from callscribe.speech.interface import Segment, Span, Word

_EDGE: Final = 0.05
"""Seconds from the end of a stretch at which a word reaches it."""

_TOUCH: Final = 0.25
"""An utterance reaches so far into speech that is its own, of the longest that it has."""

_UNSAID: Final = 1.0
"""The confidence of words of which a server says none: nothing speaks against them."""


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


_Known = Annotated[float | None, AfterValidator(_number)]


class _Word(BaseModel):
    word: str
    start: FiniteOrNone = None
    end: FiniteOrNone = None
    probability: _Known = None
    t_dtw: float | None = None
    """Of whisper.cpp alone."""


class _Segment(BaseModel):
    text: str
    start: FiniteFloat
    end: FiniteFloat
    avg_logprob: _Known = None
    words: list[_Word] | None = None


class _Language(BaseModel):
    code: str


class _Answer(BaseModel):
    text: str
    language: str | None = None
    languages: list[_Language] | None = Field(default=None)
    segments: list[_Segment] | None = None
    words: list[_Word] | None = None


_ANSWERS: Final = TypeAdapter(_Answer)


@dataclass(frozen=True, slots=True)
class _Utterance:
    """What a server has as one: its words, its time in the piece, and how sure it is of it."""

    texts: tuple[str, ...]
    span: Span
    confidence: float


@dataclass(frozen=True, slots=True)
class _Said:
    """A word in its place."""

    word: Word
    utterance: int
    stretch: Stretch


def segments_of(answer: bytes, piece: Piece, language: str | None) -> Iterator[Segment]:
    """What was heard in a piece, in the order of the text, in recording time.

    A segment is what the server has as one, divided where silence was cut out. Its words are timed where the server
    times them. `language` is the ISO 639-1 code that was asked for; without it, it is what the server says.

    Raises:
        JobError: 17566, it cannot be read. What is wrong with it is told, and nothing of what it says.
    """
    read = _read(answer)
    utterances = _utterances(read, piece.seconds)
    parts = _parts(read, piece.seconds)
    spoken = language or _language(read) or UNKNOWN
    said = _timed(utterances, parts, piece) if parts else _shared(utterances, piece)
    for _, group in groupby(said, key=lambda each: (each.utterance, each.stretch.offset)):
        words = tuple(each.word for each in group)
        yield Segment(piece.channel, words[0].start, words[-1].end, words, spoken, words_timed=bool(parts))


def holds_times(answer: bytes) -> bool:
    """Whether the times of an answer's words may be believed across silence that was cut out.

    Those of whisper.cpp are guessed from its model's tokens, and off by a second or so.
    """
    words = [word for segment in _read(answer).segments or [] for word in segment.words or []]
    return all(word.t_dtw is None for word in words)


def _read(answer: bytes) -> _Answer:
    try:
        return _ANSWERS.validate_json(answer)
    except ValidationError as error:
        # Without the input: it is what somebody said.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise unreadable(PROVIDER, f"{place}: {first['type']}") from None


def _language(read: _Answer) -> str | None:
    named = [read.language, *(each.code for each in read.languages or [])]
    return next((code for name in named if name and (code := code_of(name))), None)


def _utterances(read: _Answer, seconds: float) -> list[_Utterance]:
    """What has letters in it, in the order of time; each begins where the one before has begun, or later."""
    if not read.segments:
        return [_Utterance(tuple(read.text.split()), Span(0.0, seconds), _UNSAID)] if letters_of(read.text) else []
    segments = sorted(read.segments, key=lambda segment: segment.start)
    return [
        _Utterance(tuple(texts), _within(segment.start, segment.end, seconds), _sureness(segment))
        for segment, texts in zip(segments, _whole_words([segment.text for segment in segments]), strict=True)
        if letters_of("".join(texts))
    ]


def _whole_words(texts: Sequence[str]) -> list[list[str]]:
    """The words of texts that follow one another.

    Where texts begin with a blank, one that does not goes on with the last word of the one before (whisper.cpp may end
    a segment within a word); that word is then all of the first's.
    """
    blanks = any(text[:1].isspace() for text in texts)
    words = [text.split() for text in texts]
    for (before, text), (own, after) in zip(pairwise(texts), pairwise(words), strict=True):
        goes_on = blanks and text[:1].strip() and before[-1:].strip()
        if goes_on and own and after:
            own[-1] += after.pop(0)
    return words


def _sureness(segment: _Segment) -> float:
    return _UNSAID if segment.avg_logprob is None else round(math.exp(min(0.0, segment.avg_logprob)), 3)


def _parts(read: _Answer, seconds: float) -> list[TimedPart]:
    """The words that have times; those of segments where the answer has none of its own."""
    words = read.words or [word for segment in read.segments or [] for word in segment.words or []]
    parts = []
    for word in words:
        if word.start is None or word.end is None:
            continue
        span = _within(word.start, word.end, seconds)
        known = None if word.probability is None else min(1.0, max(0.0, word.probability))
        parts.append(TimedPart(word.word, span.start, span.end, known))
    return parts if any(letters_of(part.text) for part in parts) else []


def _within(start: float, end: float, seconds: float) -> Span:
    """A time as it can be in audio of so many seconds."""
    first = min(max(0.0, start), seconds)
    return Span(first, min(max(first, end), seconds))


def _timed(utterances: Sequence[_Utterance], parts: Sequence[TimedPart], piece: Piece) -> Iterator[_Said]:
    """Words with their own times."""
    texts = [text for utterance in utterances for text in utterance.texts]
    times = iter(align(texts, parts, piece.seconds))
    by_utterance = [[next(times) for _ in utterance.texts] for utterance in utterances]
    yield from _placed(utterances, [_with_the_first_at_hand(timed, piece) for timed in by_utterance], piece)


def _with_the_first_at_hand(timed: list[Timed], piece: Piece) -> list[Timed]:
    """The times of an utterance's words, of which the first is not left behind before silence that was cut out.

    Whisper has the first word behind a pause begin in the pause, or before it.
    """
    if len(timed) < 2:
        return timed
    first, second = (piece.place(each.span.start, each.span.end)[0] for each in timed[:2])
    if first is second or timed[0].span.end < first.end - _EDGE:
        return timed
    begin = Span(second.offset, max(second.offset, timed[1].span.start))
    return [Timed(begin, timed[0].probability), *timed[1:]]


def _shared(utterances: Sequence[_Utterance], piece: Piece) -> Iterator[_Said]:
    """Words with their shares of the speech in their utterance's time."""
    times = []
    for utterance in utterances:
        speech = _speech(utterance.span, piece)
        spoken = shares(Span(0.0, sum(each.duration for each in speech)), [len(text) for text in utterance.texts])
        times.append([Timed(_through(speech, span)) for span in spoken])
    yield from _placed(utterances, times, piece)


def _speech(span: Span, piece: Piece) -> list[Span]:
    """What of a stretch of a piece is speech, without what it only touches: ends are where silence ends, at Whisper."""
    parts = [
        Span(max(span.start, stretch.offset), min(span.end, stretch.end))
        for stretch in piece.stretches
        if stretch.offset < span.end and span.start < stretch.end
    ]
    longest = max((part.duration for part in parts), default=0.0)
    return [part for part in parts if part.duration >= longest * _TOUCH] or [span]


def _through(speech: Sequence[Span], span: Span) -> Span:
    """A stretch of the time that is left of `speech` when it is put together, in the one of its middle."""
    middle, gone = (span.start + span.end) / 2, 0.0
    for part in speech:
        if middle <= gone + part.duration or part is speech[-1]:
            break
        gone += part.duration
    first, last = (part.start + min(max(0.0, at - gone), part.duration) for at in (span.start, span.end))
    return Span(first, last)


def _placed(utterances: Sequence[_Utterance], times: Sequence[Sequence[Timed]], piece: Piece) -> Iterator[_Said]:
    """Words in recording time, none of which begins before the one before it."""
    earliest, last = 0.0, piece.stretches[0]
    for number, (utterance, timed) in enumerate(zip(utterances, times, strict=True)):
        for text, time in zip(utterance.texts, timed, strict=True):
            found, span = piece.place(time.span.start, time.span.end)
            last = max(found, last, key=lambda stretch: stretch.offset)
            earliest = max(earliest, span.start)
            sure = utterance.confidence if time.probability is None else time.probability
            word = Word(text, round(earliest, 3), round(max(earliest, span.end), 3), round(sure, 3))
            yield _Said(word, number, last)
