"""Identifiers: TypeIDs for this API's resources, SIDs for the 2010 API's.

A TypeID is a prefix and the 26 base32 characters of a UUIDv7, so ids made later sort later.
A SID is two letters and 32 hexadecimal digits.
"""

import re
import secrets

from typeid import TypeID

TRANSCRIPTION_ID = re.compile(r"voice_transcription_[0-9a-zA-Z]{26}")
CONFIGURATION_ID = re.compile(r"voice_transcriptionconfiguration_[0-9a-z]{26}")
RECORDING_SID = re.compile(r"RE[0-9a-f]{32}")


def new_transcription_id() -> str:
    """`voice_transcription_` and 26 characters."""
    return str(TypeID("voice_transcription"))


def new_configuration_id() -> str:
    """`voice_transcriptionconfiguration_` and 26 characters."""
    return str(TypeID("voice_transcriptionconfiguration"))


def new_callback_id() -> str:
    """`voice_callback_` and 26 characters: one delivery of one event, whatever number of attempts."""
    return str(TypeID("voice_callback"))


def new_account_sid() -> str:
    """`AC` and 32 hexadecimal digits, from a cryptographic source."""
    return "AC" + secrets.token_hex(16)


def new_auth_token() -> str:
    """32 hexadecimal digits, as the API's clients expect: 128 bits from a cryptographic source."""
    return secrets.token_hex(16)
