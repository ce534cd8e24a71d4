"""HTTP: `/v3/Transcriptions`."""

import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from sse_starlette import EventSourceResponse

from callscribe.accounts.audit import Action, AuditLog
from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute, Caller
from callscribe.accounts.roles import Role
from callscribe.accounts.service import Identity
from callscribe.callbacks.tables import Callback
from callscribe.errors import Code, RequestError
from callscribe.ids import RECORDING_SID
from callscribe.media.playing import MEDIA_TYPES
from callscribe.transcriptions.correcting import Corrections
from callscribe.transcriptions.media import TranscriptionMedia
from callscribe.transcriptions.repository import NEWEST_FIRST, Filters, OrderBy, Ordering
from callscribe.transcriptions.results import RETRY_AFTER, Results, check_original, preferred_format
from callscribe.transcriptions.schemas import (
    Attempt,
    CallbackList,
    CallbackResource,
    CreatedTranscription,
    CreateTranscription,
    FetchedTranscription,
    PeaksResource,
    TranscriptionList,
    TranscriptionListMeta,
    TranscriptionResource,
    TranscriptResource,
    request_error,
)
from callscribe.transcriptions.service import Transcriptions
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription
from callscribe.transcriptions.watching import Watching
from callscribe.transcripts.formats import Format
from callscribe.waiting import DATABASE, STORE
from callscribe.web.application import of_application
from callscribe.web.idempotency import Idempotency
from callscribe.web.methods import is_head
from callscribe.web.pagination import Paging
from callscribe.web.problems import problem_responses
from callscribe.web.ranges import PRIVATE, blob_response, is_known
from callscribe.web.urls import BaseUrl
from callscribe.web.wire import Instant, from_row

MAX_SEARCH = 500
"""Characters of a search."""


class Direction(StrEnum):
    """Of an order."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class CodedRoute(AuthenticatedRoute):
    """Answers a body that does not validate with the public codes of transcriptions."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with these answers."""
        handler = super().get_route_handler()

        async def coded(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                if error.errors()[0]["loc"][0] != "body":
                    raise
                raise request_error(error.errors()) from error

        return coded


router = APIRouter(tags=["Transcriptions"], route_class=CodedRoute)


Service = Annotated[Transcriptions, of_application("transcriptions")]
TranscriptionResults = Annotated[Results, of_application("results")]
TranscriptCorrections = Annotated[Corrections, of_application("corrections")]
Listening = Annotated[TranscriptionMedia, of_application("transcription_media")]
Audit = Annotated[AuditLog, of_application("audit")]

Redacted = Annotated[
    bool,
    Query(
        description="An addition. `false` is the original of what was redacted, where it is kept, for who has the role "
        "`read_originals`; each time is in the audit log."
    ),
]

_ONE = "/v3/Transcriptions/{transcription_id}"
_CALLBACKS = f"{_ONE}/Callbacks"
TRANSCRIPT = f"{_ONE}/Transcript"

_JOB_HEADERS = {
    "Retry-After": {"description": "Seconds to wait before asking.", "schema": {"type": "integer"}},
}


@router.post(
    "/v3/Transcriptions",
    status_code=202,
    summary="Create a transcription",
    response_model=CreatedTranscription,
    responses=problem_responses(400, 404, 413, 422, 503)
    | {
        202: {
            "headers": _JOB_HEADERS
            | {
                "Operation-Id": {"description": "The transcription's id.", "schema": {"type": "string"}},
                "Location": {"description": "`statusUrl`.", "schema": {"type": "string"}},
                "Idempotency-Key": {
                    "description": "As it was sent, where one was.",
                    "schema": {"type": "string"},
                },
            }
        }
    },
)
async def create(
    account: AccountSid,
    body: CreateTranscription,
    service: Service,
    base_url: BaseUrl,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="The same key with the same body makes one transcription; at most 128 characters, for 24 hours."
        ),
    ] = None,
) -> Response:
    """Answers at once, for media of any size; the work is queued together with the row."""
    repetition = None
    if idempotency_key is not None:
        repetition = Idempotency(account, idempotency_key, body.model_dump(mode="json", by_alias=True))

    def render(row: Transcription) -> dict[str, Any]:
        resource = TranscriptionResource.of(row, base_url)
        created = CreatedTranscription(status=row.status, status_url=resource.url, transcription=resource)
        document: dict[str, Any] = created.model_dump(mode="json", by_alias=True)
        return document

    answer = await service.create(account, body, base_url=base_url, render=render, repetition=repetition)
    headers = {
        "Operation-Id": answer["transcription"]["id"],
        "Location": answer["statusUrl"],
        "Retry-After": str(RETRY_AFTER),
    }
    if idempotency_key is not None:
        headers["Idempotency-Key"] = idempotency_key
    return JSONResponse(answer, 202, headers)


