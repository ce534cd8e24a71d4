"""The peer of `api.py`: the least that a FastAPI server can do to keep what it accepted. One row, one commit.

Run by `api.py` as `uvicorn bare:app`; the database's path is in `BARE_DATABASE`.
"""

import os
import threading
from typing import Annotated, Any
from uuid import uuid4

import sqlalchemy as sa
from fastapi import Body, FastAPI

engine = sa.create_engine(f"sqlite:///{os.environ['BARE_DATABASE']}", connect_args={"check_same_thread": False})
writer = threading.Lock()
jobs = sa.Table("jobs", sa.MetaData(), sa.Column("id", sa.String, primary_key=True), sa.Column("body", sa.JSON))
app = FastAPI()


@sa.event.listens_for(engine, "connect")
def prepare(connection: Any, _record: object) -> None:
    """As safe against a power failure as callscribe."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


jobs.create(engine, checkfirst=True)


@app.post("/v3/Transcriptions", status_code=202)
def create(body: Annotated[dict[str, Any], Body()]) -> dict[str, str]:
    """Keep the body, answer with an id."""
    identifier = str(uuid4())
    with writer, engine.begin() as connection:
        connection.execute(jobs.insert().values(id=identifier, body=body))
    return {"id": identifier}
