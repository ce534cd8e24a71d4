"""How texts are compared: normalised as Whisper's authors do, aligned word by word, counted.

What compares is an extra of the package (`callscribe[evaluate]`), and is loaded when it is first needed: a server that
only shows what was kept does without.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from callscribe.errors import SetupError

if TYPE_CHECKING:
    import jiwer

LEAST_LETTERS: Final = 3
"""Of a word that is offered as a key term: what is shorter is a word of the language, or a letter that was spelled."""

MOST_HEARD: Final = 3
"""Texts that are told for one word, of what was heard in its place."""

_TOKEN = re.compile(r"\w+(?:[-'’.&]\w+)*")


class Counts(NamedTuple):
    """Words of a text that were recognised, by what became of them."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def words(self) -> int:
        """Words that were said."""
        return self.hits + self.substitutions + self.deletions

    @property
    def errors(self) -> int:
        """All that is wrong."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float:
        """Word error rate: errors for a word that was said. Above 1 where more was made up than said."""
        return self.errors / self.words

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(*(one + another for one, another in zip(self, other, strict=True)))


@dataclass(slots=True)
class WordErrors:
    """What became of one word, as it is compared: how often it was said, and wrong, and what was heard instead."""

    said: int = 0
    wrong: int = 0
    heard: Counter[str] = field(default_factory=Counter)
    """Not where it was left out."""


@dataclass(slots=True)
class Comparison:
    """What was said and what was heard, counted; of one recording, or of several added up."""

    counts: Counts = field(default_factory=Counts)
    words: dict[str, WordErrors] = field(default_factory=dict)

    def add(self, other: "Comparison") -> None:
        """Count what another one has."""
        self.counts = self.counts.plus(other.counts)
        for word, errors in other.words.items():
            known = self.words.setdefault(word, WordErrors())
            known.said += errors.said
            known.wrong += errors.wrong
            known.heard.update(errors.heard)


class WrongWord(NamedTuple):
    """A word that is often wrong, as it was written; `heard` has what was heard in its place, most often first."""

    word: str
    said: int
    wrong: int
    heard: tuple[str, ...]


@cache
def _tools() -> tuple[Callable[[str], str], Callable[[str], str], "Callable[..., jiwer.WordOutput]"]:
    """Whisper's normaliser for English, the one for other languages, and what aligns words.

    Raises:
        SetupError: they are not installed.
    """
    try:
        import jiwer  # noqa: PLC0415  see above
        from whisper_normalizer.basic import BasicTextNormalizer  # noqa: PLC0415
        from whisper_normalizer.english import EnglishTextNormalizer  # noqa: PLC0415
    except ImportError as error:
        raise SetupError(
            f"Texts cannot be compared: {error.name} is not installed. Install callscribe with its extra "
            "`evaluate`: pip install 'callscribe[evaluate]', or pip install '.[evaluate]' in a clone."
        ) from error
    english: Callable[[str], str] = EnglishTextNormalizer()  # type: ignore[no-untyped-call]  # its module has types for half
    return english, BasicTextNormalizer(), jiwer.process_words


def check_installed() -> None:
    """Make sure that texts can be compared.

    Raises:
        SetupError: the extra is not installed; the message says how it is.
    """
    _tools()


def normalise(text: str, language: str) -> str:
    """A text as it is compared: as Whisper's authors do, with every number digit by digit.

    By their English normaliser where `language`, an ISO 639-1 code, is `en`, and by their basic one elsewhere.
    """
    english, basic, _ = _tools()
    normal = english(text) if language == "en" else basic(text)
    # "one nine" and "19", "oh" and "0": every number as its digits.
    normal = re.sub(r"\bone\b", "1", normal) if language == "en" else normal
    return " ".join(re.sub(r"(\d)", r" \1 ", normal).split())


def compare(reference: str, hypothesis: str) -> Comparison:
    """Align what was heard with what was said, both normalised, and count. Nothing may have been said, or heard."""
    said, heard = reference.split(), hypothesis.split()
    if not said or not heard:
        words = {word: WordErrors(count, count) for word, count in Counter(said).items()}
        return Comparison(Counts(0, 0, len(said), len(heard)), words)
    _, _, process_words = _tools()
    found = process_words(reference, hypothesis)
    comparison = Comparison(Counts(found.hits, found.substitutions, found.deletions, found.insertions))
    for chunk in found.alignments[0]:
        theirs = heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
        for place, word in enumerate(said[chunk.ref_start_idx : chunk.ref_end_idx]):
            errors = comparison.words.setdefault(word, WordErrors())
            errors.said += 1
            if chunk.type == "equal":
                continue
            errors.wrong += 1
            if chunk.type == "substitute":
                errors.heard[theirs[place]] += 1
    return comparison


def word_counts(references: Sequence[str], hypotheses: Sequence[str]) -> Counts:
    """Word errors over several texts together, each with what was heard of it; all normalised."""
    counts = Counts()
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        counts = counts.plus(compare(reference, hypothesis).counts)
    return counts


def spellings(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """How words that are compared are written in these texts, each with its language: most often, else first.

    Only words that are one word when they are compared: not "don't", and no numbers.
    """
    written: dict[str, Counter[str]] = {}
    normal: dict[tuple[str, str], str] = {}
    for text, language in texts:
        for token in _TOKEN.findall(text):
            if (token, language) not in normal:
                normal[token, language] = normalise(token, language)
            word = normal[token, language]
            if word and " " not in word:
                written.setdefault(word, Counter())[token] += 1
    return {word: found.most_common(1)[0][0] for word, found in written.items()}


def most_wrong(words: Mapping[str, WordErrors], written: Mapping[str, str], most: int) -> list[WrongWord]:
    """The words that are most often wrong, and wrong in half of the times that they are said, or more.

    Which leaves names and terms rather than the words of which a text has most. Numbers are none.
    """
    chosen = [
        (word, errors)
        for word, errors in words.items()
        if 2 * errors.wrong >= errors.said and errors.wrong and _could_be_a_term(word)
    ]
    chosen.sort(key=lambda each: (-each[1].wrong, each[1].said, each[0]))
    return [
        WrongWord(written.get(word, word), errors.said, errors.wrong, tuple(_heard(errors)))
        for word, errors in chosen[:most]
    ]


def _could_be_a_term(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and not any(map(str.isdigit, word))


def _heard(errors: WordErrors) -> Iterator[str]:
    for word, _ in errors.heard.most_common(MOST_HEARD):
        yield word
