"""With encryption on, machines that share a PostgreSQL, a bucket and the keys: they read it, and nobody else does."""

import base64
from base64 import urlsafe_b64encode
from contextlib import closing
from pathlib import Path

import boto3
import psycopg
import pytest
from psycopg import sql

from callscribe.sealing import is_sealed, new_key
from faults.clips import clip
from harness import ACCOUNT_SID, running
from media_server import MediaServer, body

TITLE, NAME = "A tent for Zarathustra", "Emmeline Carterton"


def everything(url: str) -> str:
    """Every row of every table, DBOS's own with them, as text."""
    found = []
    with psycopg.connect(url) as connection:
        query = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        for schema, table in connection.execute(query).fetchall():
            if schema not in {"pg_catalog", "information_schema"}:
                rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table)))
                found += [row[0] for row in rows]
    return "\n".join(found)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_shared_and_sealed(tmp_path: Path, database_url: str, object_store: dict[str, str]) -> None:
    shared = {
        "CALLSCRIBE_DATABASE_URL": database_url,
        "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(32)).decode(),
        "CALLSCRIBE_CHUNK_SECONDS": "10",
        "CALLSCRIBE_ENCRYPTION": "account",
        "CALLSCRIBE_MASTER_KEY": base64.b64encode(new_key()).decode(),
        **object_store,
        # Folders of its own: all servers of one process have the same buckets.
        "CALLSCRIBE_BLOBS_URL": "s3://calls/sealed",
        "CALLSCRIBE_KEYS_URL": "s3://calls/keys",
    }
    sound = clip(0.0, 25.0)
    with (
        MediaServer().running() as media,
        running(tmp_path / "api", command="api", **shared) as api,
        running(tmp_path / "worker", command="worker", **shared) as worker,
    ):
        media.paths["/call.wav"] = body(sound)
        people = [{"audioChannelIndex": 1, "name": NAME, "address": "+15550142"}]
        job = api.submit(api.configure(), media.url("/call.wav"), title=TITLE, participants=people)
        assert api.ended(job)["status"] == "COMPLETED", worker.output()
        sentences = api.transcript(job)["sentences"]
        assert "Riverside" in sentences[0]["text"]
        with api.client() as client:
            assert client.get(f"/v3/Transcriptions/{job}").json()["transcription"]["title"] == TITLE
            part = client.get(f"/v3/Transcriptions/{job}/Media", headers={"Range": "bytes=65000-140000"})
            assert part.content == sound[65000:140001]
            found = client.get("/v3/Transcriptions", params={"search": "riverside"}).json()["transcriptions"]
            assert [each["id"] for each in found] == [job]
        rows = everything(database_url)
        assert job in rows
        for secret in (TITLE, NAME, "+15550142", *(each["text"] for each in sentences)):
            assert secret not in rows
        names = {name: value for name, value in object_store.items() if name.startswith("AWS_")}
        credentials = {name.lower(): names[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        endpoint = names["AWS_ENDPOINT_URL"]
        with closing(boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **credentials)) as s3:
            kept = {
                each["Key"]: s3.get_object(Bucket="calls", Key=each["Key"])["Body"].read()
                for each in s3.list_objects_v2(Bucket="calls")["Contents"]
            }
        assert f"keys/{ACCOUNT_SID}/000001" in kept
        blobs = {key: data for key, data in kept.items() if f"sealed/{ACCOUNT_SID}/" in key}
        assert len(blobs) >= 2
        assert all(is_sealed(data) for data in blobs.values())
