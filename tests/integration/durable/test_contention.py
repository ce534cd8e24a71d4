"""API and worker write to one SQLite file at the same time, each as fast as it can."""

import asyncio
from pathlib import Path

import httpx2

from harness import ACCOUNT_SID, AUTH_TOKEN, Server, eventually, running

JOBS = 120


async def create_all(server: Server, body: dict[str, str]) -> None:
    async with httpx2.AsyncClient(
        base_url=server.url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=60, trust_env=False
    ) as client:

        async def create() -> None:
            answer = await client.post("/v3/Transcriptions", json=body)
            assert answer.status_code == 202, answer.text

        for _ in range(JOBS // 10):
            await asyncio.gather(*(create() for _ in range(10)))


def test_two_writers_never_see_locked(tmp_path: Path) -> None:
    settings = {"CALLSCRIBE_MEDIA_ATTEMPTS": "1", "CALLSCRIBE_WORKER_CONCURRENCY": "8"}
    with running(tmp_path / "data", **settings) as server:
        # Nobody listens there, so that every job is nothing but writes to the database.
        body = {"transcriptionConfigurationId": server.configure(), "mediaUrl": "http://127.0.0.1:1/call.wav"}
        asyncio.run(create_all(server, body))
        with server.client() as client:

            def ended() -> bool:
                count, parameters = 0, {"status": "FAILED", "pageSize": "100"}
                while True:
                    page = client.get("/v3/Transcriptions", params=parameters).json()
                    count += len(page["transcriptions"])
                    if "nextToken" not in page["meta"]:
                        return count == JOBS
                    parameters["pageToken"] = page["meta"]["nextToken"]

            eventually(ended, timeout=120, interval=0.5)
        assert server.stop() == 0
    output = server.output()
    assert "locked" not in output
    assert "Traceback" not in output
    assert output.count('"transcription.ended"') == JOBS
