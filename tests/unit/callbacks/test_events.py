"""What is told of a job: the rule of a configuration's `events`."""

from typing import Any

import pytest

from callscribe.callbacks.events import TOLD_UNASKED, TranscriptionEvent
from callscribe.configurations.documents import CallbackTarget

COMPLETED, FAILED = TranscriptionEvent.COMPLETED, TranscriptionEvent.FAILED


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ({}, {COMPLETED, FAILED}),
        ({"events": None}, {COMPLETED, FAILED}),
        ({"events": ["COMPLETED"]}, {COMPLETED}),
        ({"events": ["FAILED"]}, {FAILED}),
        ({"events": ["FAILED", "COMPLETED"]}, {COMPLETED, FAILED}),
        ({"events": ["FAILED", "OF_A_LATER_VERSION"]}, {FAILED}),
        ({"events": []}, set()),
    ],
)
def test_list_decides_default_both_ends(member: dict[str, Any], told: set[TranscriptionEvent]) -> None:
    target = CallbackTarget.model_validate({"url": "https://hooks.example.com/", "method": "POST", **member})
    assert {event for event in TranscriptionEvent if target.wants(event)} == told


def test_added_kind_told_to_listers_only() -> None:
    assert {COMPLETED, FAILED} == TOLD_UNASKED
