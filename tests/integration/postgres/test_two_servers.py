"""Quotas where two server processes share a database: asked at the same time, they give no more than they may."""

from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

import servers
from faults.clips import clip
from harness import ACCOUNT_SID, AUTH_TOKEN, running

JOBS = 20
UPLOADS = 3


def test_two_servers_share_limits(tmp_path: Path) -> None:
    audio = clip(0.5, 3.0)
    with servers.postgresql() as postgresql:
        shared = {
            "CALLSCRIBE_DATABASE_URL": postgresql.url,
            "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(32)).decode(),
            "CALLSCRIBE_ACCOUNT_JOBS_WAITING": str(JOBS),
            "CALLSCRIBE_ACCOUNT_STORED_BYTES": str(UPLOADS * len(audio) + 100),
        }
        with (
            running(tmp_path / "one", command="api", **shared) as one,
            running(tmp_path / "two", command="api", **shared) as two,
            ThreadPoolExecutor(8) as threads,
            httpx2.Client(auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=60, trust_env=False) as client,
        ):
            configuration = one.configure()

            def create(number: int) -> int:
                body = {"transcriptionConfigurationId": configuration, "mediaUrl": "https://media.example.com/call.wav"}
                return client.post(f"{(one, two)[number % 2].url}/v3/Transcriptions", json=body).status_code

            def upload(number: int) -> int:
                url = f"{(one, two)[number % 2].url}/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings.json"
                return client.post(url, content=audio, headers={"Content-Type": "audio/wav"}).status_code

            answers = list(threads.map(create, range(6 * JOBS)))
            assert set(answers) == {202, 429}
            # Each process gives at most what it has counted itself; a second later it knows of the other's.
            assert JOBS <= answers.count(202) <= 2 * JOBS
            assert postgresql.rows("SELECT count(*) FROM transcriptions") == [(answers.count(202),)]

            def room() -> bool:
                return any(create(number) == 202 for number in (0, 1))

            for _ in range(3):
                assert not room()
            answers = list(threads.map(upload, range(4 * UPLOADS)))
            assert answers.count(201) == UPLOADS
            assert answers.count(429) == 3 * UPLOADS
            assert postgresql.rows("SELECT stored_bytes FROM account_storage") == [(UPLOADS * len(audio),)]
            assert postgresql.rows("SELECT count(*) FROM recording_intakes") == [(0,)]
            for server in (one, two):
                assert "request.failed" not in server.output()
                assert not [path for path in (server.data / "spool").iterdir() if path.suffix == ".room"]
