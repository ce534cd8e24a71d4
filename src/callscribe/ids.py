"""Identifiers: TypeIDs for this API's resources, SIDs for the 2010 API's.

A TypeID is a prefix and the 26 base32 characters of a UUIDv7, so ids made later sort later.
A SID is two letters and 32 hexadecimal digits.
"""

import re
import secrets
from datetime import datetime

from typeid import TypeID

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's, in the order of its values (https://github.com/jetify-com/typeid/tree/main/spec)."""

TRANSCRIPTION_ID = re.compile(r"voice_transcription_[0-9a-zA-Z]{26}")
CONFIGURATION_ID = re.compile(r"voice_transcriptionconfiguration_[0-9a-z]{26}")
RECORDING_CONFIGURATION_ID = re.compile(r"voice_recordingconfiguration_[0-9a-z]{26}")
RECORDING_SID = re.compile(r"RE[0-9a-f]{32}")
CALL_SID = re.compile(r"CA[0-9a-f]{32}")
CONFERENCE_SID = re.compile(r"CF[0-9a-f]{32}")
CONVERSATION_CONFIGURATION_ID = re.compile(r"conv_configuration_[0-9a-z]{26}")


def new_transcription_id() -> str:
    """`voice_transcription_` and 26 characters."""
    return str(TypeID("voice_transcription"))


def transcription_id_at(moment: datetime) -> str:
    """The least id that a transcription may have that is made at this moment, to the millisecond."""
    instant = max(0, int(moment.timestamp() * 1000)) << 80  # what a UUIDv7 begins with
    return "voice_transcription_" + "".join(_BASE32[instant >> shift & 31] for shift in range(125, -1, -5))


def new_configuration_id() -> str:
    """`voice_transcriptionconfiguration_` and 26 characters."""
    return str(TypeID("voice_transcriptionconfiguration"))


def new_recording_configuration_id() -> str:
    """`voice_recordingconfiguration_` and 26 characters."""
    return str(TypeID("voice_recordingconfiguration"))


def new_event_id() -> str:
    """`voice_event_` and 26 characters: something that happened once, however often it is told."""
    return str(TypeID("voice_event"))


def new_callback_id() -> str:
    """`voice_callback_` and 26 characters: one delivery of one event, with all its attempts."""
    return str(TypeID("voice_callback"))


def new_account_sid() -> str:
    """`AC` and 32 hexadecimal digits, from a cryptographic source."""
    return "AC" + secrets.token_hex(16)


def new_api_key_sid() -> str:
    """`SK` and 32 hexadecimal digits, from a cryptographic source."""
    return "SK" + secrets.token_hex(16)


def new_auth_token() -> str:
    """32 hexadecimal digits, as the API's clients expect: 128 bits from a cryptographic source."""
    return secrets.token_hex(16)


def new_recording_sid() -> str:
    """`RE` and 32 hexadecimal digits."""
    return "RE" + secrets.token_hex(16)


def new_call_sid() -> str:
    """`CA` and 32 hexadecimal digits."""
    return "CA" + secrets.token_hex(16)


def new_api_key_secret() -> str:
    """32 hexadecimal digits, like an auth token."""
    return secrets.token_hex(16)


def new_conversation_id() -> str:
    """`conv_conversation_` and 26 characters."""
    return str(TypeID("conv_conversation"))


def new_participant_id() -> str:
    """`conv_participant_` and 26 characters."""
    return str(TypeID("conv_participant"))


def new_communication_id() -> str:
    """`conv_communication_` and 26 characters."""
    return str(TypeID("conv_communication"))


def new_conversation_configuration_id() -> str:
    """`conv_configuration_` and 26 characters."""
    return str(TypeID("conv_configuration"))


def new_operation_id() -> str:
    """`conv_operation_` and 26 characters."""
    return str(TypeID("conv_operation"))
