"""Whether the server lives and whether it can work, for supervisors and load balancers."""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from callscribe.monitoring.readiness import Readiness
from callscribe.web.wire import Wire

router = APIRouter(tags=["Health"])


class Health(Wire):
    """What works. `workers` are alive; `recognizing` of them are there for recognition, and nothing says it fails.

    `problems` say in words why the server is not ready. Jobs are taken as long as the database answers, and wait.
    """

    ready: bool
    database: bool
    blob_store: bool
    workers: int
    recognizing: int
    last_recognized_at: datetime | None = Field(
        description="When a model answered last, to a job or a trial; null where none has been asked yet."
    )
    problems: list[str] = Field(description="Why jobs are not taken or not done.")
    warnings: list[str] = Field(description="What keeps some jobs from being done, such as a provider's key.")


EXAMPLE = {
    "ready": True,
    "database": True,
    "blobStore": True,
    "workers": 1,
    "recognizing": 1,
    "lastRecognizedAt": "2026-03-02T09:30:12.480000+00:00",
    "problems": [],
    "warnings": [],
}


@router.get("/healthz", summary="Is the server up?")
async def healthz() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "ok"}


@router.get("/readyz", summary="Can the server work?", responses={200: {"model": Health}, 503: {"model": Health}})
async def readyz(request: Request) -> JSONResponse:
    """200 when database and blob store answer, and a live worker recognises as far as is known; else 503."""
    readiness: Readiness = request.app.state.readiness
    report = await readiness.awaited()
    return JSONResponse(report.document(), 200 if report.ready else 503)