@router.get("/v3/Transcriptions", summary="List transcriptions", responses=problem_responses(400))
def list_transcriptions(
    account: AccountSid,
    service: Service,
    paging: Paging,
    base_url: BaseUrl,
    created_after: Annotated[Instant | None, Query(alias="createdAfter")] = None,
    created_before: Annotated[Instant | None, Query(alias="createdBefore")] = None,
    language_code: Annotated[str | None, Query(alias="languageCode")] = None,
    source_id: Annotated[str | None, Query(alias="sourceId", pattern=f"^{RECORDING_SID.pattern}$")] = None,
    status: Annotated[Status | None, Query()] = None,
    search: Annotated[
        str | None,
        Query(
            max_length=MAX_SEARCH,
            description="An addition: only calls in which all of this was said, with `matches` and `matchCount`. Words "
            '(in any case, with or without accents, in any of their forms), `"a phrase"`, `begin*`.',
        ),
    ] = None,
    order_by: Annotated[
        OrderBy, Query(alias="orderBy", description="An addition. A search is by `createdAt` always.")
    ] = OrderBy.CREATED_AT,
    order: Annotated[Direction, Query(description="An addition.")] = Direction.DESCENDING,
) -> TranscriptionList:
    """Newest first, or as `orderBy` and `order` say; calls whose length is not known are shorter than all others.

    `createdAfter` is inclusive, `createdBefore` is not; a `pageSize` above 100 is taken as 100.

    A `pageToken` carries the filters and the page size of its list, so it may be sent alone. A page of a search may
    have fewer entries than asked for, or none, and a `nextToken` all the same: it has looked at as much as one request
    may.
    """
    filters = Filters(created_after, created_before, language_code, source_id, status)
    ordering = Ordering(order_by, ascending=order == Direction.ASCENDING)
    if search is not None and search.strip():
        if ordering != NEWEST_FIRST:
            detail = "What is found by a search comes newest first; leave out orderBy and order."
            raise RequestError.at("/orderBy", Code.INVALID_PARAMETER, detail)
        hits = service.search(account, search, filters, paging.token, paging.size)
        return TranscriptionList(
            transcriptions=[TranscriptionResource.of(row, base_url, hit) for row, hit in hits.rows],
            meta=TranscriptionListMeta(**paging.place(hits)),
        )
    page = service.page(account, filters, paging.token, paging.size, ordering)
    return TranscriptionList(
        transcriptions=[TranscriptionResource.of(row, base_url) for row in page.rows],
        meta=TranscriptionListMeta(**paging.place(page)),
    )


@router.get(_ONE, summary="Fetch a transcription", responses=problem_responses(404) | {200: {"headers": _JOB_HEADERS}})
def fetch(
    account: AccountSid, transcription_id: str, service: Service, base_url: BaseUrl, response: Response
) -> FetchedTranscription:
    """`Retry-After` is there while the job is PENDING or RUNNING."""
    row = service.fetch(account, transcription_id)
    if not row.status.is_final:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    resource = TranscriptionResource.of(row, base_url)
    return FetchedTranscription(operation_id=row.id, status=row.status, status_url=resource.url, transcription=resource)


@router.delete(_ONE, status_code=204, summary="Delete a transcription", responses=problem_responses(404))
def delete(account: AccountSid, transcription_id: str, service: Service) -> Response:
    """In every state. Work on it stops within two seconds; media and transcript are erased."""
    service.delete(account, transcription_id)
    return Response(status_code=204)


