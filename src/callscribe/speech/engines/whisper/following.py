"""Recognises the windows of a recording each in its own language: asks the model, looks around, asks again.

    ask for all windows: what languages each may be in, and its text in the first (`spoken.first_language`)
      ├─ in that language beyond doubt → done
      └─ in doubt → its stretches between pauses, where they are of several languages
                    or else what its neighbours say with it
           └─ another language than the first → ask for its text in that one; or leave it out

Which language a window is in follows from it and its neighbours in the recording, never from what it is asked for
together with. Nothing is decoded or computed twice on a channel that plainly speaks what was asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Final

from callscribe.speech.engines.whisper.messages import Answer, Part, Task
from callscribe.speech.engines.whisper.spoken import (
    Hearing,
    alone,
    first_language,
    stretches,
    together,
    wanted_language,
)
from callscribe.speech.interface import (
    SAMPLE_RATE,
    OmissionReason,
    OnLanguageMismatch,
    Segment,
    Span,
    SpeechWindow,
    SpokenLanguage,
    Surroundings,
)
from callscribe.speech.languages import LANGUAGE_CODES

Ask = Callable[[Part], Answer]

_Key = tuple[int, float]
"""Channel and beginning of a window's speech."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A window, or a part of it where not `whole`. `place` is that of the window among those that are recognised."""

    place: int
    window: SpeechWindow
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Told:
    """A piece, and what is spoken in it."""

    piece: _Piece
    spoken: SpokenLanguage


