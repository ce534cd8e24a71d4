"""What a completed transcription gives: resource, transcript in four formats, media, events."""

import io
import json
import re
from typing import Any

import docx
import httpx2
import pytest

from callers import Caller, Completed, Front
from harness import eventually
from media_server import MediaServer

PARTICIPANTS = [
    {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100", "name": "Emma Carter"},
    {"audioChannelIndex": 2, "type": "HUMAN_AGENT"},
]


def _get(completed: Completed, suffix: str = "", **headers: str) -> httpx2.Response:
    answer = completed.caller.http.get(f"/v3/Transcriptions/{completed.id}{suffix}", headers=headers)
    assert answer.is_success, answer.text
    return answer


def test_links_to_transcript_and_media(completed: Completed) -> None:
    resource = completed.resource
    assert resource["status"] == "COMPLETED"
    assert resource["duration"] == 65
    assert resource["progress"] == 1
    assert resource["audioStartedAt"] == "2026-03-02T09:30:00Z"
    assert resource["participants"] == PARTICIPANTS
    assert resource["links"] == {
        "transcript": f"{resource['url']}/Transcript",
        "media": f"{resource['url']}/Media",
    }
    assert "error" not in resource
    assert "Retry-After" not in _get(completed).headers


def test_twilio_engine_served_by_ours(completed: Completed) -> None:
    resolved = completed.resource["resolvedConfiguration"]
    assert (resolved["transcriptionEngine"], resolved["speechModel"]) == ("deepgram", "nova-3")
    assert resolved["servedBy"] == {"engine": "whisper", "model": "tiny.en"}


def test_sdk_lists_by_status(completed: Completed) -> None:
    transcriptions = completed.caller.twilio.voice.v3.transcriptions
    (listed,) = transcriptions.list(status="COMPLETED")
    assert (listed.id, listed.duration, listed.links["transcript"]) == (
        completed.id,
        65,
        completed.resource["links"]["transcript"],
    )
    assert transcriptions.list(status="FAILED") == []
    assert transcriptions(completed.id).fetch().status == "COMPLETED"


def test_parties_on_one_time_line(completed: Completed) -> None:
    document = _get(completed, "/Transcript").json()
    assert document["id"] == completed.id
    assert document["accountId"] == completed.caller.sid
    assert document["language"] == "en-US"
    assert document["duration"] == 65
    assert document["participants"] == PARTICIPANTS
    sentences = document["sentences"]
    assert [sentence["sentenceIndex"] for sentence in sentences] == list(range(len(sentences)))
    starts = [sentence["startTimeSeconds"] for sentence in sentences]
    assert starts == sorted(starts)
    for sentence in sentences:
        assert sentence["participantIndex"] == sentence["audioChannelIndex"] - 1
        assert 0 <= sentence["startTimeSeconds"] < sentence["endTimeSeconds"] <= 66
        assert 0 < sentence["confidence"] <= 1
        assert " ".join(word["text"] for word in sentence["words"]) == sentence["text"]
        _times_are_in_order(sentence["words"])
    spoken = {
        channel: " ".join(each["text"] for each in sentences if each["audioChannelIndex"] == channel)
        for channel in (1, 2)
    }
    assert "ordered a tent" in spoken[1]
    assert "Thank you for calling Riverside" in spoken[2]


def test_figures_for_call_and_party(completed: Completed) -> None:
    document = _get(completed, "/Transcript").json()
    assert document["omissions"] == []
    assert document["models"] == ["tiny.en"]
    figures = document["statistics"]
    assert _get(completed).json()["transcription"]["statistics"] == figures
    assert figures["durationSeconds"] == pytest.approx(65.276, abs=0.01)
    assert figures["speechSeconds"] + figures["silenceSeconds"] == pytest.approx(figures["durationSeconds"])
    parties = figures["participants"]
    assert [(each["audioChannelIndex"], each["participantIndex"]) for each in parties] == [(1, 0), (2, 1)]
    for each in parties:
        spoken = [s for s in document["sentences"] if s["participantIndex"] == each["participantIndex"]]
        assert each["words"] == sum(len(sentence["words"]) for sentence in spoken)
        assert each["wordsPerMinute"] == pytest.approx(each["words"] * 60 / each["talkTimeSeconds"], abs=0.1)
        # By the script of the call seven each, half a second apart; nobody cuts the other off.
        assert 5 <= each["turns"] <= 7
        assert each["interruptions"] == 0
        assert 0.2 < each["responseTimeSeconds"] < 0.9
    assert parties[0]["talkShare"] + parties[1]["talkShare"] == pytest.approx(1.0, abs=0.002)
    assert 0.5 < parties[1]["talkShare"] < 0.8


def _times_are_in_order(words: list[dict[str, Any]]) -> None:
    times = [time for word in words for time in (word["startTimeSeconds"], word["endTimeSeconds"])]
    assert times == sorted(times)
    assert all(0 <= word["confidence"] <= 1 for word in words)


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("suffix", "accept", "media_type"),
    [
        (".json", "*/*", "application/json"),
        (".vtt", "*/*", "text/vtt; charset=utf-8"),
        (".srt", "*/*", "application/x-subrip"),
        (".txt", "*/*", "text/plain; charset=utf-8"),
        (".docx", "*/*", DOCX),
        (".vtt", "application/json", "text/vtt; charset=utf-8"),
        ("", "application/json", "application/json"),
        ("", "text/vtt", "text/vtt; charset=utf-8"),
        ("", "application/x-subrip", "application/x-subrip"),
        ("", DOCX, DOCX),
        ("", "text/html, text/plain", "text/plain; charset=utf-8"),
        ("", "text/plain;q=0.2, text/vtt;q=0.9, */*;q=0.1", "text/vtt; charset=utf-8"),
        ("", "text/html, */*", "application/json"),
        ("", "image/png", "application/json"),
    ],
)
def test_format_by_suffix_or_accept(completed: Completed, suffix: str, accept: str, media_type: str) -> None:
    answer = _get(completed, f"/Transcript{suffix}", Accept=accept)
    assert answer.headers["Content-Type"] == media_type


