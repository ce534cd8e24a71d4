"""Identifiers: TypeIDs for this API's resources, SIDs for the 2010 API's.

A TypeID is a prefix and the 26 base32 characters of a UUIDv7, so ids made later sort later.
A SID is two letters and 32 hexadecimal digits.
"""

import re
import secrets
from datetime import datetime
from functools import partial

from typeid import TypeID

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's, in the order of its values (https://github.com/jetify-com/typeid/tree/main/spec)."""

TRANSCRIPTION_ID = re.compile(r"voice_transcription_[0-9a-zA-Z]{26}")
CONFIGURATION_ID = re.compile(r"voice_transcriptionconfiguration_[0-9a-z]{26}")
RECORDING_CONFIGURATION_ID = re.compile(r"voice_recordingconfiguration_[0-9a-z]{26}")
UNIQUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")
"""Of a configuration, where it is no id."""
RECORDING_SID = re.compile(r"RE[0-9a-f]{32}")
CALL_SID = re.compile(r"CA[0-9a-f]{32}")
CONFERENCE_SID = re.compile(r"CF[0-9a-f]{32}")


def _new_id(prefix: str) -> str:
    return str(TypeID(prefix))


def _new_sid(letters: str) -> str:
    return letters + secrets.token_hex(16)


new_transcription_id = partial(_new_id, "voice_transcription")
new_configuration_id = partial(_new_id, "voice_transcriptionconfiguration")
new_recording_configuration_id = partial(_new_id, "voice_recordingconfiguration")
new_event_id = partial(_new_id, "voice_event")
"""Of something that happened once, however often it is told."""
new_callback_id = partial(_new_id, "voice_callback")
"""Of one delivery of one event, with all its attempts."""
new_audit_id = partial(_new_id, "audit")
"""Of one line of the audit log."""
new_conversation_id = partial(_new_id, "conv_conversation")
new_participant_id = partial(_new_id, "conv_participant")
new_communication_id = partial(_new_id, "conv_communication")
new_conversation_configuration_id = partial(_new_id, "conv_configuration")
new_evaluation_id = partial(_new_id, "voice_evaluation")
new_operation_id = partial(_new_id, "conv_operation")

new_account_sid = partial(_new_sid, "AC")
new_api_key_sid = partial(_new_sid, "SK")
new_recording_sid = partial(_new_sid, "RE")
new_call_sid = partial(_new_sid, "CA")
new_auth_token = new_api_key_secret = partial(secrets.token_hex, 16)
"""32 hexadecimal digits, as the API's clients expect: 128 bits from a cryptographic source."""


def transcription_id_at(moment: datetime) -> str:
    """The least id that a transcription may have that is made at this moment, to the millisecond."""
    instant = max(0, int(moment.timestamp() * 1000)) << 80  # what a UUIDv7 begins with
    return "voice_transcription_" + "".join(_BASE32[instant >> shift & 31] for shift in range(125, -1, -5))
