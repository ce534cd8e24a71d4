"""From segments of all channels to the sentences of a call on one time line."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from callscribe.speech.diarization.turns import SpeakerTurn
from callscribe.speech.interface import OmissionReason, Segment, Word
from callscribe.speech.languages import language_code, locale_of
from callscribe.transcripts.models import Diarization, LanguageMismatch, Omission, Sentence, Transcript
from callscribe.transcripts.speakers import by_speaker, likeliest_participants

LONG_PAUSE: Final = 2.5
"""Seconds of silence that end any sentence: hesitation is shorter."""

SHORT_PAUSE: Final = 0.7
"""Seconds of silence that end a sentence when the next word begins like one: with a capital, and no digit."""

CAPITAL_NOUNS: Final = frozenset({"de"})
"""Languages, of those that a configuration can name, in which a capital in the middle of a sentence says nothing."""

LONGEST_WORDS: Final = 40
LONGEST_SECONDS: Final = 20.0
"""A sentence beyond either is divided at its best comma or pause."""

_FINAL: Final = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*$")
_INITIAL: Final = re.compile(r"^(?:[A-Za-zÀ-ÿ]\.)+$")
_ABBREVIATIONS: Final = re.compile(
    # Followed by a name or a number in the languages of the API; none of them ends a sentence.
    r"^(?:mr|mrs|ms|mx|dr|prof|st|rev|hon|gen|col|capt|lt|sgt|jr|sr|messrs|mme|mlle|hr|fr|frau|nr|núm|sra|srta|dña"
    r"|d\.h|z\.b|e\.g|i\.e|p\.ex|bzw|ca|vs|approx|dept|vol|pp)\.$",
    re.IGNORECASE,
)
_ORDINAL: Final = re.compile(r"^\d{1,2}\.$")
_MONTH: Final = re.compile(  # "May" more often begins a question
    r"^(?:january|february|march|april|june|july|august|september|october|november|december)\b", re.IGNORECASE
)
_CLAUSE: Final = re.compile(r"[,;:—–]$")


def assemble(
    segments: Iterable[Segment],
    *,
    duration: float,
    participants: Mapping[int, int] | None = None,
    language: str | None = None,
    channels: int = 1,
    turns: Sequence[SpeakerTurn] | None = None,
    roles: Sequence[str | None] = (),
) -> Transcript:
    """Break what each channel says into sentences and merge them by time.

    Args:
        segments: of all channels, in any order. One without words is speech of which no text could be made.
        duration: of the recording, in seconds.
        participants: channel (from 0) to position in the job's list of participants; other channels have none.
        language: the locale that was asked for; without one, or with `multi`, what was detected for most words.
        channels: how many were listened to, whether or not anybody speaks on them.
        turns: of those who share the only channel, where they were asked for.
        roles: types of the job's participants, such as `CUSTOMER`, by which speakers are mapped to them.

    Sentences of different channels may overlap; they come in the order of their starts. None is of two languages.
    """
    heard = sorted(segments, key=lambda segment: (segment.channel, segment.start, segment.end))
    sentences = [
        _sentence(channel, words, participants or {}, speaker, _locale(code, language))
        for (channel, code), group in groupby(
            (segment for segment in heard if segment.words), key=lambda segment: (segment.channel, segment.language)
        )
        for speaker, said in _said([word for segment in group for word in segment.words], turns)
        for words in sentences_of(said, capitals=code not in CAPITAL_NOUNS)
    ]
    sentences.sort(key=lambda sentence: (sentence.start, sentence.channel, sentence.end))
    diarization = None
    if turns is not None:
        sentences, diarization = _with_speakers(sentences, roles)
    return Transcript(
        duration,
        _language(heard, language),
        tuple(sentences),
        tuple(_omissions(heard)),
        channels,
        diarization,
        tuple(_mismatches(heard)),
        words_timed=all(segment.words_timed for segment in heard),
    )


def models_used(segments: Iterable[Segment], model: str, others: Mapping[str, str]) -> tuple[str, ...]:
    """The models that words are of, in the order of their first: `others` by ISO 639-1 code, else `model`."""
    said = sorted((segment for segment in segments if segment.words), key=lambda segment: segment.start)
    return tuple(dict.fromkeys(others.get(segment.language, model) for segment in said))


def _omissions(segments: Iterable[Segment]) -> list[Omission]:
    """Segments without words, by time."""
    found = [
        Omission(
            segment.channel,
            segment.start,
            segment.end,
            segment.omitted or OmissionReason.NOT_RECOGNIZED,
            locale_of(segment.mismatch.language) if segment.omitted and segment.mismatch else None,
        )
        for segment in segments
        if not segment.words
    ]
    return sorted(found, key=lambda omission: (omission.start, omission.channel, omission.end))


def _mismatches(segments: Iterable[Segment]) -> list[LanguageMismatch]:
    """Each channel with each language that was not asked for, by time."""
    found: dict[tuple[int, str], list[tuple[Segment, float]]] = {}
    for segment in segments:
        if segment.mismatch:
            of_language = found.setdefault((segment.channel, segment.mismatch.language), [])
            of_language.append((segment, segment.mismatch.probability))
    merged = [
        LanguageMismatch(
            channel,
            min(segment.start for segment, _ in heard),
            max(segment.end for segment, _ in heard),
            locale_of(code),
            round(
                sum(probability * (segment.end - segment.start) for segment, probability in heard)
                / sum(segment.end - segment.start for segment, _ in heard),
                3,
            ),
        )
        for (channel, code), heard in found.items()
    ]
    return sorted(merged, key=lambda each: (each.start, each.channel))


def _said(words: Sequence[Word], turns: Sequence[SpeakerTurn] | None) -> Iterator[tuple[int | None, list[Word]]]:
    """One channel's words, in runs of one speaker where there are turns."""
    ordered = list(_in_order(words))
    if turns is None:
        yield None, ordered
    else:
        yield from by_speaker(ordered, turns, [ends_sentence(word.text) for word in ordered])


