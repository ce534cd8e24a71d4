"""How far word times are off: callscribe and faster-whisper on calls whose every word has a known time.

    python benchmarks/word_times.py [--model base] [--seed 2] [--keep FOLDER]

The calls are synthesised (`spoken_calls.py`). Texts are normalised as in `accuracy.py`, numbers digit by digit, and
aligned; a word counts when it was recognised, and its start (end) when the first (last) digit or letter of it begins
(ends) a spoken word. The synthesisers' own phone boundaries are the truth: the closure of a plosive belongs to its
word. A sentence is on the right channel when most of its words are words of that channel's party.
"""

import argparse
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import jiwer
import numpy as np
from rich.console import Console
from rich.table import Table

from callscribe.settings import Settings
from recognisers import RECOGNISERS, Heard
from scoring import normalise, show
from spoken_calls import Call, TrueWord, make_calls

WITHIN: Final = (0.05, 0.1, 0.2, 0.3)
"""Seconds by which a time may be off, for the shares that are reported."""


@dataclass(frozen=True, slots=True)
class Token:
    """A normalised word or digit; its times are None where nobody can say them."""

    text: str
    start: float | None
    end: float | None


@dataclass(slots=True)
class Score:
    """Errors in seconds, recognised minus true, of all words that were recognised."""

    words: int = 0
    matched: int = 0
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    sentences: int = 0
    right: int = 0
    lost: int = 0
    seconds: float = 0.0
    worst: list[tuple[float, str, str]] = field(default_factory=list)


def true_tokens(word: TrueWord) -> list[Token]:
    """The tokens of a true word. Those of a number have the times of what they are said in: 14 55, not 1 4 5 5."""
    tokens = _tokens(word.text, word.spoken[0][1], word.spoken[-1][2])
    said = [
        Token(digit.text, digit.start, digit.end)
        for text, start, end in word.spoken
        for digit in _said(text, start, end, last=text == word.spoken[-1][0])
    ]
    return said if len(word.spoken) > 1 and [each.text for each in said] == [each.text for each in tokens] else tokens


def _said(text: str, start: float, end: float, *, last: bool) -> list[Token]:
    """The digits that a word stands for within a number: fifty is 5 in fifty-two and 50 at the end."""
    tokens = _tokens(text, start, end)
    if re.sub(r"\W", "", text) in {"hundred", "thousand"} and not last:
        return []
    if len(tokens) == 2 and tokens[1].text == "0" and not last:
        return [Token(tokens[0].text, start, end)]
    return tokens


def _tokens(text: str, start: float, end: float) -> list[Token]:
    texts = [each for each in normalise(text, "en").split() if any(mark.isalnum() for mark in each)]
    return [
        Token(each, start if index == 0 else None, end if index == len(texts) - 1 else None)
        for index, each in enumerate(texts)
    ]


def count(score: Score, call: Call, heard: Sequence[Heard]) -> None:
    """Compare what was heard in a call with what is said in it."""
    said = [
        [token for word in call.words if word.channel == channel for token in true_tokens(word)] for channel in (0, 1)
    ]
    lengths: Counter[tuple[int, int]] = Counter()
    own: Counter[tuple[int, int]] = Counter()
    others: Counter[tuple[int, int]] = Counter()
    for channel, expected in enumerate(said):
        score.words += len(expected)
        found = [
            (token, word)
            for word in heard
            if word.channel == channel
            for token in _tokens(word.text, word.start, word.end)
        ]
        for token, word in found:
            sentence = channel, word.sentence
            lengths[sentence] += 1
            others[sentence] += _is_said(token.text, word.start, said[1 - channel])
        for true, (token, word) in _matched(expected, found):
            own[channel, word.sentence] += 1
            _compare(score, f"{call.path.stem}.{channel}", true, token)
    for sentence, length in lengths.items():
        score.sentences += 1
        score.right += 2 * own[sentence] >= length
        score.lost += 2 * own[sentence] < length < 2 * others[sentence]


