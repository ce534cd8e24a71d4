"""GET /v3/Transcriptions: filters and pages, as Twilio's SDK asks for them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callers import Caller


def _ids(records: Any) -> list[str]:
    return [record.id for record in records]


def _submitted(caller: Caller, count: int, **options: Any) -> list[str]:
    """Ids of new jobs, newest first."""
    configuration_id = caller.configure(**options)
    return [caller.submit(configuration_id) for _ in range(count)][::-1]


def _listed(caller: Caller, **query: Any) -> list[str]:
    answer = caller.http.get("/v3/Transcriptions", params=query)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["transcriptions"]]


def test_the_list_is_empty_at_first(caller: Caller) -> None:
    assert caller.http.get("/v3/Transcriptions").json() == {
        "transcriptions": [],
        "meta": {"key": "transcriptions", "pageSize": 50},
    }


def test_newest_first(caller: Caller) -> None:
    ids = _submitted(caller, 3)
    assert _listed(caller) == ids
    assert _ids(caller.twilio.voice.v3.transcriptions.list()) == ids


def test_order_holds_by_token_alone(caller: Caller) -> None:
    ids = _submitted(caller, 5)
    assert _listed(caller, orderBy="createdAt", order="asc") == ids[::-1]
    assert _listed(caller, OrderBy="duration", Order="desc") == ids  # of no length yet, so by their ids
    first = caller.http.get("/v3/Transcriptions", params={"order": "asc", "pageSize": 2}).json()
    assert _listed(caller, pageToken=first["meta"]["nextToken"]) == [ids[2], ids[1]]
    for query in ({"orderBy": "title"}, {"order": "up"}, {"search": "refund", "order": "asc"}):
        assert caller.http.get("/v3/Transcriptions", params=query).status_code == 400, query


def test_sdk_lists_beyond_page(caller: Caller) -> None:
    ids = _submitted(caller, 105)
    # Sends pageSize=500, which is taken as 100.
    assert _ids(caller.twilio.voice.v3.transcriptions.list(limit=500)) == ids
    assert _ids(caller.twilio.voice.v3.transcriptions.list()) == ids
    assert _ids(caller.twilio.voice.v3.transcriptions.list(limit=7)) == ids[:7]
    assert _ids(caller.twilio.voice.v3.transcriptions.stream(page_size=20, limit=45)) == ids[:45]
    assert len(_listed(caller)) == 50
    assert len(_listed(caller, pageSize=500)) == 100


def test_the_sdk_pages_both_ways(caller: Caller) -> None:
    ids = _submitted(caller, 5)
    first = caller.twilio.voice.v3.transcriptions.page(page_size=2)
    assert (first.page_size, first.key, first.previous_token) == (2, "transcriptions", None)
    assert _ids(first) == ids[:2]
    # For a further page the SDK sends the token and nothing else, so the token knows the size.
    second = first.next_page()
    assert _ids(second) == ids[2:4]
    third = second.next_page()
    assert _ids(third) == ids[4:]
    assert third.next_token is None
    assert third.next_page() is None
    back = third.previous_page()
    assert _ids(back) == ids[2:4]
    start = back.previous_page()
    assert _ids(start) == ids[:2]
    assert start.previous_page() is None
    assert _ids(start.next_page()) == ids[2:4]


def test_filters_hold_by_token_alone(caller: Caller) -> None:
    american = caller.configure(language="en-US")
    british = caller.configure(language="en-GB")
    wanted = []
    for _ in range(4):
        caller.submit(american)
        wanted.insert(0, caller.submit(british))
        caller.submit(american)
    found = caller.twilio.voice.v3.transcriptions.list(language_code="en-GB", page_size=2)
    assert _ids(found) == wanted


def test_request_beats_its_token(caller: Caller) -> None:
    ids = _submitted(caller, 5)
    meta = caller.http.get("/v3/Transcriptions", params={"pageSize": 2}).json()["meta"]
    assert _listed(caller, pageToken=meta["nextToken"], pageSize=1) == ids[2:3]
    assert _listed(caller, pageToken=meta["nextToken"], languageCode="de-DE") == []


def test_new_jobs_do_not_shift_pages(caller: Caller) -> None:
    ids = _submitted(caller, 4)
    first = caller.twilio.voice.v3.transcriptions.page(page_size=2)
    new = _submitted(caller, 1)
    second = first.next_page()
    assert _ids(second) == ids[2:]
    assert _ids(second.previous_page()) == ids[:2]
    assert _listed(caller)[:1] == new


def test_pascal_case_is_understood(caller: Caller) -> None:
    ids = _submitted(caller, 5)
    transcriptions = caller.twilio.voice.v3.transcriptions
    page = transcriptions.page_with_http_info(page_size=2)
    assert page.status_code == 200
    assert page.data.page_size == 2
    assert _ids(page.data) == ids[:2]
    further = transcriptions.page_with_http_info(page_token=page.data.next_token, page_size=2)
    assert _ids(further.data) == ids[2:4]
    listed = transcriptions.list_with_http_info(limit=500)
    assert _ids(listed.data) == ids
    stream, status, headers = transcriptions.stream_with_http_info(page_size=3)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert _ids(stream) == ids
    assert _listed(caller, Status="RUNNING", PageSize="1") == []


def test_status_narrows_the_list(caller: Caller) -> None:
    ids = _submitted(caller, 1)
    transcriptions = caller.twilio.voice.v3.transcriptions
    assert _ids(transcriptions.list(status="PENDING")) == ids
    for status in ("RUNNING", "COMPLETED", "FAILED"):
        assert transcriptions.list(status=status) == []


def test_language_is_matched_exactly(caller: Caller) -> None:
    german, detected = _submitted(caller, 1, language="de-DE"), _submitted(caller, 1, language="multi")
    assert _listed(caller, languageCode="de-DE") == german
    assert _listed(caller, languageCode="multi") == detected
    assert _listed(caller, languageCode="de-de") == []
    assert _listed(caller, languageCode="de") == []


def test_source_id_narrows_the_list(caller: Caller) -> None:
    _submitted(caller, 1)
    assert caller.twilio.voice.v3.transcriptions.list(source_id="RE" + "0a" * 16) == []


def test_after_inclusive_before_exclusive(caller: Caller) -> None:
    (newest,) = _submitted(caller, 1)
    shown = caller.http.get(f"/v3/Transcriptions/{newest}").json()["transcription"]["createdAt"]
    second_after = datetime.fromisoformat(shown) + timedelta(seconds=1)
    assert _listed(caller, createdAfter=shown) == [newest]
    assert _listed(caller, createdBefore=shown) == []
    assert _listed(caller, createdAfter=second_after.isoformat()) == []
    assert _listed(caller, createdBefore=second_after.isoformat()) == [newest]


def test_filter_times_in_any_zone(caller: Caller) -> None:
    ids = _submitted(caller, 1)
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    elsewhere = (hour_ago + timedelta(hours=14)).strftime("%Y-%m-%dT%H:%M:%S+14:00")
    assert _listed(caller, createdAfter=elsewhere) == ids
    assert _listed(caller, createdBefore=elsewhere) == []


def test_the_sdk_sends_datetimes(caller: Caller) -> None:
    ids = _submitted(caller, 1)
    transcriptions = caller.twilio.voice.v3.transcriptions
    day = timedelta(days=1)
    now = datetime.now(UTC)
    assert _ids(transcriptions.list(created_after=now - day, created_before=now + day)) == ids
    assert transcriptions.list(created_after=now + day) == []


def test_list_shows_own_account_only(caller: Caller, first_caller: Caller) -> None:
    (other,) = _submitted(first_caller, 1)
    assert _listed(caller) == []
    assert other in _listed(first_caller, pageSize=100)


def _token(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"pageSize": "0"}, "/pageSize"),
        ({"pageSize": "-1"}, "/pageSize"),
        ({"pageSize": "many"}, "/pageSize"),
        ({"PageSize": "1.5"}, "/pageSize"),
        ({"status": "DONE"}, "/status"),
        ({"status": "pending"}, "/status"),
        ({"sourceId": "RE" + "0A" * 16}, "/sourceId"),
        ({"sourceId": "CA" + "00" * 16}, "/sourceId"),
        ({"createdAfter": "yesterday"}, "/createdAfter"),
        ({"createdBefore": "2026-03-02T09:30:00"}, "/createdBefore"),
        ({"createdAfter": "0001-01-01T00:00:00+14:00"}, "/createdAfter"),
        ({"pageToken": "x"}, "/pageToken"),
        ({"pageToken": "é"}, "/pageToken"),
        ({"pageToken": _token(["0001-01-01T00:00:00+14:00", "x", False])}, "/pageToken"),
        ({"pageToken": _token({"x": 1})}, "/pageToken"),
        ({"pageToken": base64.b64encode(b"[" * 30_000).decode()}, "/pageToken"),
        ({"pageToken": base64.b64encode(b"pageToken=pageToken").decode()}, "/pageToken"),
    ],
)
def test_20001_for_wrong_query(caller: Caller, query: dict[str, str], pointer: str) -> None:
    answer = caller.http.get("/v3/Transcriptions", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
