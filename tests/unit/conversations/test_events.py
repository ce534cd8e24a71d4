"""A callback's body keeps under the limit: words go, or participants; never the text, nor what it is about."""

import json
from typing import Any

from callscribe.callbacks.service import MAX_BODY_BYTES
from callscribe.conversations.events import Event, _body


def _communication(words: int) -> dict[str, Any]:
    word = {"text": "word" * 20, "startTime": "2026-03-02T09:30:01.250Z", "endTime": "2026-03-02T09:30:01.480Z"}
    transcription = {"channel": 0, "confidence": 0.9, "engine": "whisper", "words": [word] * words}
    return {"id": "c", "content": {"type": "TRANSCRIPTION", "text": "text", "transcription": transcription}}


def test_what_fits_is_told_whole() -> None:
    data = _communication(100)
    body, reduced = _body(Event.COMMUNICATION_CREATED, data)
    document = json.loads(body)
    assert document.keys() == {"eventType", "timestamp", "data"}
    assert (document["eventType"], document["data"]) == ("COMMUNICATION_CREATED", data)
    assert reduced is None


def test_too_large_told_without_words() -> None:
    body, reduced = _body(Event.COMMUNICATION_CREATED, _communication(10_000))
    assert reduced == "words"
    assert len(body) <= MAX_BODY_BYTES
    content = json.loads(body)["data"]["content"]
    assert (content["text"], content["transcription"]["words"]) == ("text", [])


def test_too_large_conversation_cut() -> None:
    crowd = [{"name": "n" * 256}] * 4000
    data = {"id": "c", "status": "ACTIVE", "participants": crowd, "configuration": {"displayName": "d"}}
    body, reduced = _body(Event.CONVERSATION_UPDATED, data)
    assert reduced == "participants"
    assert json.loads(body)["data"] == {"id": "c", "status": "ACTIVE", "participants": [], "configuration": {}}
