"""Reading an upload while it comes in: a form with a file in it, or the bare audio with the rest in the query."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import HTTPException, Request
from pydantic import ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from callscribe.errors import Code, RequestError
from callscribe.recordings.fields import RecordingFields
from callscribe.web.wire import invalid_parameters

FIELD_BYTES = 4096
"""Most bytes of one field of a form that is not the file."""

MAX_PARTS = 32
_LEAST_BYTES = 64 * 1024
"""What must come in each `media_stall_timeout`, so that nobody holds a place for nothing."""


def form_schema() -> dict[str, Any]:
    """The form for the OpenAPI document, complete in itself."""
    schema = RecordingFields.model_json_schema(ref_template="{model}")
    definitions = schema.pop("$defs")

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inlined(definitions[part["$ref"]])
        return {name: inlined(value) for name, value in part.items()}

    properties = {"Media": {"type": "string", "format": "binary", "description": "The file."}}
    return {
        "type": "object",
        "required": ["Media"],
        "properties": properties | inlined(schema["properties"]),
        "additionalProperties": False,
    }


def recording_fields(values: Mapping[str, str]) -> RecordingFields:
    """The fields of an upload.

    Raises:
        RequestError: 20001 with every fault.
    """
    try:
        # An empty field of a form is one that was left out.
        return RecordingFields.model_validate({name: value for name, value in values.items() if value})
    except ValidationError as error:
        faults: list[Any] = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
        raise invalid_parameters(faults) from error


class Upload:
    """An upload under way. Iterate `audio` to its end; then `fields` has all the rest."""

    def __init__(self, request: Request, *, stall_timeout: float, timeout: float) -> None:
        self._request = request
        self._stall_timeout = stall_timeout
        self._timeout = timeout
        content_type, options = parse_options_header(request.headers.get("Content-Type"))
        self._values = dict(request.query_params)
        self._form: _Form | None = None
        if content_type == b"multipart/form-data":
            boundary = options.get(b"boundary")
            if not boundary:
                raise _bad_form("The form's Content-Type names no boundary.")
            self._form = _Form(boundary)
        elif not content_type.startswith(b"audio/") and content_type != b"application/octet-stream":
            detail = "Content-Type: send multipart/form-data with a file, or audio/* or application/octet-stream."
            raise RequestError.at("", Code.INVALID_PARAMETER, detail)
        recording_fields(self._values)

    @property
    def fields(self) -> RecordingFields:
        """What was said beside the audio.

        Raises:
            RequestError: 20001 with every fault.
        """
        return recording_fields(self._values)

    @property
    def values(self) -> dict[str, str]:
        """The same as it was sent."""
        return dict(self._values)

    def audio(self) -> AsyncIterator[bytes]:
        """The audio, piece by piece.

        Raises:
            RequestError: 20001 for a form that is not one, or has no file, or more than one.
            HTTPException: 408, what comes is too little, or takes too long.
        """
        return self._body() if self._form is None else self._file(self._form)

    async def _file(self, form: "_Form") -> AsyncIterator[bytes]:
        async for chunk in self._body():
            for piece in form.feed(chunk):
                yield piece
            if form.fields:
                self._values |= form.fields
                form.fields.clear()
                recording_fields(self._values)  # at once, not behind the last byte of the file
        form.finish()

    async def _body(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        stream = self._request.stream()
        since, received = loop.time(), 0
        while True:
            wait = min(since + self._stall_timeout, deadline) - loop.time()
            try:
                chunk = await asyncio.wait_for(anext(stream), max(wait, 0.001))
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise HTTPException(408, "The upload is too slow, or stands still.") from error
            except ClientDisconnect as error:
                raise HTTPException(408, "The upload was broken off.") from error
            received += len(chunk)
            if received >= _LEAST_BYTES:
                since, received = loop.time(), 0
            if chunk:
                yield chunk


@dataclass(slots=True)
class _Part:
    name: str
    is_file: bool
    value: bytearray = field(default_factory=bytearray)


class _Form:
    """A multipart form (RFC 7578): the pieces of its one file, and its fields."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._header = bytearray()
        self._content = bytearray()
        self._part: _Part | None = None
        self._parts = 0
        self._has_file = False
        self._ended = False
        with _form_errors():  # the boundary may be too long
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._content.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_end": self._finished,
                },
            )

    def feed(self, chunk: bytes) -> list[bytes]:
        """Parse on; the pieces of the file that came to light."""
        with _form_errors():
            self._parser.write(chunk)
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> None:
        """Check that the form has come to its end and had a file."""
        if not self._ended:
            raise _bad_form("The form is cut off.")
        if not self._has_file:
            raise RequestError.at("/Media", Code.INVALID_PARAMETER, "The form has no file in it.")

    def _begin(self) -> None:
        self._headers = {}
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _bad_form(f"The form has more than {MAX_PARTS} parts.")

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._content)
        self._header.clear()
        self._content.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        is_file = b"filename" in options or name == "Media"
        if is_file and self._has_file:
            raise _bad_form("The form has more than one file in it.")
        self._has_file = self._has_file or is_file
        self._part = _Part(name, is_file)

    def _data(self, data: bytes, start: int, end: int) -> None:
        assert self._part is not None
        if self._part.is_file:
            self._pieces.append(data[start:end])
            return
        self._part.value += data[start:end]
        if len(self._part.value) > FIELD_BYTES:
            raise _bad_form(f"{self._part.name}: longer than {FIELD_BYTES} bytes.")

    def _end(self) -> None:
        part, self._part = self._part, None
        if part is not None and not part.is_file:
            try:
                self.fields[part.name] = part.value.decode()
            except UnicodeDecodeError as error:
                raise _bad_form(f"{part.name}: is not UTF-8.") from error

    def _finished(self) -> None:
        self._ended = True


@contextmanager
def _form_errors() -> Iterator[None]:
    try:
        yield
    except FormParserError as error:
        raise _bad_form(f"The form cannot be read: {error}.") from error


def _bad_form(detail: str) -> RequestError:
    return RequestError.at("", Code.INVALID_PARAMETER, detail)