class Follower:
    """The windows of one recording, in order. `expected` is Whisper's code of what was asked for, None for any.

    `elsewhere` are languages that another model recognises than the one that says what is spoken; `ask` knows which.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        expected: str | None,
        keyterms: tuple[str, ...],
        wish: OnLanguageMismatch,
        surroundings: Surroundings | None,
        elsewhere: Collection[str] = (),
        verbatim: bool = False,
    ) -> None:
        self._ask: Final = ask
        self._expected: Final = expected
        self._keyterms: Final = keyterms
        self._wish: Final = wish
        self._surroundings: Final = surroundings
        self._elsewhere: Final = tuple(sorted(elsewhere))
        self._verbatim: Final = verbatim
        self._heard: Final[dict[_Key, list[Hearing]]] = {}

    def recognize(self, windows: Sequence[SpeechWindow]) -> list[Segment]:
        """The segments of some of them, in the order of the windows."""
        pieces = [_Piece(place, window) for place, window in enumerate(windows)]
        told: list[_Told] = []
        if self._expected is None:  # what begins plainly in one language may end in another
            pieces, told = self._divided(pieces)
        answer = self._ask(self._part(pieces, Task.RECOGNIZE, self._expected)) if pieces else Answer()
        if pieces and not answer.hearings:  # the model knows one language, and takes all for it
            return list(chain.from_iterable(answer.segments))
        told += self._languages(pieces, answer.hearings)
        languages = (self._decoded(first_language(hearing, self._expected, self._wish)) for hearing in answer.hearings)
        places = (piece.place for piece in pieces)
        return self._texts(told, dict(zip(places, zip(languages, answer.segments, strict=True), strict=True)))

    def _languages(self, pieces: Sequence[_Piece], hearings: Sequence[Hearing]) -> list[_Told]:
        """What is spoken in windows, in parts where it is several languages."""
        told: list[_Told] = []
        doubtful: list[_Piece] = []
        for piece, hearing in zip(pieces, hearings, strict=True):
            self._heard.setdefault(_key(piece.window), [hearing])
            if language := alone(hearing, self._expected):
                told.append(_Told(piece, language))
            else:
                doubtful.append(piece)
        if self._expected is not None:
            doubtful, divided = self._divided(doubtful)
            told += divided
        return told + [_Told(piece, self._among_neighbours(piece.window)) for piece in doubtful]

    def _texts(self, told: Iterable[_Told], first: Mapping[int, tuple[str | None, Sequence[Segment]]]) -> list[Segment]:
        """The segments of all pieces. `first` has the language and the segments of windows that were recognised."""
        found: dict[int, list[Segment]] = defaultdict(list)
        again: dict[str, list[_Told]] = defaultdict(list)
        for each in told:
            piece, wanted = each.piece, wanted_language(each.spoken.language, self._expected, self._wish)
            decoded, segments = first[piece.place] if piece.whole else (None, ())
            if wanted is None:
                found[piece.place].append(_left_out(each))
            elif wanted == decoded:
                found[piece.place] += self._marked(each, segments)
            else:
                again[wanted].append(each)
        for language, some in again.items():
            answer = self._ask(self._part([each.piece for each in some], Task.DECODE, language))
            for each, texts in zip(some, answer.segments, strict=True):
                found[each.piece.place] += self._marked(each, texts)
        return _in_order(found)

    def _decoded(self, language: str | None) -> str | None:
        """A language, where the model that is asked first makes text of it."""
        return None if language in self._elsewhere else language

    def _part(self, pieces: Iterable[_Piece], task: Task, language: str | None) -> Part:
        windows = tuple(piece.window for piece in pieces)
        return Part(windows, language, self._keyterms, task, self._wish, self._elsewhere, self._verbatim)

    def _divided(self, pieces: Sequence[_Piece]) -> tuple[list[_Piece], list[_Told]]:
        """Those that are of one language as far as is known; of the others the parts, each of one."""
        cut = [(piece, stretches(piece.window.speech)) for piece in pieces]
        parts = [
            _Piece(piece.place, _cut(piece.window, span), whole=False)
            for piece, spans in cut
            if len(spans) > 1
            for span in spans
        ]
        if not parts:
            return list(pieces), []
        hearings = iter(self._ask(self._part(parts, Task.LISTEN, self._expected)).hearings)
        whole: list[_Piece] = []
        told: list[_Told] = []
        for piece, spans in cut:
            heard = list(islice(hearings, len(spans))) if len(spans) > 1 else []
            if heard and self._expected is None:
                self._heard[_key(piece.window)] = heard
            of_one = _runs(self._proven(heard))
            if len(of_one) < 2:
                whole.append(piece)
                continue
            for language, first, end in of_one:
                span = Span(spans[first].start, spans[end - 1].end)
                told.append(_Told(_Piece(piece.place, _cut(piece.window, span), whole=False), language))
        return whole, told

    def _proven(self, heard: Sequence[Hearing]) -> list[SpokenLanguage | None]:
        """The language of each stretch of a window, None in doubt. What one of them proves, others may do with less."""
        sure = [alone(each, self._expected) for each in heard]
        proven = {language.language for language in sure if language}
        plain = [alone(each, None) for each in heard]
        return [
            language or (likely if likely and likely.language in proven else None)
            for language, likely in zip(sure, plain, strict=True)
        ]

    def _among_neighbours(self, window: SpeechWindow) -> SpokenLanguage:
        """The language of a window that does not say it by itself."""
        own = self._heard[_key(window)]
        around = self._surroundings.around(window) if self._surroundings else ()
        unknown = [span for span in around if (window.channel, span.start) not in self._heard]
        if self._surroundings and unknown:
            read = [_Piece(place, self._surroundings.read(window.channel, span)) for place, span in enumerate(unknown)]
            for piece, hearings in zip(read, self._hear(read), strict=True):
                self._heard[_key(piece.window)] = hearings
        neighbours = [hearing for span in around for hearing in self._heard[window.channel, span.start]]
        return together(own, neighbours, self._expected)

    def _hear(self, pieces: Sequence[_Piece]) -> list[list[Hearing]]:
        """What windows say of their languages that are not recognised now, as it is asked where they are."""
        parts: list[_Piece] = []
        for piece in pieces:
            spans = stretches(piece.window.speech) if self._expected is None else []
            cut = [_cut(piece.window, span) for span in spans] if len(spans) > 1 else [piece.window]
            parts += [_Piece(piece.place, window) for window in cut]
        found: list[list[Hearing]] = [[] for _ in pieces]
        hearings = self._ask(self._part(parts, Task.LISTEN, self._expected)).hearings
        for part, hearing in zip(parts, hearings, strict=True):
            found[part.place].append(hearing)
        return found

    def _marked(self, told: _Told, segments: Iterable[Segment]) -> list[Segment]:
        """What was recognised of a piece, with what is spoken where that is not what was asked for."""
        if self._expected is None or told.spoken.language == self._expected:
            return list(segments)
        return [replace(segment, mismatch=told.spoken) for segment in segments]


def _left_out(told: _Told) -> Segment:
    """A piece without words, and why."""
    speech, spoken = told.piece.window.speech, told.spoken
    known = spoken.language in LANGUAGE_CODES
    reason = OmissionReason.LANGUAGE_MISMATCH if known else OmissionReason.UNSUPPORTED_LANGUAGE
    start, end = round(speech[0].start, 3), round(speech[-1].end, 3)
    return Segment(told.piece.window.channel, start, end, (), spoken.language, spoken, reason)


def _key(window: SpeechWindow) -> _Key:
    return window.channel, window.speech[0].start


def _cut(window: SpeechWindow, span: Span) -> SpeechWindow:
    """What a window has of `span`, in recording time."""
    first, end = (round((time - window.start) * SAMPLE_RATE) for time in (span.start, span.end))
    speech = tuple(
        Span(max(span.start, each.start), min(span.end, each.end))
        for each in window.speech
        if each.start < span.end and each.end > span.start
    )
    return SpeechWindow(window.channel, window.start + first / SAMPLE_RATE, window.samples[first:end], speech)


def _runs(languages: Sequence[SpokenLanguage | None]) -> list[tuple[SpokenLanguage, int, int]]:
    """Stretches of a window, None where they are in doubt, as runs of one language: it, first, end (excluded).

    What is in doubt is in the language of what is before it, the first of what is behind it. All in doubt: no runs.
    """
    found: list[tuple[SpokenLanguage, int, int]] = []
    for index, language in enumerate(languages):
        if found and (language is None or language.language == found[-1][0].language):
            found[-1] = (*found[-1][:2], index + 1)
        elif language is not None:
            found.append((language, index if found else 0, index + 1))
    return found


def _in_order(found: dict[int, list[Segment]]) -> list[Segment]:
    """The segments by window, those of each in order of time."""
    return [
        segment for place in sorted(found) for segment in sorted(found[place], key=lambda each: (each.start, each.end))
    ]
