"""Who is on the call: what the client says, filled from the configuration's defaults and from the recorded call.

The order is the same for each participant: the request, then `participantDefaults`, then the call. What a recorded
call tells is in docs/recordings.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callscribe.configurations.documents import ChannelRole, JobOptions
from callscribe.errors import Code, RequestError
from callscribe.transcriptions.documents import Participant
from callscribe.transcriptions.schemas import MAX_PARTICIPANTS, ParticipantRequest

CUSTOMER, HUMAN_AGENT = "CUSTOMER", "HUMAN_AGENT"


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """The two ends of a recorded call, as far as they are known.

    Channel 1 of its recording is the parent leg, from where the call was made; channel 2 is the other.
    """

    from_: str | None = None
    to: str | None = None
    direction: str | None = None

    @property
    def is_outbound(self) -> bool:
        """Whether an agent called a customer."""
        # A trunk that terminates brings calls of the customer's own exchange to the telephone network.
        return self.direction is not None and (
            self.direction.startswith("outbound") or self.direction == "trunking-terminating"
        )

    @property
    def types(self) -> dict[int, str]:
        """Roles by channel: the customer is who calls, or on outbound calls who is called."""
        return {1: HUMAN_AGENT, 2: CUSTOMER} if self.is_outbound else {1: CUSTOMER, 2: HUMAN_AGENT}

    def address(self, channel: int, types: Mapping[int, str | None]) -> str | None:
        """The address of who is on a channel.

        It follows the role: of participants one of whom is the customer, that one has the customer's number, on
        whichever channel. Otherwise channel 1 is where the call came from.
        """
        customers = [each for each, kind in types.items() if kind == CUSTOMER]
        calling = channel == 1
        if len(customers) == 1:
            calling = (channel in customers) != self.is_outbound
        return self.from_ if calling else self.to


def check_requested(requested: Sequence[ParticipantRequest] | None, *, from_recording: bool) -> None:
    """What can be said of the request's participants alone.

    Raises:
        RequestError: 17510, 17513.
    """
    channels = [participant.audio_channel_index for participant in requested or ()]
    if len(set(channels)) < len(channels):
        raise _error(Code.CHANNEL_DUPLICATE, "Two participants cannot be on one audio channel.")
    if from_recording and len(channels) == 1:
        raise _error(Code.PARTICIPANT_COUNT, "With sourceId give two participants or none.")


def resolve_participants(
    requested: Sequence[ParticipantRequest] | None, options: JobOptions, call: RecordedCall | None
) -> list[Participant]:
    """The participants of a new transcription.

    Args:
        requested: those of the request, at most two.
        options: those of the configuration.
        call: the call that was recorded, where the audio is a recording of the account; None where it is a mediaUrl.

    Raises:
        RequestError: 17510, 17513 to 17517 and 17563, by the table of codes in docs/errors.md.
    """
    check_requested(requested, from_recording=call is not None)
    given = list(requested or ())
    stores_conversation = bool(options.conversation_configuration_id)
    result = _fill(given, options.participant_defaults or ())
    if stores_conversation and call is None and len(result) != MAX_PARTICIPANTS:
        raise _error(Code.PARTICIPANT_COUNT, "The configuration stores conversations: give exactly two participants.")
    types = [participant.type for participant in result]
    if len(types) == MAX_PARTICIPANTS and (types[0] is None) != (types[1] is None):
        raise _error(Code.PARTICIPANT_TYPE_PARTIAL, "Give a type for both participants, or for neither.")
    if call is not None:
        result = _fill_from_call(result, call)
    if stores_conversation:
        _check_storable(result, from_call=call is not None)
    return result


def _fill(given: Sequence[ParticipantRequest], defaults: Sequence[ChannelRole]) -> list[Participant]:
    types = {default.audio_channel_index: default.type for default in defaults}
    result = [
        Participant(
            audio_channel_index=each.audio_channel_index,
            type=each.type or types.get(each.audio_channel_index),
            address=each.address,
            name=each.name,
        )
        for each in given
    ]
    named = {each.audio_channel_index for each in given}
    result += [_participant(channel, kind) for channel, kind in sorted(types.items()) if channel not in named]
    return result


def _fill_from_call(participants: Sequence[Participant], call: RecordedCall) -> list[Participant]:
    # Either both have a role by now or neither, so the call's roles are never mixed with others.
    known = list(participants) or [_participant(channel, None) for channel in (1, 2)]
    if all(each.type is None for each in known):
        known = [each.model_copy(update={"type": call.types[each.audio_channel_index]}) for each in known]
    types = {each.audio_channel_index: each.type for each in known}
    return [
        each.model_copy(update={"address": each.address or call.address(each.audio_channel_index, types) or None})
        for each in known
    ]


def _check_storable(participants: Sequence[Participant], *, from_call: bool) -> None:
    if CUSTOMER not in {participant.type for participant in participants}:
        raise _error(Code.CUSTOMER_MISSING, "To store a conversation, one participant must be a CUSTOMER.")
    for index, participant in enumerate(participants):
        if participant.address:
            continue
        if from_call:
            detail = "To store a conversation, each participant needs an address, and the recording's call has none."
            raise RequestError.at("/sourceId", Code.ADDRESSES_UNRESOLVED, detail)
        detail = "To store a conversation, each participant needs an address."
        raise RequestError.at(f"/participants/{index}/address", Code.ADDRESS_MISSING, detail)


def _participant(channel: int, kind: str | None) -> Participant:
    return Participant(audio_channel_index=channel, type=kind, address=None, name=None)


def _error(code: Code, detail: str) -> RequestError:
    return RequestError.at("/participants", code, detail)
