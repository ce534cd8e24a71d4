"""Whether the server lives and whether it can work, for supervisors and load balancers."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from callscribe.db.engine import Database
from callscribe.durable.liveness import live_workers

router = APIRouter(tags=["Health"])


class Health(BaseModel):
    """What works. Without workers jobs are taken and wait."""

    database: bool
    workers: int


@router.get("/healthz", summary="Is the server up?")
def healthz() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "ok"}


@router.get("/readyz", summary="Can the server work?", responses={200: {"model": Health}, 503: {"model": Health}})
def readyz(request: Request) -> JSONResponse:
    """200 when the database answers and a worker is alive, else 503."""
    database: Database = request.app.state.database
    try:
        workers = len(live_workers(database))
    except SQLAlchemyError:
        return JSONResponse(Health(database=False, workers=0).model_dump(), 503)
    return JSONResponse(Health(database=True, workers=workers).model_dump(), 200 if workers else 503)
