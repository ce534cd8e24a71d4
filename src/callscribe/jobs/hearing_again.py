"""Whether a secret is still understood where it was muted, and how much further to mute then.

Words do not always stand where they were timed, and a party may be heard on the other's channel. So what was muted is
recognised once more, with what is said around it: a word of the secret that is heard there widens the stretch, until
none is, or all of the sentence is muted.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import structlog

from callscribe.cancellation import Cancellation
from callscribe.media.decoding import Decoder
from callscribe.media.muting import Muted, merged, mute
from callscribe.redaction.finding import Said
from callscribe.redaction.masking import Spot
from callscribe.redaction.numerals import numeral
from callscribe.redaction.tokens import stream_of
from callscribe.speech.interface import SAMPLE_RATE, RecognitionOptions, Span, SpeechWindow, WindowEngine, Word
from callscribe.speech.windows import LONGEST
from callscribe.transcripts.models import Transcript

MARGIN: Final = 0.2
"""Seconds that are muted before and behind the words of a secret: their times are not exact."""

WIDER: Final = 0.4
"""Seconds that a stretch gains on both sides where something is still understood."""

TRIES: Final = 3
"""Times that a stretch is heard; then its whole sentence is muted."""

CONTEXT: Final = 3.0
"""Seconds around a stretch that are heard with it, so that what is left of a word can be understood."""

NEAR: Final = 0.8
"""Seconds around a stretch in which words may be its own."""

AUDIBLE: Final = 0.001
"""Of full scale (-60 dB), the mean level below which a channel says nothing."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """What is needed to hear a recording again: `path` is the original, `transcript` what is left of its text.

    `gains` are those of the channels that were listened to, counted from 0.
    """

    decoder: Decoder
    path: Path
    engine: WindowEngine
    model: str
    options: RecognitionOptions
    transcript: Transcript
    gains: Mapping[int, float]
    cancelled: Cancellation


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A spot on a channel, as it is muted by now."""

    spot: Spot
    muted: Muted

    def wider(self, tries: int) -> "_Stretch":
        start, end = self.muted.start - WIDER, self.muted.end + WIDER
        if tries >= TRIES:
            start, end = min(start, self.spot.whole[0] - MARGIN), max(end, self.spot.whole[1] + MARGIN)
        return replace(self, muted=Muted(self.muted.channel, max(0.0, start), end))


def stretches_of(spots: Iterable[Spot], channels: Callable[[int], Iterable[int]]) -> list[_Stretch]:
    """What is muted to begin with; `channels` are those of the file on which a channel's party is heard."""
    return [
        _Stretch(spot, Muted(channel, max(0.0, spot.start - MARGIN), spot.end + MARGIN))
        for spot in spots
        for channel in channels(spot.channel)
    ]


def muted(stretches: Iterable[_Stretch]) -> list[Muted]:
    """They, without overlap."""
    return merged(each.muted for each in stretches)


def widened(listening: Listening, stretches: Sequence[_Stretch], *, others: bool, tone: bool) -> list[_Stretch]:
    """The stretches, as wide as they must be; with `others`, also on channels on which a secret is heard as well.

    Raises:
        Cancelled: nobody wants it any more.
        JobError: the recording cannot be decoded or recognised.
    """
    done: list[_Stretch] = []
    left = list(stretches)
    beside = [each for each in stretches if others and len(listening.gains) > 1]
    stay = _words_that_stay(listening.transcript)
    for tries in range(1, TRIES + 1):
        every = muted([*done, *left])
        heard = _heard(listening, [*left, *(_other(each) for each in beside)], every, tone=tone)
        added = [_other(each) for each in beside if _understood(listening, _other(each), heard, stay)]
        again: list[_Stretch] = []
        for each in left:
            if _understood(listening, each, heard, stay):
                again.append(each.wider(tries))
            else:
                done.append(each)
        left = again + added
        beside = []
        if not left:
            break
    if left:
        _log.warning("redaction.muted_whole_sentences", number=len(left))
    return done + left


