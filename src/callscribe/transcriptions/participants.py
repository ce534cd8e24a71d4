"""Who is on the call: what the client says, filled from the configuration's defaults, and the rules for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from callscribe.errors import Code, RequestError
from callscribe.transcriptions.schemas import MAX_PARTICIPANTS, ParticipantRequest


def resolve_participants(
    requested: Sequence[ParticipantRequest] | None, options: Mapping[str, Any], *, from_recording: bool
) -> list[dict[str, Any]]:
    """The participants of a new transcription, as they stand on the wire.

    Args:
        requested: those of the request, at most two.
        options: the inner document of the configuration.
        from_recording: whether the audio is a recording of the account, whose call is known.

    Raises:
        RequestError: 17510 and 17513 to 17517, by the table of codes in docs/errors.md.
    """
    given = list(requested or ())
    stores_conversation = bool(options.get("conversationConfigurationId"))
    channels = [participant.audio_channel_index for participant in given]
    if len(set(channels)) < len(channels):
        raise _error(Code.CHANNEL_DUPLICATE, "Two participants cannot be on one audio channel.")
    if from_recording and len(given) == 1:
        raise _error(Code.PARTICIPANT_COUNT, "With sourceId give two participants or none.")
    result = _fill(given, options.get("participantDefaults") or ())
    if stores_conversation and not from_recording and len(result) != MAX_PARTICIPANTS:
        raise _error(Code.PARTICIPANT_COUNT, "The configuration stores conversations: give exactly two participants.")
    types = [participant["type"] for participant in result]
    if len(types) == MAX_PARTICIPANTS and (types[0] is None) != (types[1] is None):
        raise _error(Code.PARTICIPANT_TYPE_PARTIAL, "Give a type for both participants, or for neither.")
    if stores_conversation and not from_recording:
        if "CUSTOMER" not in types:
            raise _error(Code.CUSTOMER_MISSING, "To store a conversation, one participant must be a CUSTOMER.")
        for index, participant in enumerate(result):
            if not participant["address"]:
                detail = "To store a conversation, each participant needs an address."
                raise RequestError.at(f"/participants/{index}/address", Code.ADDRESS_MISSING, detail)
    return result


def _fill(given: Sequence[ParticipantRequest], defaults: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    types = {default["audioChannelIndex"]: default["type"] for default in defaults}
    result = [
        participant.model_dump(by_alias=True) | {"type": participant.type or types.get(participant.audio_channel_index)}
        for participant in given
    ]
    named = {participant.audio_channel_index for participant in given}
    result += [
        {"audioChannelIndex": channel, "type": kind, "address": None, "name": None}
        for channel, kind in sorted(types.items())
        if channel not in named
    ]
    return result


def _error(code: Code, detail: str) -> RequestError:
    return RequestError.at("/participants", code, detail)
