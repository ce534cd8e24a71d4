"""Examples of what comes out, for the OpenAPI document."""

from typing import Any

_ID = "voice_evaluation_01jbqkz2m8e1tay2qj3k4v5w6x"
_WHEN = "2026-03-02T09:30:00Z"

_ENGINES: list[dict[str, Any]] = [
    {
        "engine": "whisper",
        "model": "base",
        "wordErrorRate": 0.05,
        "interval": {"low": 0.031, "high": 0.072},
        "aboveBest": {"low": 0.0, "high": 0.0},
        "words": 200,
        "substitutions": 6,
        "deletions": 2,
        "insertions": 2,
        "seconds": 11.2,
        "realTimeFactor": 0.093,
        "peakMemoryBytes": 412_000_000,
        "cost": None,
        "failed": [],
        "mostWrong": [{"word": "Riverside", "said": 3, "wrong": 2, "heard": ["river"]}],
    }
]
_REPORT: dict[str, Any] = {
    "version": "0.1.0",
    "source": "folder",
    "language": "en-US",
    "keyterms": [],
    "isComplete": True,
    "audioSeconds": 120.4,
    "currency": None,
    "ownPeakMemoryBytes": 180_000_000,
    "engines": _ENGINES,
    "recordings": [
        {"name": "first.wav", "seconds": 60.2, "words": 90, "errors": [4]},
        {"name": "second.wav", "seconds": 60.2, "words": 110, "errors": [6]},
    ],
    "leftOut": [{"recording": "third.wav", "reason": "there is no .json, .vtt or .txt with what was said beside it"}],
}

BY_SCHEMA: dict[str, dict[str, Any]] = {
    "EvaluationList": {
        "evaluations": [
            {
                "id": _ID,
                "createdAt": _WHEN,
                "title": "calls",
                "recordings": 2,
                "engines": [{"engine": "whisper", "model": "base", "wordErrorRate": 0.05}],
            }
        ],
        "meta": {"key": "evaluations", "pageSize": 50},
    },
    "EvaluationResource": {"id": _ID, "createdAt": _WHEN, "title": "calls", "report": _REPORT},
}
