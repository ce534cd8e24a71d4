"""Recordings as sources of transcriptions, for contract tests: given to a server, or written into its database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
from sqlalchemy.orm import Session

from callers import Caller
from callscribe.db.engine import Database
from callscribe.ids import new_call_sid, new_recording_sid
from callscribe.recordings.tables import Call, Recording
from callscribe.settings import Settings
from harness import Server

CALLER, CALLED = "+15550100", "+15550199"
CALL = {"From": CALLER, "To": CALLED, "Direction": "inbound", "StartTime": "2026-03-02T09:30:00Z"}
"""What is sent with an upload."""

STARTED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@contextmanager
def writing(server: Server) -> Iterator[Session]:
    """A transaction in a server's database."""
    database = Database(Settings(data_dir=server.data).database)
    try:
        with database.write() as session:
            yield session
    finally:
        database.close()


def put_recording(server: Server, account_sid: str, call: dict[str, Any] | None = None, **fields: Any) -> str:
    """A recording whose audio nobody asks for, of a call with CALLER and CALLED and these fields; its SID."""
    sid, call_sid = new_recording_sid(), new_call_sid()
    known = {"from_": CALLER, "to": CALLED, "direction": "inbound", **(call or {})}
    usual = {"channels": 2, "duration": 6.0, "start_time": STARTED, "source": "DialVerb", "status": "completed"}
    usual["blobs"] = f"{account_sid}/{sid}/{secrets.token_hex(16)}"
    with writing(server) as session:
        session.add(Call(account_sid=account_sid, sid=call_sid, **known))
        session.add(Recording(account_sid=account_sid, sid=sid, call_sid=call_sid, **usual | fields))
    return sid


def change_recording(server: Server, account_sid: str, sid: str, **fields: Any) -> None:
    """Give a recording other fields."""
    with writing(server) as session:
        row = session.get(Recording, (account_sid, sid))
        assert row is not None
        for name, value in fields.items():
            setattr(row, name, value)


def transcribe(caller: Caller, sid: str, configuration_id: str | None = None, **fields: Any) -> httpx2.Response:
    body = {"transcriptionConfigurationId": configuration_id or caller.configure(participantDefaults=None)}
    return caller.http.post("/v3/Transcriptions", json={**body, "sourceId": sid, **fields})


def accepted(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    resource: dict[str, Any] = answer.json()["transcription"]
    return resource


def refused(answer: httpx2.Response) -> tuple[int, int, str, str]:
    problem = answer.json()
    return problem["code"], answer.status_code, problem["errors"][0]["pointer"], problem["detail"]


def parties(resource: dict[str, Any]) -> list[tuple[int, str | None, str | None]]:
    return [(each["audioChannelIndex"], each["type"], each["address"]) for each in resource["participants"]]


def upload(caller: Caller, audio: bytes, **fields: str) -> str:
    """A recording given to the server; its SID."""
    answer = caller.http.post(
        f"/2010-04-01/Accounts/{caller.sid}/Recordings.json",
        params=fields,
        content=audio,
        headers={"Content-Type": "audio/wav"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sid"])


def make_conversation_configuration(caller: Caller) -> str:
    document = {
        "displayName": "Calls",
        "description": "Every call of a customer",
        "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
    }
    answer = caller.http.post("/v2/ControlPlane/Configurations", json=document)
    assert answer.status_code == 202, answer.text
    listed = caller.http.get("/v2/ControlPlane/Configurations").json()
    return str(listed["configurations"][0]["id"])


def record_with(caller: Caller, configurations: list[str]) -> None:
    """Have the account's recordings transcribed with these configurations."""
    features = [{"type": "transcriptionConfiguration", "featureId": each} for each in configurations]
    document = {"configuration": {"configurationType": "Recording", "features": features}}
    answer = caller.http.post("/v2/Configurations/Recording", json=document)
    assert answer.status_code == 201, answer.text
    chosen = {"configuration_id": answer.json()["id"]}
    assert caller.http.post("/v2/Configurations/Recording/Default", json=chosen).status_code == 204
