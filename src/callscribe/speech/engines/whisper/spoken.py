"""Which language a window is in: what its odds say, beside what was asked for and what is spoken around it.

A model's odds are sharp where somebody speaks for some seconds, and mean little for a word, a name or noise. So what
was asked for holds until the odds are sure of another language: in one window by itself, or in it and its neighbours
together. `benchmarks/languages.py` measures it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callscribe.speech.interface import OnLanguageMismatch, Span, SpokenLanguage
from callscribe.speech.languages import LANGUAGE_CODES

Odds = dict[str, float]
"""Probabilities by Whisper's language code, those of near relatives added to that of a locale's language."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a stretch of speech says of its language. `spoken` is seconds of speech."""

    spoken: float
    odds: Odds


_NEAR: Final = {
    "nn": "no",
    "gl": "es",
    "ca": "es",
    "oc": "fr",
    "af": "nl",
    "lb": "de",
    "yi": "de",
    "fo": "da",
}
"""Relatives of a locale's language, which its speakers are taken for: their odds count as its own."""

_DOUBTED: Final = frozenset(
    {"as", "ba", "bo", "br", "cy", "ha", "haw", "jw", "la", "ln", "lo"}
    | {"mg", "mi", "sa", "sd", "sn", "so", "su", "tk", "tt", "yo"}
)
"""Languages that bad lines, short words and noise are taken for. They are never found."""

_CLOSE: Final = ({"da", "no", "sv"}, {"es", "pt", "it"}, {"de", "nl"})
"""Languages of locales that are taken for each other."""

PLAIN: Final = 0.9
PLAIN_SECONDS: Final = 2.5
"""A window with so much speech that is so probably in a language is in that one, where any may be spoken."""

_EXPECTED: Final = 0.8
"""A window that is so probably in the language that was asked for is in that one, whatever is spoken around it."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """What shows that another language than `expected` is spoken: odds of the two, and seconds of speech."""

    found: float
    expected: float
    seconds: float


_PROOFS: Final = (_Proof(0.97, 0.01, PLAIN_SECONDS), _Proof(0.90, 0.05, 5.0))
"""Nothing in the corpus, asked for in its own language, comes near: at most 0.88 for 4 s, and 0.75 for longer."""

_STRICT: Final = (_Proof(0.97, 0.01, 6.0),)
"""For languages that are close to the one asked for, and for those without a locale, whose words are then left out."""

_ONE_OF_THEM: Final = 0.4
"""Languages without a locale count together, since many are taken for each other. One of them must be so probable:
noise has a little of each."""

_TOGETHER: Final = 0.99
_MEAN: Final = 0.5
_STRICT_MEAN: Final = 0.8
_PLAIN_MEAN: Final = 0.85
"""Windows together are in another language where that is so probable, and so probable on the average: the more for a
language without a locale, and the most where neighbours are left that might say otherwise. Of channels put together of
the corpus's worst clips (children's games in Dutch), the average alone tells the right from the wrong."""

_LEAST: Final = 1e-3
"""Less is not told: no window is surer than this that a language is not spoken."""


def folded(probabilities: Mapping[str, float]) -> Odds:
    """The odds, from a model's probabilities of all its languages. What is not worth mentioning is left out."""
    odds: Odds = {}
    for code, probability in probabilities.items():
        near = _NEAR.get(code, code)
        odds[near] = odds.get(near, 0.0) + probability
    return {code: round(share, 5) for code, share in odds.items() if share >= _LEAST}


def alone(hearing: Hearing, expected: str | None) -> SpokenLanguage | None:
    """The language that a window is in beyond doubt, by itself. `expected` is what was asked for, None for any."""
    odds = hearing.odds
    if expected is not None and odds.get(expected, 0.0) >= _EXPECTED:
        return SpokenLanguage(expected, round(odds[expected], 3))
    best = _likeliest(odds)
    if best is None:
        return None
    share = _share(odds, best)
    if expected is None and best in LANGUAGE_CODES:
        sure = share >= PLAIN and hearing.spoken >= PLAIN_SECONDS
    else:
        sure = any(
            share >= proof.found
            and (expected is None or odds.get(expected, 0.0) <= proof.expected)
            and hearing.spoken >= proof.seconds
            for proof in _proofs(best, expected)
        )
    return SpokenLanguage(best, round(share, 3)) if sure else None