def test_captions_carry_the_speakers(completed: Completed) -> None:
    vtt = _get(completed, "/Transcript.vtt").text
    assert vtt.startswith("WEBVTT\n")
    assert "<v Emma Carter>" in vtt
    assert "<v Human Agent>" in vtt
    srt = _get(completed, "/Transcript.srt").text
    assert re.match(r"1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\nHuman Agent: ", srt)
    lines = _get(completed, "/Transcript.txt").text.splitlines()
    assert {line.partition(": ")[0] for line in lines} == {"Emma Carter", "Human Agent"}
    assert len(lines) == len(_get(completed, "/Transcript").json()["sentences"])
    paragraphs = [
        each.text for each in docx.Document(io.BytesIO(_get(completed, "/Transcript.docx").content)).paragraphs
    ]
    assert "Emma Carter" in paragraphs
    assert any(": Thank you for calling Riverside" in each for each in paragraphs)


def test_media_are_fetched_bytes(completed: Completed, call: bytes) -> None:
    answer = _get(completed, "/Media")
    assert answer.status_code == 200
    assert answer.content == call
    assert answer.headers["Content-Length"] == str(len(call))
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-3", 0, 4),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=-100", -100, None),
        ("bytes=500000-", 500_000, None),
        ("bytes=500000-99999999999", 500_000, None),
    ],
)
def test_a_range_of_the_media(completed: Completed, call: bytes, wanted: str, start: int, end: int | None) -> None:
    answer = _get(completed, "/Media", Range=wanted)
    part = call[start:end]
    first = start % len(call)
    assert answer.status_code == 206
    assert answer.content == part
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(call)}"


@pytest.mark.parametrize(
    "wanted", ["bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", f"bytes={'9' * 5000}-", "bytes=a-b"]
)
def test_malformed_range_ignored(completed: Completed, call: bytes, wanted: str) -> None:
    answer = _get(completed, "/Media", Range=wanted)
    assert answer.status_code == 200
    assert answer.content == call


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
def test_range_beyond_media(completed: Completed, call: bytes, wanted: str) -> None:
    answer = completed.caller.http.get(f"/v3/Transcriptions/{completed.id}/Media", headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(call)}"


