"""Page tokens: what was given out is read again; anything else is refused, before a database sees it."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from callscribe.db.paging import Position
from callscribe.errors import Code, RequestError

INSTANT = datetime(2026, 3, 2, 9, 30, 0, 125, tzinfo=UTC)


def token(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize("backward", [True, False])
def test_token_reads_back(backward: bool) -> None:  # noqa: FBT001
    position = Position(INSTANT, "voice_transcription_0", backward)
    assert Position.parse(position.token) == position


def test_other_zone_same_instant() -> None:
    elsewhere = INSTANT.astimezone(timezone(timedelta(hours=5)))
    assert Position.parse(Position(elsewhere, "x").token) == Position(INSTANT, "x")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "?",
        "a",
        "AAAA",
        token(),
        token(INSTANT.isoformat()),
        token(INSTANT.isoformat(), "x", False, 1),
        token("yesterday", "x", False),
        token(1, "x", False),
        token("0001-01-01T00:00:00+14:00", "x", False),
        token(INSTANT.isoformat(), "x\0y", False),
        token(INSTANT.isoformat(), "\ud800", False),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
    ids=range(13),
)
def test_foreign_token_refused(wrong: str) -> None:
    with pytest.raises(RequestError) as caught:
        Position.parse(wrong)
    assert caught.value.code is Code.INVALID_PARAMETER
    assert [each.pointer for each in caught.value.errors] == ["/pageToken"]