def _matched(
    expected: Sequence[Token], found: Sequence[tuple[Token, Heard]]
) -> Iterator[tuple[Token, tuple[Token, Heard]]]:
    """The tokens that were recognised, by the alignment of least word errors."""
    if not found:
        return
    texts = " ".join(token.text for token in expected), " ".join(token.text for token, _ in found)
    for chunk in jiwer.process_words(*texts).alignments[0]:
        if chunk.type == "equal":
            yield from zip(
                expected[chunk.ref_start_idx : chunk.ref_end_idx],
                found[chunk.hyp_start_idx : chunk.hyp_end_idx],
                strict=True,
            )


def _compare(score: Score, where: str, true: Token, token: Token) -> None:
    score.matched += 1
    if true.start is not None and token.start is not None:
        score.starts.append(token.start - true.start)
        score.worst.append((score.starts[-1], f"{where} {true.start:.2f} s", true.text))
    if true.end is not None and token.end is not None:
        score.ends.append(token.end - true.end)


def _is_said(text: str, at: float, tokens: Sequence[Token]) -> bool:
    """Whether a text is said within two seconds of a time."""
    return any(token.text == text and token.start is not None and abs(token.start - at) < 2 for token in tokens)


def report(scores: dict[str, Score]) -> Table:
    """The table."""
    shares = [f"≤ {round(limit * 1000)} ms %" for limit in WITHIN]
    table = Table("Recogniser", "", "Matched", *shares, "Median ms", "p95 ms", "p99 ms", "Bias ms")
    for name, score in scores.items():
        for label, errors in (("starts", np.array(score.starts)), ("ends", np.array(score.ends))):
            size = np.abs(errors)
            table.add_row(
                name if label == "starts" else "",
                label,
                f"{len(errors)} of {score.words}",
                *(f"{np.mean(size <= limit) * 100:.1f}" for limit in WITHIN),
                *(f"{np.percentile(size, share) * 1000:.0f}" for share in (50, 95, 99)),
                f"{np.median(errors) * 1000:+.0f}",
            )
    return table


def sentences(scores: dict[str, Score]) -> Table:
    """On which channel sentences are."""
    table = Table("Recogniser", "Sentences", "Own party's words", "Other party's words", "Seconds")
    for name, score in scores.items():
        share = f"{score.right} ({score.right / max(1, score.sentences) * 100:.1f} %)"
        table.add_row(name, str(score.sentences), share, str(score.lost), f"{score.seconds:.0f}")
    return table


def main() -> None:
    """Make the calls, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--models-dir", type=Path, help="folder of the model weights; the settings' own without it")
    parser.add_argument("--seed", type=int, default=2, help="the figures of alignment are fits to calls of seed 1")
    parser.add_argument("--keep", type=Path, help="folder to leave the calls in")
    parser.add_argument(
        "--recognisers", default="callscribe,faster-whisper", help=f"of {', '.join(RECOGNISERS)}, separated by commas"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables for a page of the documentation")
    parser.add_argument("--show", type=int, default=0, help="print so many of the words that are farthest off")
    arguments = parser.parse_args()
    folder = {"models_dir": arguments.models_dir} if arguments.models_dir else {}
    settings = Settings(model=arguments.model, **folder)
    scores = {name: Score() for name in arguments.recognisers.split(",")}
    with tempfile.TemporaryDirectory() as temporary:
        place: Path = arguments.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        calls = list(make_calls(place, arguments.seed))
        for name, score in scores.items():
            with RECOGNISERS[name](settings) as recogniser:
                for call in calls:
                    began = time.perf_counter()
                    heard = recogniser(call.path, "en")
                    score.seconds += time.perf_counter() - began
                    count(score, call, heard)
    minutes = sum(call.seconds for call in calls) / 60
    words = sum(len(call.words) for call in calls)
    console = Console(width=160)
    console.print(f"{len(calls)} calls, {minutes:.1f} minutes, {words} words, seed {arguments.seed}")
    show(report(scores), sentences(scores), markdown=arguments.markdown)
    for name, score in scores.items():
        for error, where, text in sorted(score.worst, key=lambda each: -abs(each[0]))[: arguments.show]:
            console.print(f"{name} {error * 1000:+.0f} ms  {where}  {text}")


if __name__ == "__main__":
    main()
