"""From Deepgram's answer to segments.

In https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded nearly everything is optional. The SDK
has types for it; to fill them takes 24 s and 250 MB for eight hours, and what is read here a second.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from callscribe.speech.engines.remote.failures import unreadable
from callscribe.speech.engines.remote.finite import FiniteOrNone
from callscribe.speech.interface import Segment, Word
from callscribe.speech.languages import language_code

PROVIDER: Final = "Deepgram"


@dataclass(frozen=True, slots=True)
class _Word:
    word: str | None = None
    punctuated_word: str | None = None
    start: FiniteOrNone = None
    end: FiniteOrNone = None
    confidence: FiniteOrNone = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class _Utterance:
    channel: int | None = None
    start: FiniteOrNone = None
    end: FiniteOrNone = None
    confidence: FiniteOrNone = None
    transcript: str | None = None
    words: list[_Word] | None = None
    languages: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Alternative:
    transcript: str | None = None
    languages: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Channel:
    alternatives: list[_Alternative] | None = None
    detected_language: str | None = None

    @property
    def best(self) -> _Alternative:
        """The only alternative that there is without asking for more."""
        return self.alternatives[0] if self.alternatives else _Alternative()


@dataclass(frozen=True, slots=True)
class _Results:
    channels: list[_Channel]
    utterances: list[_Utterance] | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    results: _Results


_ANSWER: Final = TypeAdapter(_Answer)


def segments(
    answer: bytes, channels: Sequence[int], duration: float, locale: str | None, *, multichannel: bool
) -> Iterator[Segment]:
    """What was heard on `channels` of a recording of `duration` seconds, an utterance a segment, by time.

    `locale` is what was asked for; without it, or with `multi`, the answer says what is spoken. Without `multichannel`
    one channel was heard, and is the only one of `channels`.

    Raises:
        JobError: 17566, the answer is not what was asked for: another form, or without some of the channels.
    """
    try:
        results = _ANSWER.validate_json(answer).results
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise unreadable(PROVIDER, f"{'.'.join(map(str, fault['loc']))} {fault['msg']}".strip()) from None
    needed = max(channels) + 1 if multichannel else 1
    if len(results.channels) < needed:
        raise unreadable(PROVIDER, f"it has {len(results.channels)} of {needed} channels")
    uttered = {utterance.channel if multichannel else 0 for utterance in results.utterances or ()}
    for place, heard in enumerate(results.channels):
        if heard.best.transcript and place not in uttered:
            raise unreadable(PROVIDER, f"channel {place + 1} has text and no utterances")
    spoken = _Spoken(results, locale)
    for utterance in results.utterances or ():
        number = utterance.channel if multichannel else 0
        if number is None or not 0 <= number < len(results.channels):
            raise unreadable(PROVIDER, "an utterance is of no channel")
        channel = number if multichannel else channels[0]
        if channel in channels and (segment := _segment(utterance, channel, duration, spoken.of(utterance, number))):
            yield segment


class _Spoken:
    """In which language utterances are, by ISO 639-1 code.

    Nova-3 says it of each word and, like nova-2, of each channel; on audio that goes from one language to another some
    of it is missing, and then what is said of the most words around is right most often.
    """

    def __init__(self, results: _Results, locale: str | None) -> None:
        self._asked = language_code(locale)
        self._channels = [
            channel.detected_language or next(iter(channel.best.languages or ()), None) for channel in results.channels
        ]
        counts = Counter(
            word.language for each in results.utterances or () for word in each.words or () if word.language
        )
        self._main = next((language for language, _ in counts.most_common(1)), None) or next(
            filter(None, self._channels), None
        )

    def of(self, utterance: _Utterance, channel: int) -> str:
        """The language of an utterance of a channel of the answer."""
        if self._asked is not None:
            return self._asked
        counts = Counter(word.language for word in utterance.words or () if word.language)
        found = (
            next((language for language, _ in counts.most_common(1)), None)
            or next(iter(utterance.languages or ()), None)
            or self._channels[channel]
            or self._main
        )
        if found is None:
            raise unreadable(PROVIDER, "it has text, and does not say in which language")
        return language_code(found) or found


def _segment(utterance: _Utterance, channel: int, duration: float, language: str) -> Segment | None:
    """One utterance; None where it has no words.

    Times are brought within the recording and words into their order. Where some have no times, all have those of the
    utterance, and say so.
    """
    words = [word for each in utterance.words or () for word in _words(each, utterance, duration)]
    timed = all(word.start is not None and word.end is not None for word in utterance.words or ())
    if not words and utterance.transcript:
        timed = False
        words = [word for text in utterance.transcript.split() for word in _words(_Word(text), utterance, duration)]
    if not words:
        return None
    if timed:
        words.sort(key=lambda word: word.start)
    else:
        if utterance.start is None or utterance.end is None:
            raise unreadable(PROVIDER, "it has words without times")
        start, end = _within(utterance.start, utterance.end, duration)
        words = [word._replace(start=start, end=end) for word in words]
    return Segment(
        channel,
        words[0].start,
        max(word.end for word in words),
        tuple(words),
        language,
        words_timed=timed,
    )


def _words(word: _Word, utterance: _Utterance, duration: float) -> Iterator[Word]:
    """A word as it is written; where formatting made one of several, such as a number, each with the time of all."""
    start, end = _within(word.start or 0.0, word.end or 0.0, duration)
    confidence = word.confidence if word.confidence is not None else utterance.confidence
    for text in (word.punctuated_word or word.word or "").split():
        yield Word(text, start, end, min(max(confidence or 0.0, 0.0), 1.0))


def _within(start: float, end: float, duration: float) -> tuple[float, float]:
    """A stretch within the recording, which does not end before it begins."""
    start = min(max(start, 0.0), duration)
    return start, min(max(end, start), duration)
