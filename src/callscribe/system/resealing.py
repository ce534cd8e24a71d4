"""What is there already, sealed as what is new: after encryption was switched on or off, or a key was changed.

Blobs are replaced one by one, rows a batch in a transaction. Whoever is killed in it goes on where it was by doing it
all once more, which passes over what is done. The program may run meanwhile.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session

import callscribe.callbacks.tables
import callscribe.conversations.tables
import callscribe.web.tables  # noqa: F401  each import registers its tables
from callscribe.accounts.repository import every
from callscribe.cancellation import NEVER, Cancellation
from callscribe.db.base import Base
from callscribe.db.engine import PATIENCE, Database, begin_writing
from callscribe.db.sealed import Raw, owned, raw_columns
from callscribe.errors import KeyUnknown
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.recordings.tables import Intake, Recording
from callscribe.search import index
from callscribe.search.tables import SearchDocument
from callscribe.settings import Settings
from callscribe.transcriptions.searching import call_of
from callscribe.transcriptions.tables import Transcription
from callscribe.vault.account_keys import MEMORY, AccountKeys

BATCH: Final = 100
"""Rows that are read, and changed, in one transaction."""

SETTLED: Final = timedelta(days=1)
"""How old a key must be before those before it may go: an upload that began earlier is sealed with one of them."""

_MEDIA: Final = ("media", "derived")


@dataclass
class Progress:
    """What was looked at, and what was sealed anew."""

    blobs: int = 0
    blobs_changed: int = 0
    rows: int = 0
    rows_changed: int = 0
    passed_over: int = 0
    """Sealed with a key that is not an account's: a job's own, say, which will be gone with the job; or one erased."""


class Resealing:
    """Seals, or unseals, as the settings say.

    Args:
        told: called now and then with what is done by now.
    """

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        keys: AccountKeys,
        settings: Settings,
        told: Callable[[Progress], None] = lambda _: None,
        cancelled: Cancellation = NEVER,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._keys = keys
        self._spool = settings.spool
        self._told = told
        self._cancelled = cancelled
        self.progress = Progress()

    def settle(self, account_sid: str) -> None:
        """Wait until no other process seals with the key that this account had before."""
        held = self._keys.every(account_sid)
        if held:
            age = datetime.now(UTC) - datetime.fromisoformat(held[0].created_at)
            self._cancelled.wait(max(0.0, MEMORY + 1.0 - age.total_seconds()))
        self._keys.forget(account_sid)

    def run(self, account_sid: str | None = None) -> Progress:
        """Do so for all that an account has, or all accounts."""
        with self._database.read() as session:
            accounts = [account_sid] if account_sid else [account.sid for account in every(session)]
        for sid in accounts:
            self.settle(sid)
            self._blobs_of(sid)
        for mapper in sorted(Base.registry.mappers, key=lambda each: each.class_.__name__):
            if raw_columns(mapper):
                self._rows_of(mapper, account_sid)
        return self.progress

    def scrub(self) -> None:
        """Have an SQLite file keep nothing of what was overwritten in it; PostgreSQL does so itself, by its vacuum.

        Raises:
            sqlite3.OperationalError: another process has the file for too long.
        """
        file = self._database.engine.url.database
        if not self._database.is_sqlite or not file:
            return
        with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as connection:
            connection.execute(
                "INSERT INTO search_index (search_index) VALUES ('optimize')"
            )  # forgets what was dropped
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def drop_old_keys(self, account_sid: str) -> int:
        """Remove the keys that an account had before, once all is sealed with the present one; how many there were.

        Raises:
            ValueError: the present one is too new for that.
        """
        held = self._keys.every(account_sid)
        if len(held) < 2:
            return 0
        if datetime.now(UTC) - datetime.fromisoformat(held[0].created_at) < SETTLED:
            raise ValueError("the present key is not a day old")
        self._keys.drop(account_sid, [each.number for each in held[1:]])
        return len(held) - 1

    def _blobs_of(self, account_sid: str) -> None:
        for key in self._blobs.keys(account_sid):
            self._cancelled.raise_if_cancelled()
            try:
                changed = self._blobs.reseal(key, self._spool, self._cancelled)
                if changed and not self._is_wanted(key):  # erased in this moment
                    self._blobs.delete(key)
            except BlobMissing:
                continue
            except KeyUnknown:
                self.progress.passed_over += 1
                continue
            self.progress.blobs += 1
            self.progress.blobs_changed += changed
            self._told(self.progress)

    def _is_wanted(self, key: str) -> bool:
        account_sid, owner, *rest = key.split("/")
        folder = f"{account_sid}/{owner}"
        with self._database.read() as session:
            if owner.startswith("voice_transcription_"):
                row = session.get(Transcription, owner)
                gone = row is None or (row.media_erased_at if rest[0] in _MEDIA else row.transcript_erased_at)
                return not gone
            if owner.startswith("RE"):
                recording = sa.select(Recording.sid).where(
                    Recording.account_sid == account_sid, Recording.blobs == folder
                )
                return session.scalar(recording) is not None or session.get(Intake, folder) is not None
        return True

    def _rows_of(self, mapper: Mapper[Any], account_sid: str | None) -> None:
        last: Sequence[Any] | None = None
        while True:
            self._cancelled.raise_if_cancelled()
            with self._database.write() as session:
                begin_writing(session)
                rows = _page(session, mapper, last)
                for row in rows:
                    if account_sid in {None, row.account_sid}:
                        self._row(session, mapper, row)
                last = rows[-1].key if rows else None
            self._told(self.progress)
            if len(rows) < BATCH:
                return

    def _row(self, session: Session, mapper: Mapper[Any], row: "_Row") -> None:
        self.progress.rows += 1
        key = self._keys.key_of(row.account_sid)
        names = [name for name, raw in row.raw.items() if not raw.is_sealed_by(key)]
        if not names:
            return
        try:
            self.progress.rows_changed += _reseal(session, mapper, row, names)
        except KeyUnknown:
            self.progress.passed_over += 1


@dataclass(frozen=True, slots=True)
class _Row:
    key: Sequence[Any]
    account_sid: str
    raw: dict[str, Raw]


def _page(session: Session, mapper: Mapper[Any], last: Sequence[Any] | None) -> list[_Row]:
    """Rows behind one, in the order of their keys, as they lie in the table; locked where rows can be."""
    table = mapper.local_table
    columns = raw_columns(mapper)
    keys = [columns.get(mapper.get_property_by_column(each).key, each) for each in mapper.primary_key]
    whose: Any = table.c.get("account_sid")
    query = sa.select(*keys, *columns.values())
    if whose is None:
        whose = Transcription.account_sid
        query = query.join(Transcription, Transcription.id == table.c.transcription_id)
    query = query.add_columns(whose.label("whose")).order_by(*keys).limit(BATCH).with_for_update(of=table)
    if last is not None:
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*map(sa.literal, last)))
    found = []
    for row in session.execute(query):
        values = list(row)
        raw = dict(zip(columns, map(Raw, values[len(keys) : -1]), strict=True))
        found.append(
            _Row(values[: len(keys)], values[-1], {name: each for name, each in raw.items() if each.value is not None})
        )
    return found


def _reseal(session: Session, mapper: Mapper[Any], row: _Row, names: Sequence[str]) -> bool:
    """Write a row's columns once more, from what they say."""
    if mapper.class_ is SearchDocument:
        document = session.get_one(SearchDocument, row.key[0])
        job = session.get(Transcription, document.transcription_id)
        return job is not None and index.reseal(session, document, call_of(job))
    columns = raw_columns(mapper)
    keys = [columns.get(mapper.get_property_by_column(each).key, each) for each in mapper.primary_key]
    this = sa.and_(*(column == value for column, value in zip(keys, row.key, strict=True)))
    attributes = [mapper.class_.__mapper__.all_orm_descriptors[name] for name in names]
    values = session.execute(sa.select(*attributes).where(this)).first()
    if values is None:
        return False
    known = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    if known:
        session.execute(sa.update(mapper.class_).where(this).values(owned(mapper.class_, known, row.account_sid)))
    return bool(known)
