"""Errors as answers: problem documents (RFC 9457) for v3, the legacy shape for the older APIs."""

from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from obstore.exceptions import BaseError
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from callscribe import outages
from callscribe.errors import BlobDamaged, Code, FieldError, KeyUnknown, RequestError
from callscribe.web.methods import methods_of
from callscribe.web.observation import id_headers
from callscribe.web.wire import invalid_parameters, optional

LEGACY_PREFIXES = ("/v1/", "/v2/", "/2010-04-01/")
_NOTHING = "There is nothing at this address."

_log = structlog.get_logger(__name__)

_CODES_BY_STATUS = {
    401: Code.AUTHENTICATE,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.TOO_LARGE,
    429: Code.TOO_MANY_REQUESTS,
}


EXAMPLES: dict[str, dict[str, Any]] = {
    "Problem": {
        "type": Code.MEDIA_URL_INVALID.type,
        "title": Code.MEDIA_URL_INVALID.title,
        "status": 400,
        "detail": "mediaUrl: must be an absolute https or s3 URL",
        "instance": "/v3/Transcriptions",
        "code": Code.MEDIA_URL_INVALID.value,
        "errors": [{"detail": "mediaUrl: must be an absolute https or s3 URL", "pointer": "/mediaUrl"}],
    },
    "LegacyError": {
        "code": Code.NOT_FOUND.value,
        "message": "There is no Transcription configuration support-calls.",
        "more_info": Code.NOT_FOUND.type,
        "status": 404,
    },
}


_MOST_DETAIL = 1024
Detail = Annotated[str, Field(min_length=16, max_length=_MOST_DETAIL)]
"""As long as clients with Twilio's schemas take it."""


class ProblemField(BaseModel):
    """One fault in the request; `pointer` is a JSON pointer into the body."""

    detail: Detail
    pointer: str


class Problem(BaseModel):
    """A problem document."""

    type: str
    title: Annotated[str, Field(min_length=16, max_length=128)]
    status: int
    detail: Detail
    instance: str
    code: int
    errors: list[ProblemField] = []


class LegacyDetails(BaseModel):
    """What is wrong with which field."""

    errors: list[ProblemField]


class LegacyError(BaseModel):
    """An error of the older APIs. `details` are there where fields of the body are at fault."""

    code: int
    message: str
    more_info: str
    status: int
    details: LegacyDetails | None = optional()


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: what an endpoint of v3 may answer instead."""
    return {
        status: {"model": Problem, "content": {"application/problem+json": {}}}
        for status in (401, 429, 500, 503, *statuses)
    }


def legacy_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: what an endpoint of the older APIs may answer instead."""
    return {status: {"model": LegacyError} for status in (401, 429, 500, 503, *statuses)}


def render(error: RequestError, path: str) -> JSONResponse:
    """The answer to a request that is refused."""
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="callscribe"'
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.conflicting is not None:
        headers["X-Conflicting-Resource-Id"] = error.conflicting
    detail = error.detail[:_MOST_DETAIL]
    errors = [{"detail": field.detail[:_MOST_DETAIL], "pointer": field.pointer} for field in error.errors]
    if path.startswith(LEGACY_PREFIXES):
        body: dict[str, Any] = {
            "code": error.code.value,
            "message": detail,
            "more_info": error.code.type,
            "status": error.status,
        }
        if errors:
            body["details"] = {"errors": errors}
        return JSONResponse(body, error.status, headers)
    body = {
        "type": error.code.type,
        "title": error.code.title,
        "status": error.status,
        "detail": detail,
        "instance": path,
        "code": error.code.value,
        "errors": errors,
    }
    return JSONResponse(body, error.status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of the application in these forms."""

    @app.exception_handler(RequestError)
    async def refused(request: Request, error: RequestError) -> JSONResponse:
        answer = render(error, request.url.path)
        if error.status == 401 and "X-Requested-With" in request.headers:
            # A script asks: its page has a form for this, and the browser shall not show its own.
            answer.headers["WWW-Authenticate"] = 'Session realm="callscribe"'
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = error.errors()
        if faults[0]["loc"][0] == "path":
            return render(RequestError(Code.NOT_FOUND, _NOTHING), request.url.path)
        return render(invalid_parameters(faults), request.url.path)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES_BY_STATUS.get(error.status_code, Code.INVALID_PARAMETER)
        detail = _NOTHING if error.status_code == 404 else str(error.detail)
        errors = [FieldError(detail, "")] if error.status_code == 400 else ()
        answer = render(RequestError(code, detail, errors=errors, status=error.status_code), request.url.path)
        answer.headers.update(error.headers or {})
        if error.status_code == 405 and (methods := methods_of(request.app.openapi(), request.url.path)):
            answer.headers["Allow"] = ", ".join(methods)
        return answer

    # Before the server takes them for faults of the program: what is only away for now.
    @app.exception_handler(SQLAlchemyError)
    @app.exception_handler(BaseError)
    @app.exception_handler(OSError)
    @app.exception_handler(BlobDamaged)
    @app.exception_handler(KeyUnknown)
    async def away(request: Request, error: Exception) -> JSONResponse:
        reason = error.detail if isinstance(error, BlobDamaged | KeyUnknown) else outages.outage(error)
        if reason is None:
            return await failed(request, error)
        _log.error("request.not_served", path=request.url.path, reason=reason)
        detail = f"The server cannot do this now: {reason}. Try again later."
        refusal = RequestError(Code.INTERNAL, detail, status=503, retry_after=outages.RETRY_AFTER)
        return render(refusal, request.url.path)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        _log.error("request.failed", path=request.url.path, exc_info=error)
        answer = render(RequestError(Code.INTERNAL, "The server failed; the log says why."), request.url.path)
        # Starlette answers such a fault outside of everything that would name the request.
        answer.raw_headers.extend(id_headers(request.state.request_id))
        return answer
