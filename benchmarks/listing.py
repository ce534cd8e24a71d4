"""What a page of a list costs, however deep it is: the first page, the ten-thousandth, and the last.

A million rows of a few accounts are put into a fresh database, SQLite or PostgreSQL (a real server, from a wheel), by
bulk insert. Then the pages of one account's list are read as the API reads them, rows included, for each filter: the
first, the ten-thousandth and the last, in turns, each with a session of its own. The figure is the least time of each,
since what else the machine does can only add to it; what counts is its ratio to the first page. Beside it stands the
99th percentile of all of them, with what else the machine does.

Nobody walks there: a page token names the row beside which its page begins, so the token of a page is computed from
the row at that place, which one query with OFFSET finds. A filter that lets too few rows through has no
ten-thousandth page: its deep page is the one in the middle, and the table says which that is.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from callscribe.db.engine import Database
from callscribe.db.paging import Position
from callscribe.migrations.runner import migrate
from listing_calls import CALLS, RECORDINGS
from listing_conversations import COMMUNICATIONS, CONVERSATIONS
from listing_databases import DATABASES
from listing_rows import TRANSCRIPTIONS, Filtered, Listed
from scoring import show

LISTS = {each.name: each for each in (TRANSCRIPTIONS, RECORDINGS, CALLS, CONVERSATIONS, COMMUNICATIONS)}
PAGE_SIZE = 50
DEEP_PAGE = 10_000
REPETITIONS = 25
WITHIN = 2.0
"""How many times the first page a deep page may take."""
BELOW_MS = 500.0
"""What the 99th percentile may be."""


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds of the pages of one list; `pages` says how many it has, `deep` which one was taken."""

    database: str
    filtered: str
    pages: int
    deep: int
    first_ms: float
    deep_ms: float
    last_ms: float
    p99_ms: float

    @property
    def worst(self) -> float:
        """The larger of the two ratios to the first page."""
        return max(self.deep_ms, self.last_ms) / self.first_ms


def token_of(database: Database, listed: Listed, filtered: Filtered, page: int) -> str | None:
    """The token of the page with this number, from 1."""
    if page == 1:
        return None
    columns = filtered.order or listed.order
    ascending = filtered.ascending or listed.oldest_first
    order = [column.asc() if ascending else column.desc() for column in columns]
    query = sa.select(*columns).where(*filtered.where).order_by(*order)
    with database.read() as session:
        value, row_id = session.execute(query.offset((page - 1) * PAGE_SIZE - 1).limit(1)).one()
    return Position(value, row_id).token


def milliseconds(database: Database, filtered: Filtered, token: str | None) -> float:
    """To read a page in a session of its own."""
    with database.read() as session:
        began = time.perf_counter()
        found = filtered.page(session, token, PAGE_SIZE)
        elapsed = time.perf_counter() - began
    assert found.rows, "a page that should have rows has none"
    return elapsed * 1000


def measure(name: str, database: Database, listed: Listed, filtered: Filtered) -> Result:
    """The pages of one list, in turns."""
    with database.read() as session:
        rows = session.scalar(sa.select(sa.func.count()).select_from(listed.model).where(*filtered.where)) or 0
    pages = max(1, -(-rows // PAGE_SIZE))
    deep = DEEP_PAGE if pages >= DEEP_PAGE else max(1, pages // 2)
    tokens = [token_of(database, listed, filtered, page) for page in (1, deep, pages)]
    times: list[list[float]] = [[], [], []]
    for repetition in range(REPETITIONS + 1):
        for place, token in enumerate(tokens):
            elapsed = milliseconds(database, filtered, token)
            if repetition:  # the first warms up
                times[place].append(elapsed)
    p99 = statistics.quantiles([time for each in times for time in each], n=100, method="inclusive")[-1]
    return Result(name, filtered.name, pages, deep, *(min(each) for each in times), p99)


def explain(database: Database, listed: Listed, filtered: Filtered, page: int) -> list[str]:
    """The plans of this page's queries, as the database tells them."""
    token = token_of(database, listed, filtered, page)
    seen: list[tuple[str, Any]] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", remember)
    try:
        milliseconds(database, filtered, token)
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", remember)
    prefix = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN (ANALYZE, BUFFERS) "
    with database.engine.connect() as connection:
        return [
            str(row[-1])
            for statement, parameters in seen
            for row in connection.exec_driver_sql(prefix + statement, parameters)
        ]


def fill(database: Database, listed: Listed, rows: int, say: Callable[[str], None]) -> None:
    """Put the rows in, and let the database learn what they are like, as it does by itself in time."""
    began = time.monotonic()
    listed.fill(database, rows, random.Random(1))
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    say(f"{rows} {listed.name} inserted in {time.monotonic() - began:.0f} s")


def report(results: Sequence[tuple[str, Result]]) -> Table:
    """A row for each filter of each list on each database."""
    table = Table("List", "Database", "Filter")
    for column in ("Pages", "Deep page", "First ms", "Deep ms", "Last ms", "p99 ms", "Deep", "Last"):
        table.add_column(column, justify="right")
    for listed, each in results:
        table.add_row(
            listed,
            each.database,
            each.filtered,
            f"{each.pages}",
            f"{each.deep}",
            f"{each.first_ms:.2f}",
            f"{each.deep_ms:.2f}",
            f"{each.last_ms:.2f}",
            f"{each.p99_ms:.2f}",
            f"{each.deep_ms / each.first_ms:.2f}",
            f"{each.last_ms / each.first_ms:.2f}",
        )
    return table


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in each list, of all accounts together")
    parser.add_argument("--database", choices=[*DATABASES, "all"], default="all")
    parser.add_argument("--list", choices=[*LISTS, "all"], default="all", help="which list")
    parser.add_argument("--explain", action="store_true", help="print the plan of each deep page")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/benchmarks.md has it")
    options = parser.parse_args()
    console = Console(width=140, file=sys.stderr if options.markdown else None)
    console.print(f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}")
    results: list[tuple[str, Result]] = []
    for name, start in DATABASES.items():
        if options.database not in {name, "all"}:
            continue
        for listed in LISTS.values():
            if options.list not in {listed.name, "all"}:
                continue
            with start() as database:
                migrate(database)
                fill(database, listed, options.rows, lambda text, name=name: console.print(f"{name}: {text}"))
                for filtered in listed.filters():
                    result = measure(name, database, listed, filtered)
                    results.append((listed.name, result))
                    if options.explain:
                        plan = explain(database, listed, filtered, result.deep)
                        console.print(filtered.name, *plan, sep="\n  ", markup=False)
    console.print(f"Pages of {PAGE_SIZE} of {options.rows} rows; ratios to the first page")
    show(report(results), markdown=options.markdown)
    slow = [f"{listed}, {each.database}, {each.filtered}" for listed, each in results if each.worst > WITHIN]
    late = [f"{listed}, {each.database}, {each.filtered}" for listed, each in results if each.p99_ms > BELOW_MS]
    console.print(
        f"Above {BELOW_MS:g} ms: {'; '.join(late)}"
        if late
        else f"The 99th percentile of each is below {BELOW_MS:g} ms."
    )
    console.print(
        f"Beyond {WITHIN:g} times the first page: {'; '.join(slow)}" if slow else f"All within a factor of {WITHIN:g}."
    )


if __name__ == "__main__":
    main()
