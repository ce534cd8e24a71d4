"""Queries as endpoints get them."""

import asyncio
from urllib.parse import parse_qsl

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from callscribe.web.pagination import ListQuery, carrying_query


def _scope(query: str, path: str = "/v3/Transcriptions") -> Scope:
    return {"type": "http", "path": path, "query_string": query.encode("latin-1"), "headers": []}


def _seen(query: str, path: str = "/v3/Transcriptions") -> dict[str, str]:
    """What an endpoint behind `ListQuery` sees."""
    seen: list[Scope] = []

    async def endpoint(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: object) -> None: ...

    asyncio.run(ListQuery(endpoint)(_scope(query, path), nothing, nothing))
    return dict(parse_qsl(seen[0]["query_string"].decode(), keep_blank_values=True))


def _token(query: str, position: str) -> str:
    token = carrying_query(Request(_scope(query)), position)
    assert token is not None
    return token


def test_pascal_taken_for_camel() -> None:
    assert _seen("PageSize=2&Status=FAILED&other=X") == {"pageSize": "2", "status": "FAILED", "other": "X"}


def test_other_apis_spell_differently() -> None:
    path = "/2010-04-01/Accounts/AC0/Recordings.json"
    assert _seen("PageSize=2", path) == {"PageSize": "2"}


def test_token_brings_lists_query() -> None:
    token = _token("status=FAILED&pageSize=2", "here")
    assert _seen(f"pageToken={token}") == {"status": "FAILED", "pageSize": "2", "pageToken": "here"}


def test_token_in_query_gets_new_position() -> None:
    token = _token("status=FAILED&pageToken=before", "here")
    assert _seen(f"PageToken={token}") == {"status": "FAILED", "pageToken": "here"}


def test_request_beats_token() -> None:
    token = _token("status=FAILED&pageSize=2", "here")
    assert _seen(f"pageToken={token}&pageSize=9") == {"status": "FAILED", "pageSize": "9", "pageToken": "here"}


@pytest.mark.parametrize("token", ["x", "", "not+base64/", "w6k"])
def test_foreign_token_left_to_endpoint(token: str) -> None:
    assert _seen(f"status=FAILED&pageToken={token}")["status"] == "FAILED"


def test_no_position_no_token() -> None:
    assert carrying_query(Request(_scope("status=FAILED")), None) is None


@given(st.text(max_size=30).map(lambda text: text.encode("utf-8", "ignore").decode()))
def test_any_values_come_through(value: str) -> None:
    request = Request(_scope(""))
    request.scope["query_string"] = ("languageCode=" + "".join(f"%{byte:02X}" for byte in value.encode())).encode()
    token = carrying_query(request, "here")
    assert _seen(f"pageToken={token}") == {"languageCode": value, "pageToken": "here"}
