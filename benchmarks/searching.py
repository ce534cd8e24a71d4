"""What a page of a search costs among many calls: frequent words, rare ones, phrases, beginnings, filters, deep pages.

Calls of some 800 words each are put into the index of a fresh database, SQLite or PostgreSQL (a real server, from a
wheel). Their words are drawn as people use them: the frequency of a word falls with its rank (Zipf's law), so that a
few are in every call and most in hardly any. Eight in eleven calls belong to the first account, whose pages are read as
the API reads them, rows and matches included, each in a session of its own, in random order.

It takes hours to put a million calls in (`--calls 1000000`).
"""

import argparse
import dataclasses
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.migrations.runner import migrate
from callscribe.search import finding
from callscribe.search.finding import Hit, Narrowed
from callscribe.search.index import Prepared, replace
from callscribe.search.queries import Query
from callscribe.search.tables import Call, SearchDocument, SpokenSentence
from callscribe.transcriptions import repository
from callscribe.transcriptions.repository import Filters
from callscribe.transcriptions.tables import Transcription
from listing_databases import DATABASES
from listing_rows import ACCOUNTS, BATCH, LATE, add_accounts, insert, transcription_rows
from scoring import show

VOCABULARY = 40_000
"""Different words, of which a call has some 330."""
SENTENCES, WORDS = 60, 13
"""Of a call; words in a sentence."""
DIFFERENT = 2_000
PAGE_SIZE = 50
REPETITIONS = 40
WITHIN = 500.0
"""Milliseconds for the slowest of a hundred pages."""

_LETTERS = "etaoinshrdlu"


def word(rank: int) -> str:
    """The word with this rank, from 0: short where it is frequent, in letters alone."""
    text = ""
    rank += len(_LETTERS)
    while rank:
        rank, letter = divmod(rank, len(_LETTERS))
        text = _LETTERS[letter] + text
    return text


class Speech:
    """Says sentences in words of which the one with rank n comes about n times as rarely as the first.

    There are so many `DIFFERENT` calls for each account and language: making them up takes longer than putting them in.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._words = [word(rank) for rank in range(VOCABULARY)]
        self._heaps = list(accumulate((rank + 2.7) ** -1.15 for rank in range(VOCABULARY)))
        self._said: dict[tuple[str, str, int], Prepared] = {}

    def of(self, call: Call) -> Prepared:
        """All that is said in a call, as the index takes it."""
        number = self._chance.randrange(DIFFERENT)
        key = call.account_sid, call.language or "", number
        if key not in self._said:
            self._said[key] = Prepared.of(call, self._sentences())
        return dataclasses.replace(self._said[key], call=call)

    def _sentences(self) -> list[SpokenSentence]:
        said = iter(self._chance.choices(self._words, cum_weights=self._heaps, k=SENTENCES * WORDS))
        return [
            SpokenSentence(at % 2, at % 2, at * 5.0, "en-US", " ".join(islice(said, WORDS))) for at in range(SENTENCES)
        ]


def fill(database: Database, calls: int, chance: random.Random) -> None:
    """Put transcriptions in, and what is said in them into the index."""
    add_accounts(database)
    speech = Speech(chance)
    rows = transcription_rows(calls, chance)
    while some := list(islice(rows, BATCH)):
        insert(database, Transcription, iter(some))
        with database.write() as session:
            for row in some:
                call = Call(row["account_sid"], row["id"], row["created_at"], row["language"], None)
                replace(session, speech.of(call))
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


Ask = Callable[[random.Random], str]


def asks() -> dict[str, tuple[Ask, Filters]]:
    """What is asked for, by name: a query, drawn anew each time, and the list's filters."""

    def some(chance: random.Random, least: int, most: int) -> str:
        return word(int(least * (most / least) ** chance.random()))

    def phrase(chance: random.Random) -> str:
        return f'"{some(chance, 1, 30)} {some(chance, 1, 30)}"'

    return {
        "the most frequent word": (lambda _: word(0), Filters()),
        "a frequent word": (lambda chance: some(chance, 10, 300), Filters()),
        "a word": (lambda chance: some(chance, 300, 5_000), Filters()),
        "a rare word": (lambda chance: some(chance, 5_000, VOCABULARY - 1), Filters()),
        "a word nobody says": (lambda chance: f"{some(chance, 300, 5_000)}qq", Filters()),
        "two frequent words": (lambda chance: f"{some(chance, 1, 100)} {some(chance, 1, 100)}", Filters()),
        "a frequent and a rare word": (
            lambda chance: f"{some(chance, 1, 20)} {some(chance, 5_000, VOCABULARY - 1)}",
            Filters(),
        ),
        "two words": (lambda chance: f"{some(chance, 100, 5_000)} {some(chance, 100, 5_000)}", Filters()),
        "a phrase of frequent words": (phrase, Filters()),
        "a phrase of words": (lambda chance: f'"{some(chance, 30, 500)} {some(chance, 30, 500)}"', Filters()),
        "a beginning of three letters": (lambda chance: f"{some(chance, 200, 1_700)[:3]}*", Filters()),
        "a beginning of four letters": (lambda chance: f"{some(chance, 2_000, 20_000)[:4]}*", Filters()),
        "a word, languageCode=de-DE": (lambda chance: some(chance, 10, 5_000), Filters(language="de-DE")),
        "a word, createdBefore": (lambda chance: some(chance, 10, 5_000), Filters(created_before=LATE)),
    }