def together(own: Sequence[Hearing], neighbours: Sequence[Hearing], expected: str | None) -> SpokenLanguage:
    """The language of a window that does not say it by itself: what it and its neighbours, nearest first, say together.

    They are added one by one, until it is plain what is spoken, or until there are no more. Each counts as one
    observation, those with little speech as less: the windows of a speaker are not independent, and no more certainty
    is made of a long one than of a short one.
    """
    heard = _Sum(own)
    for count in range(1, len(neighbours) + 1):
        heard = _Sum([*own, *neighbours[:count]])
        best = _likeliest(heard.odds)
        least = _MEAN if count == len(neighbours) else _PLAIN_MEAN
        if best is not None and heard.is_sure(best, expected, least):
            return heard.says(best)
    return heard.says(expected or max(LANGUAGE_CODES, key=lambda code: heard.odds.get(code, 0.0)))


class _Sum:
    """Several hearings as one: the odds that they make together, and their mean."""

    def __init__(self, heard: Sequence[Hearing]) -> None:
        scores = {
            code: sum(
                min(1.0, each.spoken / PLAIN_SECONDS) * math.log(max(each.odds.get(code, 0.0), _LEAST))
                for each in heard
            )
            for code in {*LANGUAGE_CODES, *(code for each in heard for code in each.odds)}
        }
        most = max(scores.values())
        odds = {code: math.exp(score - most) for code, score in scores.items()}
        total = sum(odds.values())
        self.odds = {code: share / total for code, share in odds.items()}
        self._spoken = sum(each.spoken for each in heard)
        self._mean = {
            code: sum(each.spoken * each.odds.get(code, 0.0) for each in heard) / max(self._spoken, 1e-3)
            for code in odds
        }

    def is_sure(self, language: str, expected: str | None, least: float) -> bool:
        """Whether a language is spoken, though another was asked for: its mean at `least`; or what was asked for."""
        if _share(self.odds, language) < _TOGETHER:
            return False
        if language == expected or (expected is None and language in LANGUAGE_CODES):
            return True
        seconds = min(proof.seconds for proof in _proofs(language, expected))
        least = least if language in LANGUAGE_CODES else max(least, _STRICT_MEAN)
        return _share(self._mean, language) >= least and self._spoken >= seconds

    def says(self, language: str) -> SpokenLanguage:
        """A language with its probability. A sum of guesses is no certainty: the mean is what is told."""
        return SpokenLanguage(language, round(_share(self._mean, language), 3))


def _likeliest(odds: Odds) -> str | None:
    """The likeliest language, None where that is one that is never found, or not enough to stand for its like."""
    best = max(odds, key=odds.__getitem__, default=None)
    if best is None or best in _DOUBTED or (best not in LANGUAGE_CODES and odds[best] < _ONE_OF_THEM):
        return None
    return best


def _share(odds: Odds, language: str) -> float:
    """The probability of a language; of one without a locale that of all such."""
    if language in LANGUAGE_CODES:
        return odds.get(language, 0.0)
    return sum(share for code, share in odds.items() if code not in LANGUAGE_CODES and code not in _DOUBTED)


def first_language(hearing: Hearing, expected: str | None, wish: OnLanguageMismatch) -> str | None:
    """What a window is decoded in before its neighbours are asked, None where it is left out."""
    found = alone(hearing, expected)
    if found is None:
        return expected or max(LANGUAGE_CODES, key=lambda code: hearing.odds.get(code, 0.0))
    return wanted_language(found.language, expected, wish)


def wanted_language(spoken: str, expected: str | None, wish: OnLanguageMismatch) -> str | None:
    """What speech in a language is decoded in, None where it is left out."""
    if spoken not in LANGUAGE_CODES:
        return None
    if expected is None or wish is OnLanguageMismatch.FOLLOW:
        return spoken
    return expected if spoken == expected or wish is OnLanguageMismatch.NOTICE else None


def _proofs(language: str, expected: str | None) -> Sequence[_Proof]:
    """Each of which shows that a language is spoken where another was asked for."""
    close = any(language in group and expected in group for group in _CLOSE)
    return _STRICT if close or language not in LANGUAGE_CODES else _PROOFS


def stretches(speech: Sequence[Span], pause: float = 0.3) -> list[Span]:
    """Speech between pauses at which a speaker may go on in another language, each with enough of it to tell it by."""
    found: list[Span] = []
    spoken = 0.0
    for span in speech:
        if found and (spoken < PLAIN_SECONDS or span.start - found[-1].end < pause):
            found[-1] = Span(found[-1].start, span.end)
            spoken += span.duration
        else:
            found.append(span)
            spoken = span.duration
    if len(found) > 1 and spoken < PLAIN_SECONDS:
        last = found.pop()
        found[-1] = Span(found[-1].start, last.end)
    return found
