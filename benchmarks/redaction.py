"""What redaction finds of secrets that people say on a support line, and what it takes for secrets that are none.

    python benchmarks/redaction.py [--calls 44] [--languages en,de] [--seed 1] [--unmarked] [--misses]
    python benchmarks/redaction.py --heard 16 [--languages en,de,fr,es]
    python benchmarks/redaction.py --leftovers 2 [--languages en,de,fr,es]

Calls in all languages of the API are written by `redaction_calls.py`, with secrets told in the ways people have, and as
many numbers, dates, places and companies that are no secrets. A secret counts as found when every letter and digit of
it is covered, in all sentences it is told in, by whatever name; the column "Named right" says how many were found by
their own. What is found where nothing was planted is a false one. Precision is the share of what was found that is not.

`--unmarked` has the texts punctuated as recognisers do it: questions without a mark, sentences run together. `--heard`
has calls spoken by synthesised voices over telephone lines and recognised; `--leftovers` puts some of them through a
server whose configuration asks for redaction, and looks for what is left of the secrets in every file, and in the
audio. Both need the synthesisers that `redaction_voices.py` names.
"""

import argparse
import os
import pickle
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

from callscribe.redaction.entities import Entity
from callscribe.redaction.finding import find
from callscribe.redaction.said import Found, Said
from callscribe.settings import Settings
from redaction_calls import LANGUAGES, OTHER, Call, all_calls, calls
from redaction_unmarked import unmarked
from scoring import show

NUMBERS: Final = frozenset(Entity) - {
    Entity.EMAIL_ADDRESS,
    Entity.ADDRESS,
    Entity.NAME,
    Entity.USERNAME,
    Entity.PASSWORD,
}
"""Secrets that are numbers, or have numbers in them: dates of birth and plates too."""

HEARD_SECRETS: Final = 2
"""In a call that is spoken, beside the names of the parties."""
TARGETS: Final = {"cards": 0.99, "numbers": 0.97, "precision": 0.95}
"""For each language: recall of card numbers, recall of all numbers, and precision of all but names."""


@dataclass(slots=True)
class Tally:
    """Secrets that were planted, and what became of them."""

    planted: int = 0
    found: int = 0
    partly: int = 0
    named: int = 0
    false: int = 0
    """Found where nothing was planted."""

    @property
    def recall(self) -> float:
        """Share of the planted that was found whole."""
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """Share of what was found that is a secret, or a part of one."""
        touched = self.found + self.partly
        return touched / (touched + self.false) if touched + self.false else 1.0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            self.planted + other.planted,
            self.found + other.found,
            self.partly + other.partly,
            self.named + other.named,
            self.false + other.false,
        )


Key = tuple[str, Entity, str]
"""Language, entity and way of speaking; of a false one what it was taken for and what it is."""


@dataclass(slots=True)
class Result:
    """All tallies, and the sentences of what was missed and of what is none."""

    tallies: defaultdict[Key, Tally] = field(default_factory=lambda: defaultdict(Tally))
    missed: list[tuple[Key, str]] = field(default_factory=list)
    false: list[tuple[Key, str]] = field(default_factory=list)
    calls: int = 0
    seconds: float = 0.0

    def of(
        self,
        entities: Iterable[Entity] | None = None,
        language: str | None = None,
        way: str | None = None,
    ) -> Tally:
        """Those of some entities, of one language, of one way, together."""
        wanted = None if entities is None else frozenset(entities)
        return sum(
            (
                tally
                for (code, entity, how), tally in self.tallies.items()
                if (wanted is None or entity in wanted) and language in {None, code} and way in {None, how}
            ),
            Tally(),
        )


def look(call: Call) -> list[Found]:
    """What the finder makes of a call."""
    said = [Said(each.text, call.locale, each.party, each.start, each.end) for each in call.sentences]
    return find(said, frozenset(Entity), call.names)


@dataclass(slots=True)
class _Fate:
    """What became of a secret: how many of its letters and digits are covered, by which names, and where it is told."""

    characters: int = 0
    covered: int = 0
    names: set[Entity] = field(default_factory=set)
    sentences: list[str] = field(default_factory=list)

    def add(self, mark: Entity | None, sentence: str) -> None:
        """One letter or digit."""
        self.characters += 1
        if mark is not None:
            self.covered += 1
            self.names.add(mark)
        if sentence not in self.sentences[-1:]:
            self.sentences.append(sentence)

    @property
    def whole(self) -> bool:
        """Whether nothing is left."""
        return self.covered == self.characters


