"""HTTP: `/2010-04-01/Accounts/{account_sid}/Recordings` and `…/Calls`."""

import re
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from callscribe.accounts.authentication import AccountInPath, AuthenticatedRoute
from callscribe.errors import Code, RequestError
from callscribe.ids import CALL_SID, CONFERENCE_SID, RECORDING_SID
from callscribe.recordings.fields import CallStatus, Party, RecordingFields
from callscribe.recordings.intake import Incoming, check_size
from callscribe.recordings.media import Extension, RecordingMedia
from callscribe.recordings.repository import CallFilters, RecordingFilters, TimeRange
from callscribe.recordings.schemas import CallList, CallResource, RecordingList, RecordingResource
from callscribe.recordings.service import Recordings
from callscribe.recordings.tables import Recording
from callscribe.recordings.upload import Upload, form_schema
from callscribe.settings import MIB, Settings
from callscribe.waiting import DATABASE
from callscribe.web.application import of_application
from callscribe.web.idempotency import MAX_KEY_LENGTH, Idempotency
from callscribe.web.legacy_pages import Paging, legacy_page
from callscribe.web.problems import legacy_responses
from callscribe.web.ranges import blob_response
from callscribe.web.urls import BaseUrl

UPLOADS = re.compile(r"/2010-04-01/Accounts/[^/]+/Recordings(\.json)?")
"""Paths whose bodies are as large as recordings."""

router = APIRouter(prefix="/2010-04-01/Accounts/{account_sid}", tags=["Recordings"], route_class=AuthenticatedRoute)


Service = Annotated[Recordings, of_application("recordings")]
Media = Annotated[RecordingMedia, of_application("recording_media")]
RecordingSid = Annotated[str, Path(pattern=f"^{RECORDING_SID.pattern}$")]
CallSid = Annotated[str, Path(pattern=f"^{CALL_SID.pattern}$")]

_RECORDING = "/Recordings/{recording_sid}.json"
_CALL = "/Calls/{call_sid}.json"
_CALL_RECORDING = "/Calls/{call_sid}/Recordings/{recording_sid}.json"


def _dated(value: object) -> object:
    # Numbers would be taken for seconds since 1970.
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value):
        raise PydanticCustomError("date", "must be a date or a time such as 2026-03-02T09:30:00Z")
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(_dated),
    WithJsonSchema({"anyOf": [{"type": "string", "format": each} for each in ("date", "date-time")]}),
]
"""A time; a day is its midnight, and what has no zone is UTC."""