def _events(caller: Caller, transcription_id: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    with caller.http.stream("GET", f"/v3/Transcriptions/{transcription_id}/Events", timeout=90) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        event = ""
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                found.append((event, json.loads(value)))
    return found


def test_events_tell_until_end(serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    transcription_id = caller.submit(caller.configure(), media.url("/call.wav"))
    events = _events(caller, transcription_id)
    assert {name for name, _ in events} - {"transcript"} == {"status", "progress"}
    statuses = [data["status"] for name, data in events if name == "status"]
    assert statuses in (["PENDING", "RUNNING", "COMPLETED"], ["RUNNING", "COMPLETED"])
    progress = [data["progress"] for _, data in events]
    assert progress == sorted(progress)
    assert any(0 < each < 1 for each in progress)
    assert progress[-1] == 1
    assert events[-1][1] == caller.ended(transcription_id)
    assert all(data["id"] == transcription_id for _, data in events)


@pytest.mark.long
def test_events_tell_of_new_sentences(serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    transcription_id = caller.submit(caller.configure(), media.url("/twice.wav"))
    events = _events(caller, transcription_id)
    readable = [data["transcribedSeconds"] for name, data in events if name == "transcript"]
    assert readable
    assert readable == sorted(set(readable))
    assert 0 < readable[0] < readable[-1] + 1 <= 132
    assert "transcribedSeconds" not in events[-1][1]


@pytest.mark.long
def test_partial_result_is_beginning(serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    transcription_id = caller.submit(caller.configure(), media.url("/twice.wav"))
    path = f"/v3/Transcriptions/{transcription_id}"

    def begun() -> httpx2.Response | None:
        answer = caller.http.get(f"{path}/Transcript")
        if answer.status_code == 404:
            assert int(answer.headers["Retry-After"]) > 0
            return None
        return answer if answer.json()["sentences"] else None

    answer = eventually(begun)
    document = answer.json()
    assert document["status"] == "RUNNING"
    assert 0 < document["progress"] < 1
    assert int(answer.headers["Retry-After"]) > 0
    assert document["duration"] == 131
    assert document["statistics"] is None
    resource = caller.http.get(path).json()["transcription"]
    assert resource["links"]["transcript"].endswith(f"{path}/Transcript")
    for suffix in (".vtt", ".srt", ".txt"):
        text = caller.http.get(f"{path}/Transcript{suffix}").text
        assert "Thank you for calling Riverside" in text

    assert caller.ended(transcription_id)["status"] == "COMPLETED"
    answer = caller.http.get(f"{path}/Transcript")
    assert "Retry-After" not in answer.headers
    whole = answer.json()
    assert (whole["status"], whole["progress"]) == ("COMPLETED", 1.0)
    # The last sentences may have been in the middle.
    settled = [sentence["text"] for sentence in document["sentences"]][:-2]
    assert [sentence["text"] for sentence in whole["sentences"]][: len(settled)] == settled
    assert len(whole["sentences"]) > len(settled) + 2


def test_ended_job_has_one_event(completed: Completed) -> None:
    assert _events(completed.caller, completed.id) == [("status", completed.resource)]


@pytest.mark.parametrize("damaged", [b"<html>Welcome to the hotel</html>", b"", b"null", b"{}"])
def test_what_is_no_transcript_is_answered_as_an_outage(completed: Completed, damaged: bytes) -> None:
    file = completed.caller.blobs(completed.id) / "transcript.json"
    stored = file.read_bytes()
    try:
        for found in (damaged, stored.replace(b"a", b"o", 1)):
            file.write_bytes(found)
            answer = completed.caller.http.get(f"/v3/Transcriptions/{completed.id}/Transcript")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    finally:
        file.write_bytes(stored)
    assert _get(completed, "/Transcript").status_code == 200
