"""Examples of what goes in and comes out, for the OpenAPI document."""

from typing import Any

CONFIGURATION_ID = "voice_transcriptionconfiguration_01k9v6x8m3e5rt0q2w4y6z8abc"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"

_OPTIONS: dict[str, Any] = {
    "configurationType": "Transcription",
    "transcriptionEngine": "deepgram",
    "speechModel": "nova-3",
    "language": "en-US",
    "transcriptionStatusCallback": {
        "url": "https://example.com/transcribed",
        "method": "POST",
        "events": ["COMPLETED", "FAILED"],
    },
    "participantDefaults": [
        {"audioChannelIndex": 1, "type": "CUSTOMER"},
        {"audioChannelIndex": 2, "type": "HUMAN_AGENT"},
    ],
    "diarization": {"enabled": True, "minSpeakers": 2, "maxSpeakers": 2},
    "keyterms": ["Riverside Outdoor", "Emma Carter", "rain fly"],
    "redaction": {
        "policy": "redacted",
        "entities": ["CARD_NUMBER", "CARD_CVV", "CARD_EXPIRY"],
        "mask": "entity_type",
        "audio": "silence",
    },
}
_RECORDING_OPTIONS: dict[str, Any] = {
    "configurationType": "Recording",
    "compositionPolicy": {"channels": "dual", "trim": "do-not-trim", "track": "both"},
    "callRecordingStatusCallback": {
        "url": "https://example.com/recorded",
        "method": "POST",
        "events": ["completed"],
    },
    "features": [
        {
            "type": "transcriptionConfiguration",
            "featureId": CONFIGURATION_ID,
            "description": "Have every call transcribed",
        },
    ],
}
_DATES = {"date_created": "2026-03-02T09:00:00Z", "date_updated": "2026-03-02T09:00:00Z"}

REQUEST: dict[str, Any] = {
    "unique_name": "support-calls",
    "description": "English support calls, customer on channel 1",
    "configuration": _OPTIONS,
}
RECORDING_REQUEST: dict[str, Any] = {
    "unique_name": "recorded-calls",
    "description": "Every call is transcribed",
    "configuration": _RECORDING_OPTIONS,
}
RESOURCE: dict[str, Any] = {"id": CONFIGURATION_ID, "account_sid": ACCOUNT, **REQUEST, **_DATES}
LIST: dict[str, Any] = {
    "content": [RESOURCE],
    "meta": {"list_key": "content", "direct_token": False, "page_size": 50},
}
DEFAULT: dict[str, Any] = {"configuration_id": CONFIGURATION_ID}
ACCOUNT_REQUEST: dict[str, Any] = {"description": "For every call", "configuration": _OPTIONS}
RECORDING_ACCOUNT_REQUEST: dict[str, Any] = {"description": "For every call", "configuration": _RECORDING_OPTIONS}
ACCOUNT_RESOURCE: dict[str, Any] = {"account_sid": ACCOUNT, **ACCOUNT_REQUEST, **_DATES}

BY_SCHEMA: dict[str, dict[str, Any]] = {
    "ConfigurationRequest": REQUEST,
    "RecordingConfigurationRequest": RECORDING_REQUEST,
    "ConfigurationResource": RESOURCE,
    "ConfigurationList": LIST,
    "DefaultRequest": DEFAULT,
    "AccountDefaultRequest": ACCOUNT_REQUEST,
    "RecordingAccountDefaultRequest": RECORDING_ACCOUNT_REQUEST,
    "AccountDefaultResource": ACCOUNT_RESOURCE,
}
