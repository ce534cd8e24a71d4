"""Who is on a recorded call: the request, then the configuration, then the call."""

from typing import Any

import pytest

from callscribe.configurations.documents import JobOptions
from callscribe.errors import Code, RequestError
from callscribe.transcriptions.documents import Participant
from callscribe.transcriptions.participants import RecordedCall, resolve_participants
from callscribe.transcriptions.schemas import ParticipantRequest

CALLER, CALLED = "+15550100", "+15550199"
CUSTOMER_FIRST = [{"audioChannelIndex": 1, "type": "CUSTOMER"}, {"audioChannelIndex": 2, "type": "HUMAN_AGENT"}]
AGENT_FIRST = [{"audioChannelIndex": 1, "type": "HUMAN_AGENT"}, {"audioChannelIndex": 2, "type": "CUSTOMER"}]
STORING = JobOptions(conversation_configuration_id="conv_configuration_01k9v6x8m3e5rt0q2w4y6z8abc")


def call(direction: str | None = "inbound") -> RecordedCall:
    return RecordedCall(CALLER, CALLED, direction)


def party(channel: int, **fields: Any) -> ParticipantRequest:
    return ParticipantRequest(audio_channel_index=channel, **fields)


def seen(participants: list[Participant]) -> list[tuple[int, str | None, str | None]]:
    return [(each.audio_channel_index, each.type, each.address) for each in participants]


@pytest.mark.parametrize("direction", ["inbound", "trunking-originating", None, ""])
def test_inbound_customer_is_caller(direction: str | None) -> None:
    assert seen(resolve_participants(None, JobOptions(), call(direction))) == [
        (1, "CUSTOMER", CALLER),
        (2, "HUMAN_AGENT", CALLED),
    ]


@pytest.mark.parametrize("direction", ["outbound-api", "outbound-dial", "trunking-terminating"])
def test_outbound_customer_is_callee(direction: str) -> None:
    assert seen(resolve_participants([], JobOptions(), call(direction))) == [
        (1, "HUMAN_AGENT", CALLER),
        (2, "CUSTOMER", CALLED),
    ]


def test_no_call_no_addresses() -> None:
    assert seen(resolve_participants(None, JobOptions(), RecordedCall())) == [
        (1, "CUSTOMER", None),
        (2, "HUMAN_AGENT", None),
    ]


def test_no_recording_invents_nobody() -> None:
    assert resolve_participants(None, JobOptions(), None) == []


@pytest.mark.parametrize(
    ("direction", "defaults", "expected"),
    [
        ("inbound", AGENT_FIRST, [(1, "HUMAN_AGENT", CALLED), (2, "CUSTOMER", CALLER)]),
        ("outbound-api", CUSTOMER_FIRST, [(1, "CUSTOMER", CALLED), (2, "HUMAN_AGENT", CALLER)]),
    ],
)
def test_defaults_beat_call(
    direction: str, defaults: list[dict[str, Any]], expected: list[tuple[int, str, str]]
) -> None:
    assert (
        seen(resolve_participants(None, JobOptions.model_validate({"participantDefaults": defaults}), call(direction)))
        == expected
    )


def test_request_beats_defaults_and_call() -> None:
    given = [party(2, type="CUSTOMER", address="sip:emma@example.com", name="Emma"), party(1, type="AI_AGENT")]
    result = resolve_participants(given, JobOptions.model_validate({"participantDefaults": CUSTOMER_FIRST}), call())
    assert seen(result) == [(2, "CUSTOMER", "sip:emma@example.com"), (1, "AI_AGENT", CALLED)]
    assert [each.name for each in result] == ["Emma", None]


def test_missing_types_from_defaults_or_call() -> None:
    given = [party(1, name="Emma"), party(2, name="Ben")]
    assert seen(
        resolve_participants(given, JobOptions.model_validate({"participantDefaults": AGENT_FIRST}), call())
    ) == [
        (1, "HUMAN_AGENT", CALLED),
        (2, "CUSTOMER", CALLER),
    ]
    assert seen(resolve_participants(given, JobOptions(), call())) == [
        (1, "CUSTOMER", CALLER),
        (2, "HUMAN_AGENT", CALLED),
    ]


@pytest.mark.parametrize("kind", ["CUSTOMER", "HUMAN_AGENT"])
def test_same_roles_go_by_channel(kind: str) -> None:
    given = [party(1, type=kind), party(2, type=kind)]
    assert seen(resolve_participants(given, JobOptions(), call())) == [(1, kind, CALLER), (2, kind, CALLED)]


@pytest.mark.parametrize(
    ("given", "options", "code", "pointer"),
    [
        ([party(1)], JobOptions(), Code.PARTICIPANT_COUNT, "/participants"),
        ([party(1), party(1)], JobOptions(), Code.CHANNEL_DUPLICATE, "/participants"),
        ([party(1, type="CUSTOMER"), party(2)], JobOptions(), Code.PARTICIPANT_TYPE_PARTIAL, "/participants"),
        (
            [party(1, type="AI_AGENT"), party(2, type="HUMAN_AGENT")],
            STORING,
            Code.CUSTOMER_MISSING,
            "/participants",
        ),
    ],
)
def test_request_rules_hold_for_recordings(
    given: list[ParticipantRequest], options: JobOptions, code: Code, pointer: str
) -> None:
    with pytest.raises(RequestError) as refused:
        resolve_participants(given, options, call())
    assert (refused.value.code, refused.value.errors[0].pointer) == (code, pointer)


@pytest.mark.parametrize("known", [RecordedCall(), RecordedCall(CALLER), RecordedCall("", CALLED, "inbound")])
def test_conversation_needs_addresses(known: RecordedCall) -> None:
    with pytest.raises(RequestError) as refused:
        resolve_participants(None, STORING, known)
    assert (refused.value.code, refused.value.status) == (Code.ADDRESSES_UNRESOLVED, 422)
    given = [party(1, address=CALLER), party(2, address=CALLED)]
    assert seen(resolve_participants(given, STORING, known)) == [(1, "CUSTOMER", CALLER), (2, "HUMAN_AGENT", CALLED)]