def _other(stretch: _Stretch) -> _Stretch:
    """The same on the other party's channel."""
    return replace(stretch, muted=replace(stretch.muted, channel=1 - stretch.muted.channel))


def _heard(
    listening: Listening, stretches: Sequence[_Stretch], every: Sequence[Muted], *, tone: bool
) -> dict[int, list[Word]]:
    """The words around stretches, by channel."""
    found: dict[int, list[Word]] = {}
    windows = _windows(listening, stretches, every, tone=tone)
    for segment in listening.engine.recognize(
        windows, model=listening.model, options=listening.options, cancelled=listening.cancelled
    ):
        found.setdefault(segment.channel, []).extend(segment.words)
    return found


def _windows(
    listening: Listening, stretches: Sequence[_Stretch], every: Sequence[Muted], *, tone: bool
) -> Iterator[SpeechWindow]:
    for channel, span in _spans([each.muted for each in stretches], listening.transcript.duration):
        audio = _read(listening, span)
        if channel >= len(audio):
            continue
        mute(audio, span.start, SAMPLE_RATE, every, tone=tone)
        samples = audio[channel] * np.float32(listening.gains.get(channel, 1.0))
        if float(np.sqrt(np.mean(np.square(audio[channel])))) >= AUDIBLE:
            yield SpeechWindow(channel, span.start, np.ascontiguousarray(samples), (span,))


def _spans(stretches: Sequence[Muted], duration: float) -> Iterator[tuple[int, Span]]:
    """Channels and times that are heard, each once: neighbours together, none longer than a model takes."""
    wide = [Muted(each.channel, each.start - CONTEXT, min(duration, each.end + CONTEXT)) for each in stretches]
    for each in merged(wide):
        start = max(0.0, each.start)
        while start < each.end:
            end = min(each.end, start + LONGEST)
            yield each.channel, Span(start, end)
            if end == each.end:
                break
            start = end - CONTEXT


def _read(listening: Listening, span: Span) -> npt.NDArray[np.float32]:
    windows = listening.decoder.windows(listening.path, start=span.start, end=span.end, cancelled=listening.cancelled)
    return np.concatenate([np.array(each.samples) for each in windows], axis=1)


def _words_that_stay(transcript: Transcript) -> Mapping[tuple[int, str], Sequence[float]]:
    """When the words that are left of a transcript are said, by channel and word: their middles, in order."""
    found: dict[tuple[int, str], list[float]] = {}
    for sentence in transcript.sentences:
        for word in sentence.words:
            found.setdefault((sentence.channel, _key(word.text)), []).append(_middle(word))
    for middles in found.values():
        middles.sort()
    return found


def _understood(
    listening: Listening,
    stretch: _Stretch,
    heard: Mapping[int, Sequence[Word]],
    stay: Mapping[tuple[int, str], Sequence[float]],
) -> bool:
    """Whether a word of the secret is heard where it was, or beside it, that is none of those that stay."""
    place = stretch.muted
    language = listening.options.language or listening.transcript.language
    secret = {_key(word) for word in stretch.spot.words} - {""}
    has_numbers = any(_is_number(word, language) for word in secret)
    for word in heard.get(place.channel, ()):
        middle = _middle(word)
        if not place.start - NEAR <= middle <= place.end + NEAR:
            continue
        key = _key(word.text)
        if key not in secret and not (has_numbers and _is_number(key, language)):
            continue
        middles = stay.get((place.channel, key), ())
        nearest = bisect_right(middles, middle - NEAR)
        if nearest == len(middles) or middles[nearest] >= middle + NEAR:
            return True
    return False


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _key(word: str) -> str:
    return "".join(filter(str.isalnum, word)).casefold()


def _is_number(key: str, language: str | None) -> bool:
    """Whether a word is one of a number, in digits or as it is said: one is written where the other was, at times."""
    if any(map(str.isdigit, key)):
        return True
    stream = stream_of([Said(key, language, 0, 0.0, 0.0)])
    return bool(stream.tokens) and numeral(stream.tokens, 0, len(stream.tokens), stream.languages[0]) is not None
