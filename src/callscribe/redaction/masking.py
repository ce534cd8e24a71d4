"""Transcripts without their secrets: a label in the place of the words, in sentences and in their words alike.

What is found by its characters is taken out by whole words, since that is how it was said, and in the audio by their
times. What cannot be placed among the words takes its whole sentence with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from callscribe.redaction.entities import Entity
from callscribe.redaction.finding import Found, Said, find
from callscribe.redaction.policy import Mask, Redaction
from callscribe.speech.interface import Word
from callscribe.transcripts.models import Sentence, Transcript

AROUND: Final = 12
"""Sentences in front of what a person writes, and behind it, that are looked through with it."""

_TOUCHING: Final = 0.05
"""Seconds between sentences that are of one segment, where an engine gives words no times of their own."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a secret was said: the sentence, by its index and its channel, from when to when in seconds, and the words.

    `whole` is the time of all that the secret may be in, where its words turn out not to be where they seem.
    """

    sentence: int
    channel: int
    start: float
    end: float
    whole: tuple[float, float]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Masked:
    """A transcript with labels, and where in the audio they stand."""

    transcript: Transcript
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Words side by side that become one label: from `first` up to `behind`, with what stays in front and behind."""

    first: int
    behind: int
    before: str
    entity: Entity
    after: str


def redacted(transcript: Transcript, asked: Redaction, names: Sequence[str] = (), *, timed: bool = True) -> Masked:
    """A transcript without what is asked for.

    `names` are the parties' own. `timed` is whether words have times of their own; where they have not, nothing can be
    placed in time, and whole sentences go.
    """
    found = find(said(transcript), asked.entities, names)
    return masked(transcript, found, asked.mask, timed=timed)


def said(transcript: Transcript) -> list[Said]:
    """Its sentences as they are looked through. Who they are by is told by channel and speaker."""
    return [
        Said(
            each.text,
            each.language or transcript.language,
            each.channel * 1000 + (0 if each.speaker is None else each.speaker + 1),
            each.start,
            each.end,
        )
        for each in transcript.sentences
    ]


def masked(transcript: Transcript, found: Iterable[Found], mask: Mask, *, timed: bool = True) -> Masked:
    """A transcript with labels in the place of what was found."""
    of_sentence: dict[int, list[Found]] = defaultdict(list)
    for each in found:
        of_sentence[each.sentence].append(each)
    sentences = list(transcript.sentences)
    spots: list[Spot] = []
    for index, parts in sorted(of_sentence.items()):
        sentence = sentences[index]
        groups = _groups(sentence, parts) if timed else None
        if groups is None:
            sentences[index] = _emptied(sentence, mask, parts[0].entity)
            start, end = (sentence.start, sentence.end) if timed else _segment(transcript, index)
            words = tuple(sentence.text.split())
            spots.append(Spot(index, sentence.channel, start, end, (start, end), words))
        else:
            sentences[index] = _labelled(sentence, groups, mask)
            spots += _spots(index, sentence, groups)
    return Masked(replace(transcript, sentences=tuple(sentences)), tuple(spots))


def masked_text(text: str, found: Sequence[Found], mask: Mask) -> str:
    """A text that has no words with times, such as one that a person writes, with labels in it."""
    words = text.split()
    sentence = Sentence(0, None, 0.0, 1.0, " ".join(words), 1.0, tuple(Word(each, 0.0, 1.0, 1.0) for each in words))
    places = _places(text, words)
    if places is None:  # not words between blanks: nothing is known of it
        return mask.label(found[0].entity)
    groups = _grouped(text, places, found)
    return mask.label(found[0].entity) if groups is None else _labelled(sentence, groups, mask).text


def retyped(transcript: Transcript, typed: Mapping[int, str], asked: Redaction, names: Sequence[str]) -> dict[int, str]:
    """Texts that a person writes in the place of sentences, by their indexes, without what is asked for.

    It is looked for with the sentences around, as far as `AROUND` of them: what is a secret may show by a question.
    """
    near = {
        each
        for index in typed
        for each in range(max(0, index - AROUND), min(len(transcript.sentences), index + AROUND + 1))
    }
    order = sorted(near)
    every = said(transcript)
    sentences = [replace(every[index], text=typed.get(index, every[index].text)) for index in order]
    of_sentence: dict[int, list[Found]] = defaultdict(list)
    for each in find(sentences, asked.entities, names):
        of_sentence[order[each.sentence]].append(each)
    return {
        index: masked_text(text, of_sentence[index], asked.mask) if index in of_sentence else text
        for index, text in typed.items()
    }


