"""Recordings and calls for `listing.py`."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.recordings import repository
from callscribe.recordings.repository import CallFilters, RecordingFilters, TimeRange
from callscribe.recordings.tables import Call, Recording
from listing_rows import ACCOUNTS, EARLY, LATE, SHARES, Filtered, Listed, add_accounts, filtered, insert, instants

SUPPORT = "+15550199"
"""The number that most calls go to."""


def _sid(prefix: str, chance: random.Random) -> str:
    return f"{prefix}{chance.getrandbits(128):032x}"


def _calls(rows: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for instant in instants(rows, chance):
        length = chance.lognormvariate(5, 1)
        yield {
            "account_sid": chance.choices(ACCOUNTS, SHARES)[0],
            "sid": _sid("CA", chance),
            "from": f"+1555{chance.randrange(100_000):07d}",
            "to": SUPPORT if chance.random() < 0.9 else f"+1555{chance.randrange(100):07d}",
            "direction": "inbound",
            "status": "completed" if chance.random() < 0.97 else "no-answer",
            "start_time": instant - timedelta(seconds=length) if chance.random() < 0.95 else None,
            "duration": length,
            "date_created": instant,
            "date_updated": instant,
        }


def _recordings(rows: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for instant in instants(rows, chance):
        account = chance.choices(ACCOUNTS, SHARES)[0]
        # One call stands out, so that the list by call has pages too.
        call = f"CA{0:032x}" if chance.random() < 0.05 else _sid("CA", chance)
        yield {
            "account_sid": account,
            "sid": _sid("RE", chance),
            "call_sid": call,
            "channels": 2,
            "duration": chance.lognormvariate(5, 1),
            "start_time": instant - timedelta(minutes=5),
            "status": "completed",
            "source": "OutboundAPI",
            "external": False,
            "origin": "upload",
            "container": "wav",
            "codec": "pcm_s16le",
            "sample_rate": 8000,
            "size": chance.randrange(10_000_000),
            "sha256": f"{chance.getrandbits(256):064x}",
            "blobs": f"{account}/recordings/{chance.getrandbits(128):032x}",
            "date_created": instant,
            "date_updated": instant,
        }


def _fill_calls(database: Database, rows: int, chance: random.Random) -> None:
    add_accounts(database)
    insert(database, Call, _calls(rows, chance))


def _fill_recordings(database: Database, rows: int, chance: random.Random) -> None:
    add_accounts(database)
    insert(database, Recording, _recordings(rows, chance))


def _recording_filters() -> list[Filtered]:
    mine, of, call = Recording.account_sid == ACCOUNTS[0], Recording, f"CA{0:032x}"

    def page(session: Session, token: str | None, size: int, *, filters: RecordingFilters) -> Page[Recording]:
        return repository.page(session, ACCOUNTS[0], filters, token, size)

    cases: list[tuple[str, RecordingFilters, list[sa.ColumnElement[bool]]]] = [
        ("none", RecordingFilters(), [mine]),
        (
            "DateCreated< and >",
            RecordingFilters(TimeRange(EARLY, LATE)),
            [mine, of.date_created >= EARLY, of.date_created < LATE],
        ),
        ("CallSid", RecordingFilters(call_sid=call), [mine, of.call_sid == call]),
    ]
    return filtered(page, cases)


def _call_filters() -> list[Filtered]:
    mine, of = Call.account_sid == ACCOUNTS[0], Call

    def page(session: Session, token: str | None, size: int, *, filters: CallFilters) -> Page[Call]:
        return repository.page_calls(session, ACCOUNTS[0], filters, token, size)

    cases: list[tuple[str, CallFilters, list[sa.ColumnElement[bool]]]] = [
        ("none", CallFilters(), [mine]),
        ("To", CallFilters(to=SUPPORT), [mine, of.to == SUPPORT]),
        ("Status", CallFilters(status="no-answer"), [mine, of.status == "no-answer"]),
    ]
    return filtered(page, cases)


RECORDINGS = Listed(
    "recordings", Recording, (Recording.date_created, Recording.sid), _fill_recordings, _recording_filters
)
CALLS = Listed("calls", Call, (Call.date_created, Call.sid), _fill_calls, _call_filters)