def judge(call: Call, found: Sequence[Found], result: Result) -> None:
    """Count what was found of a call's secrets, and what is none."""
    covered: list[list[Entity | None]] = [[None] * len(sentence.text) for sentence in call.sentences]
    for each in found:
        covered[each.sentence][each.first : each.behind] = [each.entity] * (each.behind - each.first)
    fates: dict[str, _Fate] = defaultdict(_Fate)
    for sentence, marks in zip(call.sentences, covered, strict=True):
        for char, key, mark in zip(sentence.text, sentence.keys, marks, strict=True):
            if key in call.planted and char.isalnum():
                fates[key].add(mark, sentence.text)
    for key, (entity, way) in call.planted.items():
        if entity is Entity.NAME and call.names_known and way in {"full name", "name alone"}:
            way = f"{way}, given"  # noqa: PLW2901 - the same way, told apart
        fate = fates[key]
        tally = result.tallies[call.language, entity, way]
        tally.planted += 1
        tally.found += fate.whole
        tally.partly += 0 < fate.covered < fate.characters
        tally.named += fate.whole and fate.names == {entity}
        if not fate.whole:
            result.missed.append(((call.language, entity, way), _shown(call, fate.sentences, covered)))
    for each in found:
        touched = set(call.sentences[each.sentence].keys[each.first : each.behind])
        if not touched & call.planted.keys():
            kind = next((key[1:] for key in touched if key and key.startswith("?")), "plain talk")
            key = call.language, each.entity, kind
            result.tallies[key].false += 1
            result.false.append((key, _shown(call, [call.sentences[each.sentence].text], covered)))


def _shown(call: Call, texts: Sequence[str], covered: Sequence[Sequence[Entity | None]]) -> str:
    """Sentences with what was found in them in brackets."""
    shown = []
    for sentence, marks in zip(call.sentences, covered, strict=True):
        if sentence.text in texts:
            out = ""
            for index, char in enumerate(sentence.text):
                before, now = marks[index - 1] if index else None, marks[index]
                out += "]" * (before is not None and now != before) + f"[{now} " * (now is not None and now != before)
                out += char
            shown.append(out + "]" * bool(marks and marks[-1] is not None))
    return " / ".join(shown)


def measure(written: Sequence[Call]) -> Result:
    """The finder on the texts of calls."""
    result = Result(calls=len(written))
    for call in written:
        sentences = call.sentences
        began = time.process_time()
        found = look(call)
        result.seconds += time.process_time() - began
        assert all(0 <= each.first < each.behind <= len(sentences[each.sentence].text) for each in found)
        judge(call, found, result)
    return result


def _row(table: Table, *names: str, tally: Tally) -> None:
    table.add_row(
        *names,
        f"{tally.planted}",
        f"{tally.recall * 100:.1f}" if tally.planted else "",
        f"{tally.partly}",
        f"{tally.named / tally.planted * 100:.1f}" if tally.planted else "",
        f"{tally.false}",
        f"{tally.precision * 100:.1f}",
    )


def _table(*names: str) -> Table:
    table = Table(*names)
    for column in ("Planted", "Recall %", "Partly", "Named right %", "False", "Precision %"):
        table.add_column(column, justify="right")
    return table


def report(result: Result) -> list[Table]:
    """By language, by entity, by way of speaking, and what the false ones are."""
    codes = [code for code in LANGUAGES if result.of(language=code).planted]
    others = frozenset(Entity) - {Entity.NAME}
    by_language = Table("Language")
    for column in (
        "Card numbers %",
        "All numbers %",
        "All but names %",
        "Names %",
        "Precision but names %",
        "Precision %",
    ):
        by_language.add_column(column, justify="right")
    for code in (*codes, None):
        figures = (
            result.of([Entity.CARD_NUMBER], code).recall,
            result.of(NUMBERS, code).recall,
            result.of(others, code).recall,
            result.of([Entity.NAME], code).recall,
            result.of(others, code).precision,
            result.of(language=code).precision,
        )
        by_language.add_row(code or "all", *(f"{figure * 100:.1f}" for figure in figures))
    by_entity = _table("Entity")
    for entity in Entity:
        _row(by_entity, entity, tally=result.of([entity]))
    _row(by_entity, "all numbers", tally=result.of(NUMBERS))
    _row(by_entity, "all", tally=result.of())
    by_way = Table("Way of speaking")
    for column in ("Planted", "Recall %", "Numbers, recall %", "Partly"):
        by_way.add_column(column, justify="right")
    for way in dict.fromkeys(how for (_, _, how), tally in result.tallies.items() if tally.planted):
        tally, numbers = result.of(way=way), result.of(NUMBERS, way=way)
        by_way.add_row(
            way,
            f"{tally.planted}",
            f"{tally.recall * 100:.1f}",
            f"{numbers.recall * 100:.1f}" if numbers.planted else "",
            f"{tally.partly}",
        )
    none = Table("Taken for a secret", "False", "As")
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (_, entity, kind), _text in result.false:
        kinds[kind][entity] += 1
    for kind, entities in sorted(kinds.items(), key=lambda each: -each[1].total()):
        none.add_row(
            kind, f"{entities.total()}", ", ".join(f"{name} {count}" for name, count in entities.most_common())
        )
    return [by_language, by_entity, by_way, none]