def renamed(name: str, language: str | None, asked: Redaction) -> str:
    """What a person calls a party, without what is asked for but names."""
    wanted = [each for each in asked.entities if each is not Entity.NAME]
    found = find([Said(name, language, 0, 0.0, 1.0)], wanted, ())
    return masked_text(name, found, asked.mask) if found else name


def _groups(sentence: Sentence, found: Sequence[Found]) -> list[_Group] | None:
    """The words that go; None where they cannot be told."""
    places = _places(sentence.text, [word.text for word in sentence.words])
    return None if places is None else _grouped(sentence.text, places, found)


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]] | None:
    """Where in a text its words stand; None where there is more in it than they, or less."""
    places = []
    behind = 0
    for word in words:
        first = text.find(word, behind)
        if first < 0 or text[behind:first].strip():
            return None
        behind = first + len(word)
        places.append((first, behind))
    return None if text[behind:].strip() else places


def _grouped(text: str, places: Sequence[tuple[int, int]], found: Sequence[Found]) -> list[_Group] | None:
    groups: list[_Group] = []
    for each in sorted(found, key=lambda one: (one.first, one.behind)):
        touched = [place for place, (first, behind) in enumerate(places) if first < each.behind and each.first < behind]
        if not touched:
            return None
        first, behind = touched[0], touched[-1] + 1
        before = _around(text[places[first][0] : max(each.first, places[first][0])])
        after = _around(text[min(each.behind, places[behind - 1][1]) : places[behind - 1][1]])
        if groups and groups[-1].behind > first:  # another is in the same word
            last = groups.pop()
            first, before = min(first, last.first), last.before
            behind, after = max(behind, last.behind), after if behind >= last.behind else last.after
        groups.append(_Group(first, behind, before, each.entity, after))
    return groups


def _around(text: str) -> str:
    """What of a word may stay beside a label: punctuation."""
    return "" if any(map(str.isalnum, text)) else text


def _labelled(sentence: Sentence, groups: Sequence[_Group], mask: Mask) -> Sentence:
    words: list[Word] = []
    behind = 0
    for group in groups:
        words += sentence.words[behind : group.first]
        gone = sentence.words[group.first : group.behind]
        confidence = round(sum(word.confidence for word in gone) / len(gone), 3)
        label = f"{group.before}{mask.label(group.entity)}{group.after}"
        words.append(Word(label, gone[0].start, gone[-1].end, confidence))
        behind = group.behind
    words += sentence.words[behind:]
    return _of_words(sentence, words)


def _emptied(sentence: Sentence, mask: Mask, entity: Entity) -> Sentence:
    return _of_words(sentence, [Word(mask.label(entity), sentence.start, sentence.end, sentence.confidence)])


def _of_words(sentence: Sentence, words: Sequence[Word]) -> Sentence:
    return replace(
        sentence,
        text=" ".join(word.text for word in words),
        words=tuple(words),
        confidence=round(sum(word.confidence for word in words) / len(words), 3),
    )


def _spots(index: int, sentence: Sentence, groups: Sequence[_Group]) -> Iterator[Spot]:
    for group in groups:
        gone = sentence.words[group.first : group.behind]
        texts = tuple(word.text for word in gone)
        whole = sentence.start, sentence.end
        yield Spot(index, sentence.channel, gone[0].start, gone[-1].end, whole, texts)


def _segment(transcript: Transcript, index: int) -> tuple[float, float]:
    """The time of a sentence with all of its channel that it may be of one segment with, whose words share its time."""
    sentence = transcript.sentences[index]
    start, end = sentence.start, sentence.end
    of_channel = [each for each in transcript.sentences if each.channel == sentence.channel]
    for each in sorted(of_channel, key=lambda one: one.start):
        if each.start >= start and each.start <= end + _TOUCHING:
            end = max(end, each.end)
    for each in sorted(of_channel, key=lambda one: one.end, reverse=True):
        if each.end <= end and each.end >= start - _TOUCHING:
            start = min(start, each.start)
    return start, end


def by_channel(spots: Iterable[Spot]) -> dict[int, list[Spot]]:
    """Spots of each channel, by time."""
    ordered = sorted(spots, key=lambda spot: (spot.channel, spot.start, spot.end))
    return {channel: list(group) for channel, group in groupby(ordered, lambda spot: spot.channel)}
