"""Finding calls by what was said in them, newest first, a page at a time.

The index gives the calls that have every word. Their sentences are then looked at, since only they tell whether the
words of a phrase stand side by side, and which sentences there are to show. So much text is looked at for a page and
no more: a page may be short though there are further ones.
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.paging import Page
from callscribe.db.sealed import vault_of
from callscribe.errors import Code, RequestError
from callscribe.search import terms
from callscribe.search.matching import Stretch, matching
from callscribe.search.queries import Looking, Query, Range
from callscribe.search.tables import SPOKEN, SearchDocument, Spoken, number_at

MOST_MATCHES: Final = 5
"""Sentences of a call that are shown."""

MOST_TEXT: Final = 1_000_000
"""Characters that are looked at for a page: those of two calls of eight hours, or of some 200 of five minutes. It takes
a fifth of a second."""

READ_AT_ONCE: Final = 20
"""Calls whose sentences are in memory at the same time; those of a long one take 200 kB."""

_TOKEN: Final = re.compile(r"([<>])([0-9]{1,18})")
_LATE: Final = 1000
"""Milliseconds by which a call's number may be behind the instant at which its job was made, and more."""

_ALL: Final = Stretch(0, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Match:
    """A sentence that has some of the words, and where they are; the rest as in `SpokenSentence`."""

    index: int
    """Its place in the transcript, from 0."""
    channel: int
    participant: int | None
    start: float
    text: str
    ranges: Sequence[Range]


@dataclass(frozen=True, slots=True)
class Hit:
    """A call that was found, with those of its matches that have most of what was looked for, in their order."""

    transcription_id: str
    matches: Sequence[Match]
    count: int
    """How many sentences match, in all."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What calls are looked for: of an account, with a locale that was asked for, of a recording, made in a span.

    `since` is inclusive; behind `until`, calls of one more second may be found.
    """

    account_sid: str
    language: str | None = None
    source_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find(session: Session, query: Query, narrowed: Narrowed, token: str | None, size: int) -> Page[Hit]:
    """A page of calls that have all of a query, newest first; a query without words has none.

    Raises:
        RequestError: the token is not one of ours; 20001.
    """
    whole = _stretch(narrowed, token)
    if not query.clauses:
        return Page([], None, None)
    vault = vault_of(session.connection())
    keys = () if vault is None else vault.keys_of(narrowed.account_sid)
    wanted = terms.of_query(narrowed.account_sid, query, narrowed.language, narrowed.source_id, keys)
    found: list[Hit] = []
    looking = _Looking(query)
    left, more = whole, True
    while more and len(found) < size and not looking.is_tired:
        numbers = matching(session).numbers(session, narrowed.account_sid, wanted, left, size + 1)
        more = len(numbers) > size
        for number, document in _documents(session, narrowed.account_sid, numbers):
            if len(found) == size or looking.is_tired:
                more = True
                break
            left = left.beyond(number)
            if document is not None and (hit := looking.hit(*document)):
                found.append(hit)
    if whole.ascending:
        return Page(found[::-1], f"<{whole.lowest}", f">{left.lowest - 1}" if more else None)
    return Page(found, f"<{left.behind}" if more else None, f">{whole.behind - 1}" if token else None)


class _Looking:
    """Looks through the sentences of calls, until it has seen enough."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._looking = Looking(query)
        self._left = MOST_TEXT

    @property
    def is_tired(self) -> bool:
        """Whether no more text is to be looked at."""
        return self._left <= 0

    def hit(self, transcription_id: str, packed: bytes) -> Hit | None:
        """What a call has of the query; None where it has not all of it."""
        spoken = SPOKEN.validate_json(zlib.decompress(packed))
        meant = {language: self._looking.meant(said, language) for language, said in spoken.words.items()}
        matches: list[tuple[int, int]] = []
        there = 0
        for index, (text, language) in enumerate(zip(spoken.texts, spoken.languages, strict=True)):
            self._left -= len(text)
            if clauses := self._looking.clauses(text, meant[language]):
                there |= clauses
                matches.append((clauses.bit_count(), index))
        if there.bit_count() < len(self._query.clauses):
            return None
        best = nlargest(MOST_MATCHES, matches, key=lambda match: match[0])  # of equal ones the first
        shown = [self._match(spoken, index, meant) for index in sorted(index for _, index in best)]
        return Hit(transcription_id, shown, len(matches))

    def _match(self, spoken: Spoken, index: int, meant: Mapping[str, Mapping[str, int]]) -> Match:
        text = spoken.texts[index]
        ranges = self._looking.ranges(text, meant[spoken.languages[index]])
        return Match(index, spoken.channels[index], spoken.participants[index], spoken.starts[index], text, ranges)


def _documents(
    session: Session, account_sid: str, numbers: Sequence[int]
) -> Iterator[tuple[int, tuple[str, bytes] | None]]:
    """Ids and sentences by number, in their order; None for a call of another account, or that is gone."""
    columns = SearchDocument.number, SearchDocument.transcription_id, SearchDocument.spoken
    for first in range(0, len(numbers), READ_AT_ONCE):
        some = numbers[first : first + READ_AT_ONCE]
        query = sa.select(*columns).where(SearchDocument.account_sid == account_sid, SearchDocument.number.in_(some))
        known = {number: (of, spoken) for number, of, spoken in session.execute(query) if spoken is not None}
        yield from ((number, known.get(number)) for number in some)


def _stretch(narrowed: Narrowed, token: str | None) -> Stretch:
    lowest = _ALL.lowest if narrowed.since is None else number_at(narrowed.since)
    behind = _ALL.behind if narrowed.until is None else number_at(narrowed.until) + _LATE
    if token is None:
        return Stretch(lowest, behind)
    parsed = _TOKEN.fullmatch(token)
    if parsed is None:
        raise RequestError.at("/pageToken", Code.INVALID_PARAMETER, "pageToken is not valid.")
    ascending, number = parsed[1] == ">", int(parsed[2])
    return Stretch(lowest, behind, ascending).beyond(number)
