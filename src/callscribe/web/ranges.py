"""Answers with a blob, or the part of it that a player asks for (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Final

from fastapi import HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from callscribe.web.methods import is_head

PRIVATE: Final = {"Cache-Control": "private, no-cache"}
"""Header of what may be kept by its account's client alone, which asks each time whether it is still there."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def blob_response(
    request: Request,
    pieces: Callable[[int, int], AsyncIterator[bytes]],
    *,
    size: int,
    media_type: str,
    etag: str | None = None,
    name: str | None = None,
) -> Response:
    """The blob with `size` bytes, or what `Range`, `If-Range` and `If-None-Match` make of it, for a GET or a HEAD.

    `pieces` gives bytes from a position to another, the latter excluded. `etag` is a strong one, with its quotes;
    without it, no condition is ever met. `name` is what a browser saves it as.

    Raises:
        HTTPException: 416.
    """
    headers = {"Accept-Ranges": "bytes", **PRIVATE}
    if name is not None:
        headers["Content-Disposition"] = f'inline; filename="{name}"'
    if etag is not None:
        headers["ETag"] = etag
        if is_known(request, etag):
            return Response(status_code=304, headers=headers)
    is_same = request.headers.get("If-Range", etag) == etag
    wanted = request.headers.get("Range") if is_same and not is_head(request.scope) else None
    start, end = byte_range(wanted, size)
    if start >= end:
        raise HTTPException(416, "The range is outside of the recording.", {"Content-Range": f"bytes */{size}"})
    headers["Content-Length"] = str(end - start)
    partial = end - start < size
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if is_head(request.scope):
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(pieces(start, end), 206 if partial else 200, headers, media_type)


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has it already, by `If-None-Match`."""
    header = request.headers.get("If-None-Match", "")
    return header.strip() == "*" or etag in {each.strip().removeprefix("W/") for each in header.split(",")}


def byte_range(header: str | None, size: int) -> tuple[int, int]:
    """First byte, and the one after the last. A header that is not valid, or names several ranges, asks for all."""
    wanted = _RANGE.fullmatch(header or "")
    if wanted is None or not (wanted[1] or wanted[2]):
        return 0, size
    if not wanted[1]:
        return (max(0, size - int(wanted[2])), size)
    start = int(wanted[1])
    if not wanted[2]:
        return start, size
    last = int(wanted[2])
    return (start, min(size, last + 1)) if start <= last else (0, size)