def _with_speakers(sentences: Sequence[Sentence], roles: Sequence[str | None]) -> tuple[list[Sentence], Diarization]:
    """Speakers counted in the order of appearance, and the participants whom they probably are."""
    order = {speaker: index for index, speaker in enumerate(dict.fromkeys(each.speaker for each in sentences))}
    numbered = [replace(each, speaker=order[each.speaker]) for each in sentences]
    if len(order) > 1:
        known = likeliest_participants(numbered, roles)
        numbered = [
            replace(each, participant=None if each.speaker is None else known.get(each.speaker)) for each in numbered
        ]
    participants = {each.speaker: each.participant for each in numbered}
    return numbered, Diarization(applied=True, participants=tuple(participants[index] for index in range(len(order))))


def sentences_of(words: Sequence[Word], *, capitals: bool = True) -> Iterator[list[Word]]:
    """One channel's words, in order, broken where a reader would break them.

    `capitals` is whether a capital may begin a sentence; not where every noun has one.
    """
    sentence: list[Word] = []
    for word in _in_order(words):
        if sentence and _breaks(sentence[-1], word, capitals=capitals):
            yield from _divided(sentence)
            sentence = []
        sentence.append(word)
    if sentence:
        yield from _divided(sentence)


def _in_order(words: Sequence[Word]) -> Iterator[Word]:
    """By start, none beginning before the one in front ends."""
    floor = 0.0
    for word in sorted(words, key=lambda each: (each.start, each.end)):
        start = max(word.start, min(floor, word.end - 0.001))
        yield word if start == word.start else word._replace(start=round(start, 3))
        floor = word.end


def _breaks(last: Word, word: Word, *, capitals: bool) -> bool:
    pause = word.start - last.end
    capital = not word.text[:1].islower()
    numeral = word.text[:1].isdigit()  # numbers are said in groups, with pauses between
    if pause >= LONG_PAUSE:
        return True
    if ends_sentence(last.text):
        # "etc." and "3." in the middle of a sentence are followed by a small letter; "3." also by a month, or by
        # any noun where nouns have capitals.
        goes_on = _ORDINAL.match(last.text) and (not capitals or _MONTH.match(word.text))
        return (capital and not goes_on) or pause >= SHORT_PAUSE or last.text[-1:] in "!?"
    begins = capitals and capital and not numeral
    return pause >= SHORT_PAUSE and begins and not _CLAUSE.search(last.text) and word.text not in {"I", "I'm", "I'll"}


def ends_sentence(text: str) -> bool:
    """Whether a word has a full stop, a question mark or the like behind it that is not an abbreviation's."""
    return _FINAL.search(text) is not None and not _is_abbreviation(text)


def _is_abbreviation(text: str) -> bool:
    stem = text.strip("\"'([“”‘’¿¡")
    return bool(_INITIAL.match(stem) or _ABBREVIATIONS.match(stem))


def _divided(sentence: list[Word]) -> Iterator[list[Word]]:
    """A sentence in parts that are not too long, divided at the best place of its middle half."""
    seconds = sentence[-1].end - sentence[0].start
    if len(sentence) < 2 or (len(sentence) <= LONGEST_WORDS and seconds <= LONGEST_SECONDS):
        yield sentence
        return

    def worth(index: int) -> float:
        """Of dividing before a word: the pause in seconds, a comma worth one, less for being off the middle."""
        comma = 1.0 if _CLAUSE.search(sentence[index - 1].text) else 0.0
        off = abs(index / len(sentence) - 0.5)
        return sentence[index].start - sentence[index - 1].end + comma - off

    quarter = len(sentence) // 4
    cut = max(range(max(1, quarter), max(2, len(sentence) - quarter)), key=worth)
    yield from _divided(sentence[:cut])
    yield from _divided(sentence[cut:])


def _sentence(
    channel: int, words: Sequence[Word], participants: Mapping[int, int], speaker: int | None, language: str
) -> Sentence:
    return Sentence(
        channel=channel,
        participant=participants.get(channel),
        start=words[0].start,
        end=words[-1].end,
        text=" ".join(word.text for word in words),
        confidence=round(sum(word.confidence for word in words) / len(words), 3),
        words=tuple(words),
        speaker=speaker,
        language=language,
    )


def _locale(code: str, asked: str | None) -> str:
    """The locale of a language: the one that was asked for, where it is of that language."""
    return locale_of(code, () if asked is None else (asked,))


def _language(segments: Sequence[Segment], asked: str | None) -> str | None:
    if asked is not None and language_code(asked) is not None:
        return asked
    main = _main_language(segments)
    return None if main is None else locale_of(main)


def _main_language(segments: Iterable[Segment]) -> str | None:
    """ISO 639-1 code of the language that most words are in; None without words."""
    counts: Counter[str] = Counter()
    for segment in segments:
        if segment.words:
            counts[segment.language] += len(segment.words)
    return counts.most_common(1)[0][0] if counts else None