def short_of(result: Result) -> list[str]:
    """The targets that are not reached, by language."""
    missed = []
    for code in LANGUAGES:
        figures: Mapping[str, float] = {
            "cards": result.of([Entity.CARD_NUMBER], code).recall,
            "numbers": result.of(NUMBERS, code).recall,
            "precision": result.of(frozenset(Entity) - {Entity.NAME}, code).precision,
        }
        missed += [
            f"{code}: {name} {figures[name] * 100:.1f} % of {target * 100:.0f}"
            for name, target in TARGETS.items()
            if figures[name] < target
        ]
    return missed


def hear(options: argparse.Namespace, codes: Sequence[str], console: Console) -> str | None:
    """Measure on calls that are spoken; what is not reached."""
    from redaction_heard import Result as HeardResult  # noqa: PLC0415 - it loads an engine
    from redaction_heard import judge as judge_heard  # noqa: PLC0415
    from redaction_heard import recogniser, report, short_of  # noqa: PLC0415
    from redaction_voices import speak  # noqa: PLC0415

    result = HeardResult()
    with TemporaryDirectory() as folder, recogniser(Settings(model=options.model)) as recognise:
        for call in (
            call
            for code in codes
            for call in calls(options.seed, code, options.heard, HEARD_SECRETS, other=options.other)
        ):
            kept = (
                options.keep and options.keep / f"{options.model}-{options.seed}-{call.language}-{call.number}.pickle"
            )
            if kept and kept.is_file():
                spoken, sentences = pickle.loads(kept.read_bytes())
            else:
                spoken = speak(call, Path(folder), options.seed)
                sentences = recognise(spoken.path, call.language).sentences
                spoken.path.unlink()
                if kept:
                    kept.write_bytes(pickle.dumps((spoken, sentences)))
            judge_heard(spoken, sentences, result)
    show(*report(result, NUMBERS), markdown=options.markdown)
    if options.misses:
        print("\n".join([*sorted(result.missed), *sorted(result.false)]))
    console.print(f"{sum(result.calls.values())} calls, {result.seconds / 60:.0f} minutes of them")
    return "; ".join(short_of(result, NUMBERS, TARGETS)) or None


def remaining(options: argparse.Namespace, codes: Sequence[str], console: Console) -> str | None:
    """Look for what a server leaves of secrets; what is wrong."""
    from redaction_leftovers import leftovers, report  # noqa: PLC0415 - it loads an engine
    from redaction_voices import speak  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        (Path(folder) / "said").mkdir()
        spoken = [
            speak(call, Path(folder) / "said", options.seed)
            for code in codes
            for call in calls(options.seed, code, options.leftovers, HEARD_SECRETS, other=options.other)
        ]
        result = leftovers(spoken, Path(folder))
    show(report(result), markdown=options.markdown)
    if options.misses:
        print("\n".join([*result.cases, *result.heard, *result.not_understood]))
    console.print(f"{len(spoken)} calls, {result.secrets} secrets looked for")
    return result.fault


def main() -> None:
    """Measure and print; ends with 1 where a target is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=44, help="in each language")
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="ISO 639-1 codes, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--other", type=Path, nargs="?", const=OTHER, help="in the words of another folder of scripts")
    parser.add_argument("--unmarked", action="store_true", help="punctuated as recognisers do it")
    parser.add_argument("--heard", type=int, metavar="N", help="so many calls in each language, spoken and recognised")
    parser.add_argument("--leftovers", type=int, metavar="N", help="so many calls in each language through a server")
    parser.add_argument("--model", default="base", help="that recognises them")
    parser.add_argument("--keep", type=Path, help="folder for what was recognised, which is not recognised again")
    parser.add_argument("--misses", action="store_true", help="print what was missed, and what is none")
    parser.add_argument("--markdown", action="store_true", help="print the tables as docs/benchmarks.md has them")
    options = parser.parse_args()
    console = Console(width=160, file=sys.stderr if options.markdown else None)
    console.print(f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}")
    codes = [code for code in options.languages.split(",") if code]
    if unknown := set(codes) - set(LANGUAGES):
        sys.exit(f"No scripts in {', '.join(sorted(unknown))}: there are {', '.join(LANGUAGES)}.")
    if options.heard:
        sys.exit(hear(options, codes, console))
    if options.leftovers:
        sys.exit(remaining(options, codes, console))
    written = all_calls(options.seed, codes, options.calls, other=options.other)
    result = measure([unmarked(call) for call in written] if options.unmarked else written)
    show(*report(result), markdown=options.markdown)
    if options.misses:
        for title, cases in (("Missed", result.missed), ("None", result.false)):
            for (code, entity, way), text in sorted(cases, key=lambda case: case[0]):
                print(f"{title}: {code} {entity}, {way}: {text}")
    console.print(f"{result.calls} calls, {result.seconds / result.calls * 1000:.1f} ms of processor time each")
    if missed := short_of(result):
        sys.exit("Not reached: " + "; ".join(missed) + ".")
    console.print("All targets are reached.")


if __name__ == "__main__":
    main()
