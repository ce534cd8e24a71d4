"""`GET /v3/Transcriptions?search=`: calls by what was said in them, with the words marked."""

import os
from typing import Any

import pytest

from callers import Caller, Completed, Front
from media_server import MediaServer


def search(caller: Caller, text: str, **query: Any) -> list[dict[str, Any]]:
    answer = caller.http.get("/v3/Transcriptions", params={"search": text, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["transcriptions"]
    return found


def test_hit_with_its_words_marked(completed: Completed) -> None:
    is_whole = os.environ.get("CALLSCRIBE_ENCRYPTION") == "account"  # then there are no beginnings of words
    [hit] = search(completed.caller, "TENT ordered" if is_whole else "TENT order*")
    assert hit["id"] == completed.id
    sentences = completed.caller.http.get(f"/v3/Transcriptions/{completed.id}/Transcript").json()["sentences"]
    assert 1 <= len(hit["matches"]) <= 5
    assert hit["matchCount"] >= len(hit["matches"])
    marked = set()
    for match in hit["matches"]:
        sentence = sentences[match["sentenceIndex"]]
        for name in ("text", "audioChannelIndex", "startTimeSeconds"):
            assert match[name] == sentence[name]
        marked |= {match["text"][start:end].lower() for start, end in match["ranges"]}
    assert {"tent", "ordered"} <= marked
    assert search(completed.caller, "tent pineapple") == []


def test_search_goes_with_filters(completed: Completed) -> None:
    assert len(search(completed.caller, "tent", status="COMPLETED", languageCode="en-US")) == 1
    for query in ({"status": "FAILED"}, {"languageCode": "de-DE"}, {"sourceId": "RE" + "0a" * 16}):
        assert search(completed.caller, "tent", **query) == []


def test_others_find_nothing(completed: Completed, serve: Front) -> None:
    assert search(serve.caller(), "tent") == []


def test_blank_search_lists_all(completed: Completed) -> None:
    [listed] = search(completed.caller, " ")
    assert "matches" not in listed
    assert "matchCount" not in listed


@pytest.mark.parametrize("text", ['"', "' OR 1=1 --", "& | :*", "\N{WINKING FACE}", "%00", "\0", "(("])
def test_any_text_is_taken(caller: Caller, text: str) -> None:
    assert search(caller, text) == []


def test_20001_for_too_long_a_text(caller: Caller) -> None:
    answer = caller.http.get("/v3/Transcriptions", params={"search": "a" * 501})
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    assert answer.json()["errors"][0]["pointer"] == "/search"


def test_pages_keep_the_search(serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    configuration_id = caller.configure()
    made = [caller.submit(configuration_id, media.url("/call.wav")) for _ in range(2)]
    for transcription_id in made:
        assert caller.ended(transcription_id)["status"] == "COMPLETED"
    meta = {"nextToken": None}
    found = []
    for number in range(2):
        # As the SDK does it: the token alone.
        query = {"pageToken": meta["nextToken"]} if number else {"search": "tent", "pageSize": 1}
        answer = caller.http.get("/v3/Transcriptions", params=query).json()
        found += [(each["id"], bool(each["matches"])) for each in answer["transcriptions"]]
        meta = answer["meta"]
    assert found == [(made[1], True), (made[0], True)]
    assert "nextToken" not in meta
    assert caller.http.delete(f"/v3/Transcriptions/{made[1]}").status_code == 204
    assert [each["id"] for each in search(caller, "tent")] == [made[0]]
