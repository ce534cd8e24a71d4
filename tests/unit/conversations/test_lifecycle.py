from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callscribe.conversations.documents import ConversationOptions
from callscribe.conversations.lifecycle import Timeouts
from callscribe.conversations.tables import ConversationStatus

ACTIVE, INACTIVE, CLOSED = ConversationStatus.ACTIVE, ConversationStatus.INACTIVE, ConversationStatus.CLOSED
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def options(given: dict[str, Any]) -> ConversationOptions:
    return ConversationOptions.model_validate({"conversationGroupingType": "GROUP_BY_PROFILE"} | given)


def timeouts(inactive: int | None = None, closed: int | None = None) -> Timeouts:
    setting = {"statusTimeouts": {"inactive": inactive, "closed": closed}}
    return Timeouts.of(options({"channelSettings": {"VOICE": setting}}), "VOICE")


def after(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("minutes", "status"), [(0, ACTIVE), (4.9, ACTIVE), (5, INACTIVE), (29, INACTIVE), (30, CLOSED), (1000, CLOSED)]
)
def test_idle_becomes_inactive_then_closed(minutes: float, status: ConversationStatus) -> None:
    both = timeouts(5, 30)
    assert both.status(ACTIVE, BEGIN, after(minutes)) is status
    assert both.status(CLOSED, BEGIN, after(minutes)) is CLOSED


def test_either_timeout_may_be_missing() -> None:
    assert timeouts(closed=30).status(ACTIVE, BEGIN, after(29)) is ACTIVE
    assert timeouts(closed=30).status(ACTIVE, BEGIN, after(30)) is CLOSED
    assert timeouts(inactive=5).status(ACTIVE, BEGIN, after(10_000)) is INACTIVE
    assert timeouts().status(ACTIVE, BEGIN, after(10_000)) is ACTIVE


def test_set_inactive_stays_until_closed() -> None:
    assert timeouts(5, 30).status(INACTIVE, BEGIN, after(1)) is INACTIVE


def test_next_timeout_is_foreseen() -> None:
    both = timeouts(5, 30)
    assert both.due_at(ACTIVE, BEGIN) == after(5)
    assert both.due_at(INACTIVE, BEGIN) == after(30)
    assert both.due_at(CLOSED, BEGIN) is None
    assert timeouts(30, 5).due_at(ACTIVE, BEGIN) == after(5)
    assert timeouts(inactive=5).due_at(INACTIVE, BEGIN) is None


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"channelSettings": {}},
        {"channelSettings": {"VOICE": {}}},
        {"channelSettings": {"SMS": {"statusTimeouts": {"closed": 1}}}},
    ],
)
def test_no_timeouts_end_nothing(configuration: dict[str, Any]) -> None:
    assert Timeouts.of(options(configuration), "VOICE").due_at(ACTIVE, BEGIN) is None
    assert Timeouts.of(options(configuration), None).due_at(ACTIVE, BEGIN) is None
