"""What redaction finds of secrets that were recognised: in calls said by synthesised voices, over telephone lines.

A secret counts as heard right where the transcript has every letter and digit of it, in order, in the turns it was told
in, in whatever form. Of one that was heard otherwise, what is left is looked for: it counts as found where no letter or
digit that the transcript has in its place is left uncovered.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from rich.table import Table

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.redaction.entities import Entity
from callscribe.redaction.finding import find
from callscribe.redaction.said import Found, Said
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions
from callscribe.speech.languages import locale_of
from callscribe.speech.pipeline import transcribe_file
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.models import Sentence, Transcript
from redaction_calls import Turn
from redaction_reading import atoms
from redaction_voices import Spoken, said

_NEAR: Final = 0.6
"""Seconds before and behind a turn in which its words may be."""

Recognise = Callable[[Path, str], Transcript]


@contextmanager
def recogniser(settings: Settings) -> Iterator[Recognise]:
    """This program's recognition, from a recording and a language to the transcript."""
    with closing(WhisperEngine(settings)) as engine, closing(Decoder()) as decoder:

        def recognise(path: Path, language: str) -> Transcript:
            options = RecognitionOptions(language=locale_of(language))
            segmentation, segments = transcribe_file(decoder, path, engine, settings.model, options, NEVER)
            return assemble(segments, duration=segmentation.duration, language=options.language, channels=2)

        yield recognise


@dataclass(frozen=True, slots=True)
class Place:
    """A letter or digit as it was heard, with its sentence and the characters that say it."""

    char: str
    sentence: int
    first: int
    behind: int


@dataclass(slots=True)
class Heard:
    """A secret as it was heard, all its pieces: where its letters and digits are, and whether they are all there."""

    places: list[Place] = field(default_factory=list)
    right: bool = True
    times: list[tuple[int, float, float]] = field(default_factory=list)
    """Party and seconds of the turns it was told in."""
    text: str = ""
    """Its letters and digits as they were said."""


def heard(spoken: Spoken, sentences: Sequence[Sentence]) -> dict[str, Heard]:
    """Each planted secret as the sentences have it."""
    secrets: defaultdict[str, Heard] = defaultdict(Heard)
    for turn, (start, end) in zip(spoken.call.turns, spoken.times, strict=True):
        keys = list(dict.fromkeys(key for _, each in turn.words for key in each if key in spoken.call.planted))
        if not keys:
            continue
        there = _places(sentences, turn.party, start, end, spoken.call.language)
        said_, owners = _said(turn, spoken)
        for key, (places, right) in _found(said_, owners, there, keys).items():
            secret = secrets[key]
            secret.places += places
            secret.right = secret.right and right
            secret.times.append((turn.party, start, end))
            secret.text += "".join(char for char, owner in zip(said_, owners, strict=True) if owner == key)
    return secrets


def _places(sentences: Sequence[Sentence], party: int, start: float, end: float, code: str) -> list[Place]:
    """What was heard of a party in a turn."""
    places = []
    for number, sentence in enumerate(sentences):
        if sentence.channel != party or sentence.end < start - _NEAR or sentence.start > end + _NEAR:
            continue
        at, spans = 0, []
        for word in sentence.words:
            spans.append((at, at + len(word.text), word.start, word.end))
            at += len(word.text) + 1
        for atom in atoms(sentence.text, code):
            of_word = next((each for each in spans if each[0] <= atom.first < each[1]), None)
            if of_word and of_word[3] >= start - _NEAR and of_word[2] <= end + _NEAR:
                places.append(Place(atom.char, number, atom.first, atom.behind))
    return places


def _said(turn: Turn, spoken: Spoken) -> tuple[str, list[str | None]]:
    """What a turn says, and which secret each letter and digit belongs to."""
    text, owners = "", []
    for word in turn.words:
        part = said(Turn(turn.party, (word,)), spoken.call)
        key = next((each for each in word[1] if each in spoken.call.planted), None)
        owners += [key] * len(part) + [None]
        text += f"{part} "
    found = atoms(text, spoken.call.language)
    return "".join(atom.char for atom in found), [owners[atom.first] for atom in found]


def _found(
    said_: str, owners: Sequence[str | None], there: Sequence[Place], keys: Sequence[str]
) -> dict[str, tuple[list[Place], bool]]:
    """For each secret of a turn what was heard of it, and whether that is all of it."""
    text = "".join(place.char for place in there)
    blocks = SequenceMatcher(None, said_, text, autojunk=False).get_matching_blocks()
    at = {block.a + index: block.b + index for block in blocks for index in range(block.size)}
    found = {}
    for key in keys:
        wanted = [index for index, owner in enumerate(owners) if owner == key]
        matched = [at[index] for index in wanted if index in at]
        # All that stands between its first and its last, too: a digit that was heard wrong is no less a secret.
        inside = there[matched[0] : matched[-1] + 1] if matched else []
        runs = _runs(wanted)
        right = all("".join(said_[index] for index in run) in text for run in runs) and len(matched) == len(wanted)
        found[key] = ([there[index] for index in matched] if right else list(inside), right)
    return found


