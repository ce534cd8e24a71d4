"""Examples of what comes out, for the OpenAPI document."""

from typing import Any

from callscribe.accounts.examples import ACCOUNT

_MORNING = "2026-03-02T09:00:00Z"
_LATER = "2026-03-02T09:30:00Z"

_PULL: dict[str, Any] = {
    "model": "small",
    "status": "RUNNING",
    "beganAt": _LATER,
    "step": "getting",
    "done": 120_000_000,
    "total": 486_212_000,
    "error": None,
}
_MODEL: dict[str, Any] = {
    "name": "small",
    "title": "Whisper small, multilingual",
    "task": "recognition",
    "languages": [],
    "serves": [],
    "isHere": False,
    "source": "hub",
    "size": 486_212_000,
    "licence": "MIT",
    "wordErrors": [{"language": "sv", "percent": 20.6, "recordings": "FLEURS"}],
    "speed": None,
    "workers": 0,
    "pull": _PULL,
}
_POLICY: dict[str, Any] = {
    "mediaDays": 30,
    "transcriptDays": 90,
    "callbackDays": 30,
    "jobDays": "forever",
    "recordingDays": 30,
    "conversationDays": "forever",
}


def _limit(limit: str | float, used: float | None = None) -> dict[str, Any]:
    return {"limit": limit, "used": used, "isOwn": False}


BY_SCHEMA: dict[str, dict[str, Any]] = {
    "SystemResource": {
        "version": "0.1.0",
        "health": {
            "ready": True,
            "problems": [],
            "findings": [{"subject": "decoder", "well": True, "detail": "opened the bundled call: pcm_s16le, 65 s"}],
        },
        "workers": [
            {
                "id": "calls-4711-0a1b2c3d",
                "version": "0.1.0",
                "startedAt": _MORNING,
                "seenAt": _LATER,
                "roles": ["fetch", "recognition", "chunks", "callbacks", "reading", "erasures"],
                "models": ["whisper/base"],
                "device": "cpu",
                "recognizedAt": _LATER,
                "failing": False,
                "checkError": None,
                "inHand": [{"queue": "recognition:whisper/base", "count": 2, "since": _LATER}],
            }
        ],
        "queues": {
            "complete": True,
            "queues": [
                {
                    "queue": "recognition:whisper/base",
                    "waiting": 5,
                    "running": 2,
                    "oldestWaitingSeconds": 41.5,
                    "unserved": False,
                }
            ],
        },
        "retention": {
            "policy": _POLICY,
            "sweepEverySeconds": 60,
            "lastSweptAt": _LATER,
            "nextDue": {"media": _LATER, "transcript": _LATER, "job": None, "callback": _LATER},
        },
    },
    "SystemAccountList": {
        "accounts": [
            {
                "sid": ACCOUNT,
                "name": "default",
                "createdAt": _MORNING,
                "limits": {
                    "requests": _limit("1000/second"),
                    "jobsWaiting": _limit(100_000, 7),
                    "jobsRunning": _limit(16),
                    "audioHours": _limit(10_000, 3.25),
                    "storedBytes": _limit(1_099_511_627_776, 734_003_200),
                },
                "retention": _POLICY,
            }
        ],
        "meta": {"key": "accounts", "pageSize": 50},
    },
    "SystemEnginesResource": {
        "engines": [
            {"name": "whisper", "runs": "here", "models": ["base", "small"], "sendsTo": None, "refusal": None},
            {
                "name": "deepgram",
                "runs": "provider",
                "models": ["nova-3", "nova-2"],
                "sendsTo": "api.deepgram.com",
                "refusal": {"detail": "deepgram does not take the key", "refusedAt": _LATER},
            },
        ],
        "routes": [{"engine": "deepgram", "order": ["provider", "local"]}, {"engine": "google", "order": ["local"]}],
        "sent": [{"accountId": ACCOUNT, "engine": "deepgram", "model": "nova-3", "seconds": 5400.0, "cost": 0.39}],
        "currency": "USD",
    },
    "ModelList": {"models": [_MODEL]},
    "PullResource": _PULL,
}
