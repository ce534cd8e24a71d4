"""Forms with a file in them, however they are cut into pieces."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from callscribe.errors import RequestError
from callscribe.recordings.fields import Direction, parse_time
from callscribe.recordings.upload import MAX_PARTS, Upload, form_schema, recording_fields


def part(name: str, value: bytes, *, file: bool = False) -> bytes:
    named = f'; filename="{name}.wav"' if file else ""
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value + b"\r\n"


END = b"--edge--\r\n"


def request(pieces: list[bytes], content_type: str, query: str = "") -> Request:
    waiting = iter(pieces)

    async def receive() -> dict[str, Any]:
        piece = next(waiting, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": query.encode(),
        "headers": [(b"content-type", content_type.encode())],
    }
    return Request(scope, receive)


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def read(body: bytes, cuts: list[int] | None = None) -> tuple[bytes, Upload]:
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts or [])})
    pieces = [body[start:end] for start, end in pairwise(edges)]
    upload = Upload(request(pieces, "multipart/form-data; boundary=edge"), stall_timeout=5, timeout=5)
    return asyncio.run(joined(upload.audio())), upload


@given(audio=st.binary(max_size=300), cuts=st.lists(st.integers(0, 1000), max_size=20))
def test_cut_anywhere_comes_through(audio: bytes, cuts: list[int]) -> None:
    if b"\r\n--edge" in audio:
        return
    body = part("To", b"+15550199") + part("Media", audio, file=True) + part("Direction", b"inbound") + END
    found, upload = read(body, cuts)
    assert found == audio
    assert upload.values == {"To": "+15550199", "Direction": "inbound"}
    assert upload.fields.direction == Direction.INBOUND


@pytest.mark.parametrize(
    "body",
    [
        b"",
        END,
        part("To", b"+15550199") + END,
        part("Media", b"RIFF", file=True),
        part("Media", b"RIFF", file=True) + part("Other", b"RIFF", file=True) + END,
        part("Media", b"RIFF", file=True) + part("To", b"1" * 5000) + END,
        part("Media", b"RIFF", file=True) + part("To", b"\xff") + END,
        part("Media", b"RIFF", file=True) + part("Wrong", b"1") + END,
        b"".join(part("To", b"1") for _ in range(MAX_PARTS + 1)) + END,
        b"--edge\r\nContent-Disposition" + b"x" * 10_000,
    ],
)
def test_non_upload_refused(body: bytes) -> None:
    with pytest.raises(RequestError) as error:
        read(body)
    assert (error.value.code, error.value.status) == (20001, 400)


def test_stalled_upload_ended() -> None:
    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-type", b"audio/wav")],
    }
    upload = Upload(Request(scope, never), stall_timeout=0.05, timeout=5)
    with pytest.raises(HTTPException) as error:
        asyncio.run(joined(upload.audio()))
    assert error.value.status_code == 408


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:30:00Z",
        "2026-03-02T10:30:00+01:00",
        "2026-03-02 09:30:00",
        "Mon, 02 Mar 2026 09:30:00 +0000",
        "Mon, 02 Mar 2026 04:30:00 -0500",
    ],
)
def test_times_of_both_standards(text: str) -> None:
    assert parse_time(text) == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:00:00-05:00", "0001-01-01T00:00:00Z", "Fri, 31 Dec 9999 23:59:59 -0500"]
)
def test_times_at_calendars_ends_refused(text: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        parse_time(text)


@given(st.text(max_size=40))
def test_any_time_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_time(text).tzinfo is UTC


def test_empty_fields_left_out() -> None:
    fields = recording_fields({"CallSid": "", "To": "", "Channels": ""})
    assert not fields.tells_of_a_call
    assert fields.channels is None


def test_form_schema_is_self_contained() -> None:
    assert "$ref" not in str(form_schema())
    assert form_schema()["required"] == ["Media"]