async def _check_original(caller: Identity, row: Transcription, what: str, audit: AuditLog) -> None:
    """Let only those read what was redacted who may, and have the log say so before they do.

    Raises:
        RequestError: 20403, the role is missing; 20404, see `check_original`.
    """
    if row.redaction is not None:
        caller.demand(Role.READ_ORIGINALS)
        if check_original(row):
            await DATABASE.run(partial(audit.write, row.account_sid, Action.ORIGINAL_READ, row.id, what=what))


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads transcripts in a version; None is the latest. Not `redacted` is the original, which has no versions."""

    _service: Transcriptions
    _results: Results
    _corrections: Corrections
    _audit: AuditLog
    _version: int | None
    _redacted: bool

    async def answer(self, caller: Identity, transcription_id: str, format_: Format) -> Response:
        """The transcript in a format."""
        row = await DATABASE.run(self._service.fetch, caller.account_sid, transcription_id)
        if not self._redacted and row.redaction is not None:
            return await self._original(caller, row, format_)
        if row.status == Status.RUNNING:
            chunks = await DATABASE.run(self._service.chunks, row)
            so_far = await STORE.run(self._results.transcript_so_far, row, chunks, format_)
            if so_far is not None and not self._version:
                return Response(so_far, headers={"Retry-After": str(RETRY_AFTER)}, media_type=format_.media_type)
            # It may have ended in this moment.
            row = await DATABASE.run(self._service.fetch, caller.account_sid, transcription_id)
        if row.status != Status.COMPLETED:
            detail = f"Transcription {row.id} is {row.status}; there is nothing of its transcript to be read."
            raise RequestError(Code.NOT_FOUND, detail, retry_after=None if row.status.is_final else RETRY_AFTER)
        versions = await DATABASE.run(self._corrections.versions, row, self._version)
        document = await STORE.run(self._results.transcript, row, versions, format_)
        return Response(document, media_type=format_.media_type)

    async def _original(self, caller: Identity, row: Transcription, format_: Format) -> Response:
        if self._version:
            detail = "The original has no versions: what is corrected is the redacted transcript. Leave out version."
            raise RequestError.at("/version", Code.INVALID_PARAMETER, detail)
        await _check_original(caller, row, "transcript", self._audit)
        document = await STORE.run(self._results.unredacted, row, format_)
        return Response(document, media_type=format_.media_type)


async def _reading(  # not in a thread
    service: Service,
    results: TranscriptionResults,
    corrections: TranscriptCorrections,
    audit: Audit,
    *,
    version: Annotated[
        str,
        Query(
            pattern=r"^(original|latest|0|[1-9][0-9]{0,8})$",
            description="`original` (0) is as it was recognised, `latest` with all corrections; or their number.",
        ),
    ] = "latest",
    redacted: Redacted = True,
) -> _Reading:
    named = {"latest": None, "original": 0}
    number = named[version] if version in named else int(version)
    return _Reading(service, results, corrections, audit, number, redacted)


Reading = Annotated[_Reading, Depends(_reading)]


def _either(*names: str) -> str:
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} or {last}"


_BESIDE_JSON = [each.media_type for each in Format if each is not Format.JSON]

_TRANSCRIPT_RESPONSES = problem_responses(400, 404, 410) | {
    200: {
        "headers": {
            "Retry-After": {
                "description": "While the job is RUNNING, so that there will be more: seconds to wait.",
                "schema": {"type": "integer"},
            },
        },
        "model": TranscriptResource,
        "content": {
            each.media_type: {"schema": {"type": "string"}} if each.is_text else {}
            for each in Format
            if each is not Format.JSON
        },
    }
}


@router.get(
    TRANSCRIPT,
    summary="Fetch the transcript",
    description=f"As JSON, or as `Accept` says: {_either(*_BESIDE_JSON)}.\n\n"
    "While the job is RUNNING, the sentences so far, with `Retry-After`; the last of them may still change.",
    responses=_TRANSCRIPT_RESPONSES,
    response_class=Response,
)
async def transcript(
    caller: Caller,
    transcription_id: str,
    reading: Reading,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """In the format that `Accept` likes best."""
    return await reading.answer(caller, transcription_id, preferred_format(accept))


@router.get(
    f"{TRANSCRIPT}.{{format_}}",
    summary="Fetch the transcript in a format",
    description=f"{_either(*(f'.{each}' for each in Format))}; while the job is RUNNING, what there is so far.",
    responses=_TRANSCRIPT_RESPONSES,
    response_class=Response,
)
async def transcript_as(
    caller: Caller,
    transcription_id: str,
    format_: Format,
    reading: Reading,
) -> Response:
    """In the format that the path names."""
    return await reading.answer(caller, transcription_id, format_)


_MEDIA_CONTENT: dict[str, Any] = {media_type: {} for media_type in ("application/octet-stream", *MEDIA_TYPES)}
_NOT_MODIFIED = {304: {"description": "It is as `If-None-Match` says."}}


@router.get(
    f"{_ONE}/Media",
    summary="Fetch the recording",
    responses=problem_responses(400, 404, 410, 416, 503)
    | _NOT_MODIFIED
    | {200: {"content": _MEDIA_CONTENT}, 206: {"content": _MEDIA_CONTENT, "description": "The range asked for."}},
    response_class=StreamingResponse,
)
async def media(
    request: Request,
    caller: Caller,
    transcription_id: str,
    service: Service,
    listening: Listening,
    audit: Audit,
    *,
    playable: Annotated[
        bool,
        Query(description="In a form that browsers play: as it was fetched where they play that, else as MP3."),
    ] = False,
    redacted: Redacted = True,
    range_: Annotated[str | None, Header(alias="Range")] = None,  # noqa: ARG001  for the document; read where it is kept to
) -> Response:
    """The bytes as they were fetched, or as they were redacted. Takes one range, as players ask for when they jump."""
    row = await DATABASE.run(service.fetch_to_hear, caller.account_sid, transcription_id)
    if not redacted:
        await _check_original(caller, row, "media", audit)
    found = await (listening.playable if playable else listening.as_fetched)(row, original=not redacted)
    audio = found.audio
    return blob_response(request, found.pieces, size=audio.size, media_type=found.media_type, etag=audio.etag)


@router.get(
    f"{_ONE}/Peaks",
    summary="Fetch the peaks of the recording",
    responses=problem_responses(400, 404, 410, 503) | _NOT_MODIFIED | {200: {"model": PeaksResource}},
    response_class=Response,
)
async def peaks(
    request: Request,
    caller: Caller,
    transcription_id: str,
    service: Service,
    listening: Listening,
    *,
    redacted: Redacted = True,
) -> Response:
    """What a waveform is drawn by. They are made once; while the job's turn has not come, when they are asked for."""
    row = await DATABASE.run(service.fetch_to_hear, caller.account_sid, transcription_id)
    if not redacted and row.redaction is not None:  # they say nothing that the log would have to tell
        caller.demand(Role.READ_ORIGINALS)
    document = await listening.peaks(row, original=not redacted)
    headers = {"ETag": f'"{hashlib.sha256(document).hexdigest()}"', **PRIVATE}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(document, headers=headers, media_type="application/json")