def _runs(indices: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


@dataclass(slots=True)
class Tally:
    """Secrets that were told, heard right, found of those; and of all how many left nothing."""

    told: int = 0
    right: int = 0
    found: int = 0
    nothing_left: int = 0
    gone: int = 0
    """Of which nothing at all was heard."""
    false: int = 0
    touched: int = 0


@dataclass(slots=True)
class Result:
    """By language, entity and way of speaking."""

    tallies: defaultdict[tuple[str, Entity, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    """What was found where nothing was told."""
    calls: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: float = 0.0

    def of(self, entities: frozenset[Entity], language: str | None = None, way: str | None = None) -> Tally:
        """Some of them together."""
        whole = Tally()
        for (code, entity, how), tally in self.tallies.items():
            if entity in entities and language in {None, code} and way in {None, how}:
                for name in ("told", "right", "found", "nothing_left", "gone", "false", "touched"):
                    setattr(whole, name, getattr(whole, name) + getattr(tally, name))
        return whole


def judge(spoken: Spoken, sentences: Sequence[Sentence], result: Result) -> None:
    """Count what is found in a transcript."""
    call = spoken.call
    found = find(
        [Said(each.text, each.language, each.channel, each.start, each.end) for each in sentences],
        frozenset(Entity),
        call.names,
    )
    covered = [[False] * len(sentence.text) for sentence in sentences]
    for each in found:
        covered[each.sentence][each.first : each.behind] = [True] * (each.behind - each.first)
    secrets = heard(spoken, sentences)
    for key, secret in secrets.items():
        entity, way = call.planted[key]
        tally = result.tallies[call.language, entity, way]
        left = [place for place in secret.places if not all(covered[place.sentence][place.first : place.behind])]
        tally.told += 1
        tally.right += secret.right
        tally.found += secret.right and not left
        tally.nothing_left += not left
        tally.gone += not secret.places
        if left:
            texts = dict.fromkeys(sentences[place.sentence].text for place in secret.places)
            how = "heard right" if secret.right else "heard otherwise"
            result.missed.append(f"{call.language} {entity}, {way}, {how}: {' / '.join(texts)}")
    _false(spoken, sentences, found, result)
    result.calls[call.language] += 1
    result.seconds += spoken.seconds


def _false(spoken: Spoken, sentences: Sequence[Sentence], found: Sequence[Found], result: Result) -> None:
    """What was found where nothing was told: not in a turn with a secret in it."""
    call = spoken.call
    told = [
        (turn.party, start - _NEAR, end + _NEAR)
        for turn, (start, end) in zip(call.turns, spoken.times, strict=True)
        if any(key in call.planted for _, keys in turn.words for key in keys)
    ]
    for each in found:
        sentence = sentences[each.sentence]
        start, end = _times(sentence, each)
        is_told = any(party == sentence.channel and start < last and end > first for party, first, last in told)
        tally = result.tallies[call.language, each.entity, "found"]
        tally.touched += is_told
        tally.false += not is_told
        if not is_told:
            covered = sentence.text[each.first : each.behind]
            result.false.append(f"{call.language} {each.entity}, nothing was told: {covered!r} in {sentence.text}")


def _times(sentence: Sentence, found: Found) -> tuple[float, float]:
    at, start, end = 0, sentence.end, sentence.start
    for word in sentence.words:
        if at < found.behind and at + len(word.text) > found.first:
            start, end = min(start, word.start), max(end, word.end)
        at += len(word.text) + 1
    return start, end


def report(result: Result, numbers: frozenset[Entity]) -> list[Table]:
    """By language, and by way of speaking."""
    by_language = Table("Language", "Secrets")
    columns = ("Calls", "Told", "Heard right %", "Recall of those %", "Nothing left, of all %", "Precision %")
    for column in columns:
        by_language.add_column(column, justify="right")
    others = frozenset(Entity) - {Entity.NAME}
    sets = {"card numbers": frozenset({Entity.CARD_NUMBER}), "all numbers": numbers, "all but names": others,
            "names": frozenset({Entity.NAME})}  # fmt: skip
    for code in (*result.calls, None):
        for name, entities in sets.items():
            tally = result.of(entities, code)
            calls = sum(count for of, count in result.calls.items() if code in {None, of})
            by_language.add_row(
                code or "all", name, f"{calls}", *_figures(tally), _share(tally.touched, tally.touched + tally.false)
            )
    by_way = Table("Way of speaking")
    for column in columns[1:-1]:
        by_way.add_column(column, justify="right")
    for way in sorted({way for _, _, way in result.tallies} - {"found"}):
        tally = result.of(numbers, way=way)
        if tally.told:
            by_way.add_row(way, *_figures(tally))
    return [by_language, by_way]


def _figures(tally: Tally) -> tuple[str, ...]:
    return (
        f"{tally.told}",
        _share(tally.right, tally.told),
        _share(tally.found, tally.right),
        _share(tally.nothing_left, tally.told),
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole * 100:.1f}" if whole else ""


def short_of(result: Result, numbers: frozenset[Entity], targets: dict[str, float]) -> list[str]:
    """The targets that are not reached where the words were heard right, or of which nothing can be said."""
    others = frozenset(Entity) - {Entity.NAME}
    cards, all_numbers, found = (result.of(each) for each in (frozenset({Entity.CARD_NUMBER}), numbers, others))
    figures = {
        "cards": (cards.found, cards.right),
        "numbers": (all_numbers.found, all_numbers.right),
        "precision": (found.touched, found.touched + found.false),
    }
    short = []
    for name, target in targets.items():
        reached, of = figures[name]
        if not of:
            short.append(f"heard: {name} unknown, since none was heard right")
        elif reached / of < target:
            short.append(f"heard: {name} {reached / of * 100:.1f} % of {target * 100:.0f}")
    return short
