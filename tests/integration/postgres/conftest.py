"""A PostgreSQL and a bucket, each a real server."""

from collections.abc import Iterator
from contextlib import closing

import boto3
import pytest
from moto.server import ThreadedMotoServer

import servers


@pytest.fixture
def database_url() -> Iterator[str]:
    """A server for each test: a second data folder has another secret key than the accounts in the database."""
    with servers.postgresql() as server:
        yield server.url


@pytest.fixture(scope="module")
def object_store() -> Iterator[dict[str, str]]:
    """An S3 with a bucket, and what a process needs in its environment to reach it."""
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint, key = f"http://{host}:{port}", {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        with closing(boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **key)) as client:
            client.create_bucket(Bucket="calls")
        yield {
            "CALLSCRIBE_BLOBS_URL": "s3://calls/all",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
    finally:
        server.stop()