def _instant(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _of_days(name: str) -> Any:
    """The dependency of a span of time that three parameters give, of which `name` is that of the first."""

    async def span(
        on: Annotated[Moment | None, Query(alias=name, description="On this day in UTC.")] = None,
        before: Annotated[Moment | None, Query(alias=f"{name}<", description="At this moment or before.")] = None,
        after: Annotated[Moment | None, Query(alias=f"{name}>", description="At this moment or after.")] = None,
    ) -> TimeRange:
        # Seconds are whole, as in the answers: what is shown at `before` is in.
        since, until = [], []
        try:
            if on is not None:
                day = datetime.combine(_instant(on), time(), UTC)
                since.append(day)
                until.append(day + timedelta(days=1))
            if after is not None:
                since.append(_instant(after))
            if before is not None:
                until.append(_instant(before) + timedelta(seconds=1))
        except OverflowError as error:
            raise RequestError.at(f"/{name}", Code.INVALID_PARAMETER, f"{name}: is out of range.") from error
        return TimeRange(max(since, default=None), min(until, default=None))

    return Depends(span)


def _sid(name: str, pattern: re.Pattern[str]) -> tuple[Any, ...]:
    """What makes a parameter a filter by SID, in any case of letters: kept are lower ones."""
    in_any_case = pattern.pattern.replace("a-f", "a-fA-F")
    return Query(alias=name, pattern=f"^{in_any_case}$"), AfterValidator(lambda sid: sid and sid[:2] + sid[2:].lower())


Created = Annotated[TimeRange, _of_days("DateCreated")]
Started = Annotated[TimeRange, _of_days("StartTime")]

SoftDeleted = Annotated[
    bool, Query(alias="IncludeSoftDeleted", description="Taken, and without effect: what is deleted here is gone.")
]


@router.post(
    "/Recordings.json",
    status_code=201,
    summary="Upload a recording",
    response_model=RecordingResource,
    responses=legacy_responses(400, 404, 408, 413, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form_schema()},
                "audio/*": {"schema": {"type": "string", "format": "binary"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def create(
    request: Request,
    account: AccountInPath,
    service: Service,
    base_url: BaseUrl,
    query: Annotated[RecordingFields, Query()],  # noqa: ARG001  for the OpenAPI document; `Upload` reads them
    idempotency_key: Annotated[
        str | None,
        Header(
            # Refused here, and not behind the last byte of the audio.
            min_length=1,
            max_length=MAX_KEY_LENGTH,
            description="The same key with the same upload makes one recording; at most 128 characters, 24 hours.",
        ),
    ] = None,
) -> Response:
    """Twilio records calls itself; here recordings come in.

    Either `multipart/form-data` with the file as `Media` (any name will do) and the fields beside it, or the audio as
    the body and the fields in the query.
    """
    settings: Settings = request.app.state.settings
    upload = Upload(request, stall_timeout=settings.media_stall_timeout, timeout=settings.media_timeout)
    length = request.headers.get("Content-Length", "0")
    # A form has fields as well.
    announced = max(0, int(length) - MIB) if length.isascii() and length.isdigit() else 0
    check_size(announced, settings.media_max_bytes)

    def repetition(incoming: Incoming) -> Idempotency | None:
        if idempotency_key is None:
            return None
        return Idempotency(account, idempotency_key, {"sha256": incoming.sha256, "fields": upload.values})

    def render(row: Recording) -> dict[str, Any]:
        document: dict[str, Any] = RecordingResource.of(row, base_url).model_dump(mode="json")
        return document

    answer = await service.receive(
        account,
        upload.audio(),
        lambda: upload.fields,
        announced=announced,
        base_url=base_url,
        render=render,
        repetition=repetition,
    )
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else None
    return JSONResponse(answer, 201, headers)


@router.get("/Recordings.json", summary="List recordings", responses=legacy_responses(400, 404))
def list_recordings(
    request: Request,
    account: AccountInPath,
    paging: Paging,
    service: Service,
    base_url: BaseUrl,
    created: Created,
    call_sid: Annotated[str | None, *_sid("CallSid", CALL_SID)] = None,
    conference_sid: Annotated[str | None, *_sid("ConferenceSid", CONFERENCE_SID)] = None,
    include_soft_deleted: SoftDeleted = False,  # noqa: ARG001, FBT002  a parameter of HTTP
) -> RecordingList:
    """Newest first. A `PageSize` above 1000 is taken as 1000."""
    page = service.page(account, RecordingFilters(created, call_sid, conference_sid), paging.token, paging.size)
    rows = [RecordingResource.of(row, base_url) for row in page.rows]
    return RecordingList(**legacy_page(request, "recordings", rows, page))


@router.get(_RECORDING, summary="Fetch a recording", responses=legacy_responses(400, 404))
def fetch(
    account: AccountInPath,
    recording_sid: RecordingSid,
    service: Service,
    base_url: BaseUrl,
    include_soft_deleted: SoftDeleted = False,  # noqa: ARG001, FBT002  a parameter of HTTP
) -> RecordingResource:
    """What is known of it. Its audio is at `media_url`."""
    return RecordingResource.of(service.fetch(account, recording_sid), base_url)


@router.delete(_RECORDING, status_code=204, summary="Delete a recording", responses=legacy_responses(404))
def delete(account: AccountInPath, recording_sid: RecordingSid, service: Service) -> Response:
    """Its audio is erased at once. Its call and the transcriptions made of it stay."""
    service.delete(account, recording_sid)
    return Response(status_code=204)


RequestedChannels = Annotated[
    int | None,
    Query(
        alias="RequestedChannels",
        ge=1,
        le=2,
        description="1 mixes both channels into one; 2 is refused with 16113 where there is one only. Without it, as "
        "recorded.",
    ),
]


def _delivered(name: str, suffix: str, extension: Extension, summary: str, description: str) -> None:
    """The endpoint for the audio of a recording whose address ends so."""
    path = f"/Recordings/{{recording_sid}}{suffix}"
    content: dict[str, Any] = {extension.media_type: {}}
    responses = legacy_responses(400, 404, 416) | {
        200: {"content": content},
        206: {"content": content, "description": "The range asked for."},
        304: {"description": "It is as `If-None-Match` says."},
    }

    @router.get(
        path,
        name=name,
        summary=summary,
        description=description,
        responses=responses,
        response_class=StreamingResponse,
    )
    async def deliver(
        request: Request,
        account: AccountInPath,
        recording_sid: RecordingSid,
        service: Service,
        media: Media,
        channels: RequestedChannels = None,
    ) -> Response:
        row = await DATABASE.run(service.fetch, account, recording_sid)
        found = await media.audio(row, extension, channels)
        return blob_response(
            request,
            partial(media.pieces, found),
            size=found.size,
            etag=found.etag,
            media_type=extension.media_type,
            name=f"{recording_sid}.{extension}",
        )


_IN_FORM = "As it came in where that was {0}, else converted once and kept. Takes ranges."
_AS_TWILIO = "Without an extension, as Twilio has it in `media_url` and `RecordingUrl`: WAV."
_delivered("wav", ".wav", Extension.WAV, "Fetch the audio as WAV", _IN_FORM.format("WAV"))
_delivered("mp3", ".mp3", Extension.MP3, "Fetch the audio as MP3", _IN_FORM.format("MP3"))
_delivered("audio", "", Extension.WAV, "Fetch the audio", _AS_TWILIO)


@router.get("/Calls.json", tags=["Calls"], summary="List calls", responses=legacy_responses(400, 404))
def list_calls(
    request: Request,
    account: AccountInPath,
    paging: Paging,
    service: Service,
    started: Started,
    from_: Annotated[Party | None, Query(alias="From")] = None,
    to: Annotated[Party | None, Query(alias="To")] = None,
    status: Annotated[CallStatus | None, Query(alias="Status")] = None,
    parent_call_sid: Annotated[str | None, *_sid("ParentCallSid", CALL_SID)] = None,
) -> CallList:
    """The calls that recordings came with, newest first: by `start_time` where that is asked for.

    A `PageSize` above 1000 is taken as 1000.
    """
    filters = CallFilters(started, from_, to, status and status.value, parent_call_sid)
    page = service.page_calls(account, filters, paging.token, paging.size)
    return CallList(**legacy_page(request, "calls", [CallResource.of(row) for row in page.rows], page))


@router.get(_CALL, tags=["Calls"], summary="Fetch a call", responses=legacy_responses(404))
def fetch_call(account: AccountInPath, call_sid: CallSid, service: Service) -> CallResource:
    """As far as it was told with its recordings."""
    return CallResource.of(service.fetch_call(account, call_sid))


@router.delete(_CALL, tags=["Calls"], status_code=204, summary="Delete a call", responses=legacy_responses(404))
def delete_call(account: AccountInPath, call_sid: CallSid, service: Service) -> Response:
    """Who called whom is forgotten. Its recordings stay."""
    service.delete_call(account, call_sid)
    return Response(status_code=204)


@router.get(
    "/Calls/{call_sid}/Recordings.json",
    tags=["Calls"],
    summary="List the recordings of a call",
    responses=legacy_responses(400, 404),
)
def list_call_recordings(
    request: Request,
    account: AccountInPath,
    call_sid: CallSid,
    paging: Paging,
    service: Service,
    base_url: BaseUrl,
    created: Created,
) -> RecordingList:
    """Newest first; none where the call is not known."""
    page = service.page(account, RecordingFilters(created, call_sid), paging.token, paging.size)
    rows = [RecordingResource.of(row, base_url) for row in page.rows]
    return RecordingList(**legacy_page(request, "recordings", rows, page))


@router.get(_CALL_RECORDING, tags=["Calls"], summary="Fetch a recording of a call", responses=legacy_responses(404))
def fetch_call_recording(
    account: AccountInPath, call_sid: CallSid, recording_sid: RecordingSid, service: Service, base_url: BaseUrl
) -> RecordingResource:
    """The same as without the call, where it is of that call."""
    return RecordingResource.of(service.fetch(account, recording_sid, call_sid=call_sid), base_url)


@router.delete(
    _CALL_RECORDING,
    tags=["Calls"],
    status_code=204,
    summary="Delete a recording of a call",
    responses=legacy_responses(404),
)
def delete_call_recording(
    account: AccountInPath, call_sid: CallSid, recording_sid: RecordingSid, service: Service
) -> Response:
    """The same as without the call, where it is of that call."""
    service.delete(account, recording_sid, call_sid=call_sid)
    return Response(status_code=204)
