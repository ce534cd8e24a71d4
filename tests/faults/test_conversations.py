"""Kill -9 around the moment in which a finished transcript is stored in a conversation: stored once, told once."""

import sqlite3
import time
from pathlib import Path

import pytest

from callers import Caller, Front
from callscribe.accounts.service import Credentials
from faults.clips import clip
from harness import ACCOUNT_SID, AUTH_TOKEN, Receiver, Server, eventually, running
from sourcing import CALL, accepted, make_conversation_configuration, transcribe, upload

DELAYS = (0.0, 0.003, 0.01, 0.03)
"""Seconds between the conversation's commit, when it is seen, and the kill."""


def conversation_of(server: Server, job: str) -> str | None:
    """The conversation of a job as the database has it, no matter what the server would say."""
    connection = sqlite3.connect(f"file:{server.data / 'callscribe.db'}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT conversation_id FROM transcriptions WHERE id = ?", (job,)).fetchone()
    finally:
        connection.close()
    return row[0] if row else None


def communications(caller: Caller, conversation: str) -> list[str]:
    answer = caller.http.get(f"/v2/Conversations/{conversation}/Communications", params={"pageSize": 100})
    return [each["resourceId"] for each in answer.json()["communications"]]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_stored_once_despite_kills(tmp_path: Path) -> None:
    with Receiver().listening() as receiver, running(tmp_path / "data") as server:
        credentials = Credentials(ACCOUNT_SID, AUTH_TOKEN)
        front = Front(server)
        caller = front.caller(credentials)
        configuration = caller.configure(
            participantDefaults=None,
            conversationConfigurationId=make_conversation_configuration(caller),
            transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        )
        sid = upload(caller, clip(0.5, 12.0), **CALL)
        jobs = []
        for delay in DELAYS:
            job = accepted(transcribe(caller, sid, configuration))["id"]
            jobs.append(job)
            eventually(lambda job=job: conversation_of(server, job), interval=0.002)  # type: ignore[misc]
            time.sleep(delay)
            server.kill_tree()
            front.close()
            server.start()
            front = Front(server)
            caller = front.caller(credentials)
        ended = [caller.ended(job) for job in jobs]
        assert [each["status"] for each in ended] == ["COMPLETED"] * len(jobs)
        sentences = {job: len(server.transcript(job)["sentences"]) for job in jobs}
        # All calls are of the same two parties.
        (conversation,) = {each["conversationId"] for each in ended}
        stored = communications(caller, conversation)
        assert sorted(stored) == sorted(f"{job}:{index}" for job in jobs for index in range(sentences[job]))
        eventually(lambda: {each.json["id"] for each in receiver.received} == set(jobs))
        front.close()
    told = {each.json["id"]: each.json["conversationId"] for each in receiver.received}
    assert told == dict.fromkeys(jobs, conversation)
    # An attempt may be repeated by the one that takes over; what it says does not change.
    assert len({each.body for each in receiver.received}) == len(jobs)
