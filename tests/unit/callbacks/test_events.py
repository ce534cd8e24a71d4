"""Who is told of what: the rule of a configuration's `events`."""

import pytest

from callscribe.callbacks.events import TOLD_UNASKED, TranscriptionEvent, addresses
from callscribe.configurations.documents import CallbackTarget

URL = "https://hooks.example.com/done"
COMPLETED, FAILED = TranscriptionEvent.COMPLETED, TranscriptionEvent.FAILED


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ({}, {COMPLETED, FAILED}),
        ({"events": None}, {COMPLETED, FAILED}),
        ({"events": ["COMPLETED"]}, {COMPLETED}),
        ({"events": ["FAILED"]}, {FAILED}),
        ({"events": ["FAILED", "COMPLETED"]}, {COMPLETED, FAILED}),
        ({"events": []}, set()),
    ],
)
def test_what_is_listed_is_told_and_without_a_list_both_ends(
    member: dict[str, list[str] | None], told: set[TranscriptionEvent]
) -> None:
    callback = CallbackTarget.model_validate({"url": URL, "method": "POST", **member})
    assert {event: addresses(callback, event) for event in TranscriptionEvent} == {
        event: [URL] if event in told else [] for event in TranscriptionEvent
    }


@pytest.mark.parametrize("event", TranscriptionEvent)
def test_without_a_callback_nobody_is_told(event: TranscriptionEvent) -> None:
    assert addresses(None, event) == []


def test_a_kind_that_is_added_is_told_to_those_alone_who_list_it() -> None:
    assert {COMPLETED, FAILED} == TOLD_UNASKED