def milliseconds(database: Database, text: str, filters: Filters, token: str | None) -> tuple[float, float, Page[Hit]]:
    """To read a page in a session of its own, with the rows, as `Transcriptions.search` does.

    The second figure is what this thread worked, on SQLite all that there is to it, and no more on a busy machine.
    """
    of = ACCOUNTS[0]
    narrowed = Narrowed(of, filters.language, filters.source_id, filters.created_after, filters.created_before)
    with database.read() as session:
        began, worked = time.perf_counter(), time.thread_time()
        found = finding.find(session, Query.parse(text), narrowed, token, PAGE_SIZE)
        repository.searched(session, of, filters, [hit.transcription_id for hit in found.rows])
        return (time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000, found


@dataclass
class Measured:
    """The pages of one kind of search: milliseconds of each, and how many calls they had."""

    times: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    hits: list[int] = field(default_factory=list)
    short: int = 0
    """Pages that ended since they had looked at enough, with less than they could have."""

    def add(self, elapsed: float, worked: float, page: Page[Hit]) -> None:
        """One more."""
        self.times.append(elapsed)
        self.worked.append(worked)
        self.hits.append(len(page.rows))
        self.short += len(page.rows) < PAGE_SIZE and page.next_token is not None


def measure(database: Database, chance: random.Random, repetitions: int) -> dict[str, Measured]:
    """The first pages of all kinds of searches, in turns, and pages that begin at any other call."""
    with database.read() as session:
        span = sa.func.min(SearchDocument.number), sa.func.max(SearchDocument.number)
        first, last = session.execute(sa.select(*span)).one()
    measured: dict[str, Measured] = {name: Measured() for name in asks()}
    for _ in range(repetitions):
        for name, (ask, filters) in asks().items():
            text = ask(chance)
            for token in (None, f"<{chance.randrange(first, last)}"):
                measured[name].add(*milliseconds(database, text, filters, token))
    return measured


def report(results: Sequence[tuple[str, dict[str, Measured]]]) -> Table:
    """A row for each kind of search on each database."""
    table = Table("Database", "Search")
    for column in ("Hits on a page", "Median ms", "99 % ms", "Processor ms", "Short pages"):
        table.add_column(column, justify="right")
    for database, measured in results:
        for name, each in measured.items():
            table.add_row(
                database,
                name,
                f"{statistics.mean(each.hits):.0f}",
                f"{statistics.median(each.times):.0f}",
                f"{statistics.quantiles(each.times, n=100)[-1]:.0f}",
                f"{statistics.median(each.worked):.0f}",
                f"{each.short}",
            )
    return table


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000, help="of all accounts together")
    parser.add_argument("--database", choices=[*DATABASES, "all"], default="all")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/benchmarks.md has it")
    options = parser.parse_args()
    console = Console(width=140, file=sys.stderr if options.markdown else None)
    console.print(f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}")
    results: list[tuple[str, dict[str, Measured]]] = []
    for name, start in DATABASES.items():
        if options.database not in {name, "all"}:
            continue
        with start() as database:
            migrate(database)
            began = time.monotonic()
            fill(database, options.calls, random.Random(1))
            console.print(f"{name}: {options.calls} calls put in, in {time.monotonic() - began:.0f} s")
            results.append((name, measure(database, random.Random(2), options.repetitions)))
    show(report(results), markdown=options.markdown)
    every = [elapsed for _, measured in results for each in measured.values() for elapsed in each.times]
    slowest = statistics.quantiles(every, n=100)[-1]
    console.print(
        f"99 of 100 pages within {slowest:.0f} ms; {'' if slowest <= WITHIN else 'not '}within {WITHIN:g} ms."
    )


if __name__ == "__main__":
    main()
