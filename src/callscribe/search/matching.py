"""The inverted index, as each database has it: which calls have which terms.

SQLite has FTS5, PostgreSQL a GIN index over text search vectors. Both are given `terms` and nothing of their own is
done to these, so both find the same. `migrations` makes the tables.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from callscribe.search.tables import SearchDocument
from callscribe.search.terms import Lookup

NEWEST: Final = 500
"""Calls that PostgreSQL looks at one by one, before it has its index tell of all: a word that most calls have is in
these, and there may be a million of them in the index."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Numbers from `lowest` on up to `behind`, which is excluded; the greatest first, or with `ascending` the least."""

    lowest: int
    behind: int
    ascending: bool = False

    def beyond(self, number: int) -> "Stretch":
        """What is left of it behind a number, in its direction."""
        if self.ascending:
            return replace(self, lowest=max(self.lowest, number + 1))
        return replace(self, behind=min(self.behind, number))


class Matching(Protocol):
    """An inverted index. `terms` are separated by blanks."""

    def put(self, session: Session, number: int, terms: str) -> bytes | None:
        """Add a call; what `drop` will have to be given."""
        ...

    def drop(self, session: Session, documents: Iterable[tuple[int, bytes | None]]) -> None:
        """Remove calls: their numbers, and what `put` gave."""
        ...

    def numbers(
        self, session: Session, account_sid: str, wanted: Sequence[Lookup], stretch: Stretch, most: int
    ) -> Sequence[int]:
        """The first calls of an account, and of accounts with the same terms, that have all that is looked up."""
        ...


class _Fts5:
    """A table without a copy of its content, and without the places of words."""

    def put(self, session: Session, number: int, terms: str) -> bytes | None:
        statement = sa.text("INSERT INTO search_index (rowid, terms) VALUES (:number, :terms)")
        session.execute(statement, {"number": number, "terms": terms})
        return zlib.compress(terms.encode())

    def drop(self, session: Session, documents: Iterable[tuple[int, bytes | None]]) -> None:
        rows = [{"number": number, "terms": zlib.decompress(terms or b"").decode()} for number, terms in documents]
        statement = "INSERT INTO search_index (search_index, rowid, terms) VALUES ('delete', :number, :terms)"
        session.execute(sa.text(statement), rows)

    def numbers(
        self, session: Session, _account_sid: str, wanted: Sequence[Lookup], stretch: Stretch, most: int
    ) -> Sequence[int]:
        expression = _expression(wanted, " AND ", " OR ", '"', " *")
        number = sa.column("rowid", sa.BigInteger)
        query = sa.select(number).select_from(sa.table("search_index"))
        query = query.where(sa.column("search_index").op("MATCH")(expression))
        return session.scalars(_first(query, number, stretch, most)).all()


class _Gin:
    """A table of text search vectors with an index, which cannot tell the newest from the others.

    What is in most calls is therefore found without it, and what is not, by it alone.
    """

    _number = sa.column("number", sa.BigInteger)
    _terms = sa.column("terms", TSVECTOR)
    _index = sa.table("search_index", _number, _terms)

    def put(self, session: Session, number: int, terms: str) -> bytes | None:
        vector = sa.func.array_to_tsvector(sa.cast(terms.split(), ARRAY(sa.Text)))
        session.execute(sa.insert(self._index).values(number=number, terms=vector))
        return None

    def drop(self, session: Session, documents: Iterable[tuple[int, bytes | None]]) -> None:
        session.execute(sa.delete(self._index).where(self._number.in_([number for number, _ in documents])))

    def numbers(
        self, session: Session, account_sid: str, wanted: Sequence[Lookup], stretch: Stretch, most: int
    ) -> Sequence[int]:
        expression = _expression(wanted, " & ", " | ", "'", ":*")
        found = sa.select(self._number).where(self._terms.op("@@")(sa.cast(expression, TSQUERY)))
        own = sa.select(SearchDocument.number).where(SearchDocument.account_sid == account_sid)
        near = session.scalars(_first(own, SearchDocument.number, stretch, NEWEST)).all()
        those = found.where(self._number == sa.any_(sa.cast(near, ARRAY(sa.BigInteger))))
        first = session.scalars(_first(those, self._number, stretch, most)).all()
        if len(first) == most or len(near) < NEWEST:
            return first
        all_of_them = found.cte("found").prefix_with("MATERIALIZED")
        number = all_of_them.c.number
        # Where the planner takes a word for a frequent one, it would read the vectors of all calls there are.
        session.execute(sa.text("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"))
        rest = session.scalars(_first(sa.select(number), number, stretch.beyond(near[-1]), most - len(first))).all()
        session.execute(sa.text("SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = on"))
        return [*first, *rest]


def _expression(wanted: Sequence[Lookup], every: str, either: str, quote: str, star: str) -> str:
    """All that is looked up, by the signs of a database's language for it."""
    return every.join(
        "(" + either.join(f"{quote}{term}{quote}{star if each.is_prefix else ''}" for term in each.terms) + ")"
        for each in wanted
    )


def _first(
    query: "sa.Select[int]", number: "sa.SQLColumnExpression[int]", stretch: Stretch, most: int
) -> "sa.Select[int]":
    query = query.where(number >= stretch.lowest, number < stretch.behind).limit(most)
    return query.order_by(number.asc() if stretch.ascending else number.desc())


def matching(session: Session) -> Matching:
    """That of a session's database."""
    return _Gin() if session.get_bind().dialect.name == "postgresql" else _Fts5()
