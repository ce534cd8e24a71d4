"""What people put right in a transcript: other words in a sentence, with times; another who said it.

What was recognised stays: a corrected transcript is made of it and the latest that was said of each sentence. So a
sentence that is put back to what it was is not corrected any more, and has its own words, times and confidence again.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Final

from callscribe.speech.interface import Word
from callscribe.speech.keyterms import LONGEST_KEYTERM
from callscribe.transcripts.models import Sentence, Transcript

CERTAIN: Final = 1.0
"""Confidence of a word that a person wrote."""

_LONGEST_TERM: Final = 4
"""Words side by side that are one term; more are a sentence that was written anew."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What was last said of a sentence: its text, the participant, in which version, when, and by whom."""

    text: str
    participant: int | None
    version: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be known of a sentence that is not as it was recognised. `words` are the places of other words."""

    edit: Edit
    original: Sentence
    words: Collection[int]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A transcript in one of its versions, which count the corrections; 0 is as it was recognised."""

    transcript: Transcript
    version: int = 0
    corrections: Mapping[int, Correction] = field(default_factory=dict)
    """By the sentence's index."""


def corrected(original: Transcript, edits: Mapping[int, Edit], version: int) -> Corrected:
    """A transcript with what was last said of its sentences, by their indexes.

    A sentence keeps its place, its beginning and its end, whatever becomes of its words.
    """
    sentences = list(original.sentences)
    corrections: dict[int, Correction] = {}
    for index, edit in edits.items():
        sentence = sentences[index]
        if (edit.text, edit.participant) == (sentence.text, sentence.participant):
            continue
        words, other = spread(sentence, edit.text)
        sentences[index] = replace(
            sentence,
            participant=edit.participant,
            speaker=_speaker(original, sentence, edit.participant),
            text=edit.text,
            words=words,
            confidence=_mean(words) if words else sentence.confidence,
        )
        corrections[index] = Correction(edit, sentence, other)
    return Corrected(replace(original, sentences=tuple(sentences)), version, corrections)


def spread(sentence: Sentence, text: str) -> tuple[tuple[Word, ...], frozenset[int]]:
    """The words of a text that was said in a sentence, and the places of those that are not as they were recognised.

    Words that are in both keep their times. Others share the time of those in whose place they are: one for one where
    they are as many, else by their lengths. What is added between two has the pause between them, however short.
    """
    if text == sentence.text:
        return sentence.words, frozenset()
    old, new = sentence.words, text.split()
    words: list[Word] = []
    matcher = SequenceMatcher(None, [_key(word.text) for word in old], [_key(word) for word in new], autojunk=False)
    for _, first, last, begin, end in matcher.get_opcodes():
        if last - first == end - begin:  # the same word, or another one in its place
            for word, said in zip(old[first:last], new[begin:end], strict=True):
                same = _key(word.text) == _key(said)
                words.append(word._replace(text=said, confidence=word.confidence if same else CERTAIN))
        elif end > begin:
            start, stop = _room(sentence, first, last)
            words += _shared(new[begin:end], start, stop)
    known = {(word.text, word.start, word.end) for word in old}
    other = frozenset(place for place, word in enumerate(words) if (word.text, word.start, word.end) not in known)
    return tuple(words), other


def terms(corrected: Corrected) -> dict[str, int]:
    """What was written into sentences and the recogniser did not know, each with how often: names, mostly.

    Words that it wrote itself elsewhere in the call are none: it knows them.
    """
    if not corrected.corrections:
        return {}
    recognized = {index: correction.original for index, correction in corrected.corrections.items()}
    known = {
        _key(word)
        for index, sentence in enumerate(corrected.transcript.sentences)
        for word in recognized.get(index, sentence).text.split()
    }
    found: Counter[str] = Counter()
    for index, correction in corrected.corrections.items():
        side_by_side: list[str] = []
        for place, word in enumerate(corrected.transcript.sentences[index].words):
            if place in correction.words:
                side_by_side.append(word.text)
            if place not in correction.words or not word.text[-1].isalnum():  # a comma, say
                found.update(_terms(side_by_side, known))
                side_by_side = []
        found.update(_terms(side_by_side, known))
    return dict(found)


def _speaker(original: Transcript, sentence: Sentence, participant: int | None) -> int | None:
    """Of speakers who were told apart, the one that a participant is; else the one that was heard."""
    speakers = original.diarization.participants if original.diarization else ()
    if participant is None or participant == sentence.participant or participant not in speakers:
        return sentence.speaker
    return speakers.index(participant)


def _mean(words: Sequence[Word]) -> float:
    return round(sum(word.confidence for word in words) / len(words), 3)


def _key(word: str) -> str:
    """What is the same word, however it is written: without case, and without what stands around it."""
    return _bare(word).casefold() or word


def _bare(word: str) -> str:
    characters = [place for place, character in enumerate(word) if character.isalnum()]
    return word[characters[0] : characters[-1] + 1] if characters else ""


def _room(sentence: Sentence, first: int, last: int) -> tuple[float, float]:
    """From when to when words may be that stand in the place of the old words from `first` up to `last`."""
    words = sentence.words
    if first < last:
        return words[first].start, words[last - 1].end
    start = words[first - 1].end if first > 0 else sentence.start
    stop = words[first].start if first < len(words) else sentence.end
    return start, max(start, stop)


def _shared(texts: Sequence[str], start: float, stop: float) -> list[Word]:
    """Words that share a time by their lengths."""
    total = sum(map(len, texts))
    said = 0
    words = []
    for text in texts:
        begin, said = said, said + len(text)
        begins, ends = (round(start + (stop - start) * part / total, 3) for part in (begin, said))
        words.append(Word(text, begins, ends, CERTAIN))
    return words


def _terms(words: Sequence[str], known: Collection[str]) -> list[str]:
    """What is a term of words that stand side by side, less those at its ends that are known."""
    unknown = [place for place, word in enumerate(words) if _key(word) not in known]
    if not unknown:
        return []
    together = words[unknown[0] : unknown[-1] + 1]
    each = [" ".join(together)] if len(together) <= _LONGEST_TERM else [words[place] for place in unknown]
    return [term for term in map(_bare, each) if any(map(str.isalpha, term)) and 1 < len(term) <= LONGEST_KEYTERM]
