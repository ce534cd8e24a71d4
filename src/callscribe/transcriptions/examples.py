"""Examples of what goes in and comes out, for the OpenAPI document."""

from typing import Any

ID = "voice_transcription_01k9v6x8m3e5rt0q2w4y6z8abc"
CONFIGURATION_ID = "voice_transcriptionconfiguration_01k9v6x8m3e5rt0q2w4y6z8abc"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"

_URL = f"https://calls.example.com/v3/Transcriptions/{ID}"
_PARTICIPANTS: list[dict[str, Any]] = [
    {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100", "name": "Ada"},
    {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199", "name": "Grace"},
]
NOTICES: list[dict[str, Any]] = [
    {
        "code": "durationMismatch",
        "detail": "The file's header speaks of 20.4 s of audio, and it has 61.3 s. All of it was read.",
    },
    {
        "code": "languageMismatch",
        "detail": "Channel 1 speaks fr-FR between 2.9 and 16.5 s, which is not what was asked for.",
        "audioChannelIndex": 1,
        "startTimeSeconds": 2.86,
        "endTimeSeconds": 16.5,
        "language": "fr-FR",
        "probability": 0.983,
    },
]

REQUEST: dict[str, Any] = {
    "transcriptionConfigurationId": CONFIGURATION_ID,
    "mediaUrl": "https://media.example.com/calls/2041.wav",
    "audioStartedAt": "2026-03-02T09:30:00Z",
    "participants": _PARTICIPANTS,
    "title": "A tent for the weekend",
}

PENDING: dict[str, Any] = {
    "id": ID,
    "accountId": ACCOUNT,
    "status": "PENDING",
    "transcriptionConfigurationId": CONFIGURATION_ID,
    "mediaUrl": "https://media.example.com/calls/2041.wav",
    "sourceId": None,
    "title": "A tent for the weekend",
    "audioStartedAt": "2026-03-02T09:30:00Z",
    "duration": None,
    "conversationId": None,
    "participants": _PARTICIPANTS,
    "resolvedConfiguration": {
        "transcriptionEngine": "deepgram",
        "speechModel": "nova-3",
        "language": "en-US",
        "transcriptionStatusCallback": {"url": "https://example.com/done", "method": "POST", "events": None},
        "conversationConfigurationId": None,
        "participantDefaults": [],
        "keyterms": ["Riverside Outdoor", "Emma Carter", "rain fly"],
        "servedBy": {"engine": "whisper", "model": "base"},
    },
    "progress": 0.0,
    "createdAt": "2026-03-02T10:01:00Z",
    "updatedAt": "2026-03-02T10:01:00Z",
    "url": _URL,
}
_STATISTICS: dict[str, Any] = {
    "durationSeconds": 61.28,
    "speechSeconds": 48.1,
    "silenceSeconds": 13.18,
    "overlapSeconds": 0.9,
    "participants": [
        {
            "audioChannelIndex": 1,
            "participantIndex": 0,
            "talkTimeSeconds": 18.2,
            "talkShare": 0.371,
            "words": 61,
            "wordsPerMinute": 201.1,
            "turns": 6,
            "longestTurnSeconds": 5.3,
            "interruptions": 0,
            "responseTimeSeconds": 0.4,
        },
        {
            "audioChannelIndex": 2,
            "participantIndex": 1,
            "talkTimeSeconds": 30.8,
            "talkShare": 0.629,
            "words": 103,
            "wordsPerMinute": 200.6,
            "turns": 6,
            "longestTurnSeconds": 11.4,
            "interruptions": 1,
            "responseTimeSeconds": 0.5,
        },
    ],
}
COMPLETED: dict[str, Any] = PENDING | {
    "status": "COMPLETED",
    "duration": 61,
    "progress": 1.0,
    "updatedAt": "2026-03-02T10:01:09Z",
    "notices": NOTICES,
    "statistics": _STATISTICS,
    "links": {"media": f"{_URL}/Media", "transcript": f"{_URL}/Transcript"},
}
CREATED: dict[str, Any] = {"status": "PENDING", "statusUrl": _URL, "transcription": PENDING}
FETCHED: dict[str, Any] = {
    "operationId": ID,
    "status": "COMPLETED",
    "statusUrl": _URL,
    "transcription": COMPLETED,
}
LIST: dict[str, Any] = {
    "transcriptions": [COMPLETED],
    "meta": {"key": "transcriptions", "pageSize": 50},
}
TRANSCRIPT: dict[str, Any] = {
    "id": ID,
    "accountId": ACCOUNT,
    "status": "COMPLETED",
    "progress": 1.0,
    "transcribedSeconds": 61.4,
    "language": "en-US",
    "duration": 61,
    "version": 1,
    "participants": _PARTICIPANTS,
    "sentences": [
        {
            "audioChannelIndex": 2,
            "sentenceIndex": 0,
            "participantIndex": 1,
            "startTimeSeconds": 0.8,
            "endTimeSeconds": 1.52,
            "text": "Good morning.",
            "confidence": 0.97,
            "language": "en-US",
            "correction": {
                "version": 1,
                "correctedAt": "2026-03-02T11:20:00Z",
                "correctedBy": ACCOUNT,
                "originalText": "Good mourning.",
                "originalParticipantIndex": 1,
            },
            "words": [
                {"text": "Good", "startTimeSeconds": 0.8, "endTimeSeconds": 1.02, "confidence": 0.98},
                {
                    "text": "morning.",
                    "startTimeSeconds": 1.02,
                    "endTimeSeconds": 1.52,
                    "confidence": 1.0,
                    "edited": True,
                },
            ],
        }
    ],
    "omissions": [
        {"audioChannelIndex": 1, "startTimeSeconds": 41.3, "endTimeSeconds": 42.9, "reason": "notRecognized"}
    ],
    "notices": NOTICES,
    "statistics": _STATISTICS,
}
CORRECTION: dict[str, Any] = {
    "baseVersion": 0,
    "edits": [{"sentenceIndex": 0, "text": "Good morning.", "participantIndex": 1}],
    "participants": [{"participantIndex": 1, "name": "Grace"}],
}
CORRECTED: dict[str, Any] = {
    "id": ID,
    "version": 1,
    "participants": _PARTICIPANTS,
    "sentences": TRANSCRIPT["sentences"],
}
VERSIONS: dict[str, Any] = {
    "versions": [
        {
            "version": 1,
            "createdAt": "2026-03-02T11:20:00.250Z",
            "createdBy": ACCOUNT,
            "sentencesEdited": 1,
            "participantsRenamed": 1,
        }
    ],
    "meta": {"key": "versions", "pageSize": 50},
}
SUGGESTIONS: dict[str, Any] = {"suggestions": [{"term": "rain fly", "corrections": 5, "calls": 3}]}
PEAKS: dict[str, Any] = {
    "secondsPerPeak": 0.02,
    "durationSeconds": 0.16,
    "channels": [[0, 0, 3, 41, 96, 127, 80, 12], [0, 1, 0, 0, 1, 0, 0, 0]],
}
CALLBACK: dict[str, Any] = {
    "id": "voice_callback_01k9v6x8m3e5rt0q2w4y6z8abc",
    "eventId": "voice_event_01k9v6x8m3e5rt0q2w4y6z8abb",
    "event": "COMPLETED",
    "url": "https://example.com/done",
    "status": "DELIVERED",
    "reduced": None,
    "errorCode": None,
    "createdAt": "2026-03-02T10:01:09Z",
    "attempts": [
        {
            "number": 1,
            "startedAt": "2026-03-02T10:01:09.120Z",
            "finishedAt": "2026-03-02T10:01:09.410Z",
            "httpStatus": 503,
            "errorCode": 17580,
            "error": "HTTP 503",
        },
        {
            "number": 2,
            "startedAt": "2026-03-02T10:01:14.500Z",
            "finishedAt": "2026-03-02T10:01:14.690Z",
            "httpStatus": 200,
            "errorCode": None,
            "error": None,
        },
    ],
}

BY_SCHEMA: dict[str, dict[str, Any]] = {
    "CreateTranscription": REQUEST,
    "CreatedTranscription": CREATED,
    "FetchedTranscription": FETCHED,
    "TranscriptionResource": COMPLETED,
    "TranscriptionList": LIST,
    "TranscriptResource": TRANSCRIPT,
    "CorrectTranscript": CORRECTION,
    "CorrectedTranscript": CORRECTED,
    "TranscriptVersionList": VERSIONS,
    "KeytermSuggestions": SUGGESTIONS,
    "PeaksResource": PEAKS,
    "CallbackResource": CALLBACK,
    "CallbackList": {"callbacks": [CALLBACK]},
}
