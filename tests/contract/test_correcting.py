"""`PATCH …/Transcript`: what a person writes is what everybody reads, beside what was recognised."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from callers import Caller, Front
from harness import Receiver
from media_server import MediaServer

PARTICIPANTS = [
    {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100", "name": "Emma Carter"},
    {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199"},
]


@dataclass(frozen=True, slots=True)
class Call:
    """The bundled call, stored in a conversation, and where its callback went."""

    caller: Caller
    id: str
    receiver: Receiver

    @property
    def path(self) -> str:
        return f"/v3/Transcriptions/{self.id}/Transcript"

    def get(self, suffix: str = "", **query: Any) -> httpx2.Response:
        answer = self.caller.http.get(f"{self.path}{suffix}", params=query)
        assert answer.is_success, answer.text
        return answer

    def patch(self, base: int, *edits: Any, **members: Any) -> httpx2.Response:
        body = {"baseVersion": base, "edits": edits, **members}
        return self.caller.http.patch(self.path, json=body)


@pytest.fixture(scope="module")
def call(serve: Front, media: MediaServer) -> Iterator[Call]:
    caller = serve.caller()
    with Receiver().listening() as receiver:
        configuration_id = caller.configure(
            conversationConfigurationId=caller.configure_conversations(),
            transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        )
        transcription_id = caller.submit(configuration_id, media.url("/call.wav"), participants=PARTICIPANTS)
        assert caller.ended(transcription_id)["status"] == "COMPLETED"
        receiver.wait()
        yield Call(caller, transcription_id, receiver)


def test_correction_is_read_everywhere(call: Call) -> None:
    original = call.get().json()
    base = original["version"]
    sentence = next(each for each in original["sentences"] if "ordered a tent" in each["text"])
    index, text = sentence["sentenceIndex"], sentence["text"].replace("ordered a tent", "ordered two yurts")
    key = call.caller.twilio.new_keys.create()
    with httpx2.Client(base_url=call.caller.server.url, auth=(key.sid, key.secret), trust_env=False) as client:
        edit = {"sentenceIndex": index, "text": text, "participantIndex": 1}
        names = [{"participantIndex": 1, "name": "Daniel"}]
        answer = client.patch(call.path, json={"baseVersion": base, "edits": [edit], "participants": names})
    assert answer.status_code == 200, answer.text
    document = call.get().json()
    corrected = document["sentences"][index]
    assert answer.json() == {
        "id": call.id,
        "version": base + 1,
        "participants": document["participants"],
        "sentences": [corrected],
    }
    assert (document["version"], document["participants"][1]["name"]) == (base + 1, "Daniel")
    assert corrected["text"] == text
    assert corrected["participantIndex"] == 1
    mark = corrected["correction"]
    assert (mark["version"], mark["correctedBy"]) == (base + 1, key.sid)
    assert (mark["originalText"], mark["originalParticipantIndex"]) == (sentence["text"], 0)
    _words_keep_their_times(sentence["words"], corrected["words"])
    others = [each for each in document["sentences"] if each["sentenceIndex"] != index]
    assert others == [each for each in original["sentences"] if each["sentenceIndex"] != index]
    for suffix in (".vtt", ".srt", ".txt", ".json"):
        assert "ordered two yurts" in call.get(suffix).text
        assert "ordered a tent" in call.get(suffix, version="original").text
    assert f"Daniel: {text}\n" in call.get(".txt").text
    assert call.get(version=base).json() == original
    _figures_follow(original["statistics"], document["statistics"])
    assert [each["id"] for each in _found(call, "yurts")] == [call.id]
    resource = call.caller.http.get(f"/v3/Transcriptions/{call.id}").json()["transcription"]
    assert (resource["participants"][1]["name"], resource["transcriptVersion"]) == ("Daniel", base + 1)
    assert resource["statistics"] == document["statistics"]
    assert _communication(call, resource["conversationId"], index)["content"]["text"] == text
    assert "ordered a tent" in str(call.receiver.received[0].json)  # what was told stays told
    version = call.get("/Versions").json()["versions"][0]
    assert (version["version"], version["createdBy"]) == (base + 1, key.sid)
    assert (version["sentencesEdited"], version["participantsRenamed"]) == (1, 1)

    undo = {"sentenceIndex": index, "text": sentence["text"], "participantIndex": 0}
    assert call.patch(base + 1, undo, participants=[{"participantIndex": 1, "name": None}]).status_code == 200
    assert call.get().json() == original | {"version": base + 2}
    assert _found(call, "yurts") == []
    assert _communication(call, resource["conversationId"], index)["content"]["text"] == sentence["text"]
    page = call.get("/Versions", pageSize=1).json()
    assert [each["version"] for each in page["versions"]] == [base + 2]
    page = call.get("/Versions", pageToken=page["meta"]["nextToken"]).json()
    assert page["versions"][0]["version"] == base + 1


def _words_keep_their_times(original: list[dict[str, Any]], words: list[dict[str, Any]]) -> None:
    edited = [each for each in words if each.get("edited")]
    assert [each["text"].strip(".,") for each in edited] == ["two", "yurts"]
    assert all(each in original for each in words if each not in edited)
    times = [time for word in words for time in (word["startTimeSeconds"], word["endTimeSeconds"])]
    assert times == sorted(times)


def _figures_follow(original: dict[str, Any], figures: dict[str, Any]) -> None:
    assert [each["participantIndex"] for each in figures["participants"]] == [0, 1]
    assert figures["speechSeconds"] + figures["silenceSeconds"] == pytest.approx(original["durationSeconds"])
    talk = [[each["talkTimeSeconds"] for each in which["participants"]] for which in (original, figures)]
    assert talk[1][0] < talk[0][0]
    assert talk[1][1] > talk[0][1]


def _found(call: Call, words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call.caller.http.get("/v3/Transcriptions", params={"search": words}).json()[
        "transcriptions"
    ]
    return found


def _communication(call: Call, conversation_id: str, index: int) -> dict[str, Any]:
    answer = call.caller.http.get(f"/v2/Conversations/{conversation_id}/Communications", params={"pageSize": 100})
    wanted = f"{call.id}:{index}"
    found: dict[str, Any] = next(each for each in answer.json()["communications"] if each.get("resourceId") == wanted)
    return found


def test_409_where_another_came_first(call: Call) -> None:
    base = call.get().json()["version"]
    assert call.patch(base, {"sentenceIndex": 0, "text": "One."}).status_code == 200
    for stale in (base, base + 7):
        answer = call.patch(stale, {"sentenceIndex": 0, "text": "Another."})
        assert (answer.status_code, answer.json()["code"]) == (409, 20409)
        assert f"in version {base + 1}" in answer.json()["detail"]
        assert answer.json()["errors"][0]["pointer"] == "/baseVersion"
    assert call.get().json()["sentences"][0]["text"] == "One."


@pytest.mark.parametrize(
    ("edits", "members", "pointer"),
    [
        ([], {}, ""),
        ([{"sentenceIndex": 9999, "text": "a"}], {}, "/edits/0/sentenceIndex"),
        ([{"sentenceIndex": -1, "text": "a"}], {}, "/edits/0/sentenceIndex"),
        ([{"sentenceIndex": "0", "text": "a"}], {}, "/edits/0/sentenceIndex"),
        ([{"sentenceIndex": 0}], {}, "/edits/0"),
        ([{"sentenceIndex": 0, "text": ""}], {}, "/edits/0/text"),
        ([{"sentenceIndex": 0, "text": " "}], {}, "/edits/0"),
        ([{"sentenceIndex": 0, "text": "a" * 2001}], {}, "/edits/0/text"),
        ([{"sentenceIndex": 0, "text": "a\x1b[2J"}], {}, "/edits/0/text"),
        ([{"sentenceIndex": 0, "text": "a"}, {"sentenceIndex": 0, "text": "b"}], {}, "/edits"),
        ([{"sentenceIndex": 0, "text": "a"}] * 501, {}, "/edits"),
        ([{"sentenceIndex": 0, "participantIndex": 2}], {}, "/edits/0/participantIndex"),
        ([{"sentenceIndex": 0, "text": "a", "startTimeSeconds": 1}], {}, "/edits/0/startTimeSeconds"),
        ([], {"participants": [{"participantIndex": 2, "name": "Bob"}]}, "/participants/0/participantIndex"),
        ([], {"participants": [{"participantIndex": 0}]}, "/participants/0/name"),
        ([], {"participants": [{"participantIndex": 0, "name": "a\x00"}]}, "/participants/0/name"),
        ([{"sentenceIndex": 0, "text": "a"}], {"baseVersion": -1}, "/baseVersion"),
    ],
)
def test_20001_names_the_field(call: Call, edits: list[Any], members: dict[str, Any], pointer: str) -> None:
    before = call.get().json()
    answer = call.patch(before["version"], *edits, **members)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert call.get().json() == before


@pytest.mark.parametrize(
    ("version", "status"), [("99", 404), ("newest", 400), ("-1", 400), ("01", 400), ("latest", 200)]
)
def test_version_that_is_none(call: Call, version: str, status: int) -> None:
    answer = call.caller.http.get(call.path, params={"version": version})
    assert answer.status_code == status, answer.text


def test_what_is_not_completed_is_not_corrected(caller: Caller) -> None:
    transcription_id = caller.submit(caller.configure())
    path = f"/v3/Transcriptions/{transcription_id}/Transcript"
    answer = caller.http.patch(path, json={"baseVersion": 0, "edits": [{"sentenceIndex": 0, "text": "a"}]})
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert "PENDING" in answer.json()["detail"]


@pytest.mark.long
def test_keyterms_are_suggested(serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    configuration_id = caller.configure()
    path = f"/v2/Configurations/Transcription/{configuration_id}/KeytermSuggestions"
    for _ in range(2):
        assert caller.http.get(path).json() == {"suggestions": []}
        transcription_id = caller.submit(configuration_id, media.url("/call.wav"))
        caller.ended(transcription_id)
        edit = {"sentenceIndex": 0, "text": "Thank you for calling Zephyr Outfitters."}
        answer = caller.http.patch(
            f"/v3/Transcriptions/{transcription_id}/Transcript", json={"baseVersion": 0, "edits": [edit]}
        )
        assert answer.status_code == 200, answer.text
    suggestion = {"term": "Zephyr Outfitters", "corrections": 2, "calls": 2}
    assert caller.http.get(path).json() == {"suggestions": [suggestion]}
    assert serve.caller().http.get(path).status_code == 404