@router.get(
    f"{_ONE}/Events",
    summary="Watch a transcription",
    responses=problem_responses(404) | {200: {"content": {"text/event-stream": {}}}},
    response_class=EventSourceResponse,
)
async def events(
    request: Request, account: AccountSid, transcription_id: str, service: Service, base_url: BaseUrl
) -> Response:
    """Server-sent events `status`, `progress`, and `transcript` when there are more sentences to be read.

    Each has the transcription as data. The stream ends with the job. An account may have
    `CALLSCRIBE_ACCOUNT_STREAMS` of them.
    """
    watching: Watching = request.app.state.watching
    watching.check(account)
    row = await DATABASE.run(service.fetch, account, transcription_id)
    if is_head(request.scope):
        return Response(media_type="text/event-stream")
    return EventSourceResponse(_tell(watching.changes(row), transcription_id, base_url))


async def _tell(
    changes: AsyncGenerator[Transcription | None], transcription_id: str, base_url: str
) -> AsyncIterator[dict[str, str]]:
    told: tuple[Status, float, float] | None = None
    async with aclosing(changes):
        async for row in changes:
            if row is None:
                yield {"event": "deleted", "data": json.dumps({"id": transcription_id})}
                return
            readable = 0.0 if row.is_withheld else row.transcribed or 0.0
            current = (row.status, round(row.progress, 3), round(readable, 3))
            for event in _news(told, current):
                yield {"event": event, "data": TranscriptionResource.of(row, base_url).model_dump_json(by_alias=True)}
            told = current


def _news(told: tuple[Status, float, float] | None, current: tuple[Status, float, float]) -> Iterator[str]:
    """The events that tell how a job's status, progress and seconds of text differ from what was told."""
    if told is None or told[0] != current[0]:
        yield "status"
        return
    if told[1] != current[1]:
        yield "progress"
    if told[2] != current[2]:
        yield "transcript"


@router.get(_CALLBACKS, summary="List the callbacks of a transcription", responses=problem_responses(404))
def list_callbacks(account: AccountSid, transcription_id: str, service: Service) -> CallbackList:
    """With every attempt to deliver them."""
    rows = service.callbacks(account, transcription_id)
    return CallbackList(callbacks=[_callback(row) for row in rows])


@router.post(_CALLBACKS, status_code=202, summary="Send the callback again", responses=problem_responses(404, 410))
def send_callback_again(account: AccountSid, transcription_id: str, service: Service) -> CallbackResource:
    """The same body to the same address, signed anew; it appears in the list with its own attempts."""
    return _callback(service.send_callback_again(account, transcription_id))


def _callback(row: Callback) -> CallbackResource:
    return from_row(
        CallbackResource,
        row,
        status=row.delivery.value,
        error_code=Code.CALLBACK_TOO_LARGE.value if row.reduced else None,
        attempts=[Attempt.of(attempt) for attempt in row.attempts],
    )
