import asyncio
import gzip
import hashlib
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from moto.server import ThreadedMotoServer

import callscribe
from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled, Code, JobError, TransientJobError
from callscribe.media.blobs import BlobStore
from callscribe.media.fetching import FetchedMedia, fetch, next_attempt
from callscribe.outbound import AllowList
from callscribe.settings import Settings
from media_server import Behaviour, MediaServer, body, cut_short, drip, endless, redirect, reset, status

KEY = "AC1/voice_transcription_1/media"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with MediaServer().running() as running:
        yield running


def settings(**values: Any) -> Settings:
    return Settings(**{"media_allow": ("127.0.0.1",), "media_stall_timeout": 5.0, **values})


class Store:
    """A blob store in a folder, and whether anything is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = BlobStore(folder.as_uri())

    @property
    def empty(self) -> bool:
        return not any(path.is_file() for path in self.folder.rglob("*"))

    def fetch(self, url: str, cancelled: Cancellation = NEVER, **values: Any) -> FetchedMedia:
        return fetch(url, blobs=self.blobs, key=KEY, settings=settings(**values), cancelled=cancelled)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "blobs")


def test_recording_fetched_whole(server: MediaServer, store: Store) -> None:
    data = bytes(range(256)) * 40_000
    server.paths["/call.wav"] = body(data, "audio/x-wav")
    fetched = store.fetch(server.url("/call.wav?signature=abc"))
    assert fetched == FetchedMedia(len(data), hashlib.sha256(data).hexdigest(), "audio/x-wav")
    assert store.blobs.get_bytes(KEY) == data
    path, headers = server.requests[0]
    assert path == "/call.wav?signature=abc"
    assert headers["Accept-Encoding"] == "identity"


def test_credentials_stay_on_their_host(server: MediaServer, tmp_path: Path) -> None:
    with MediaServer("127.0.0.2").running() as elsewhere:
        server.paths["/call"] = redirect(server.url("/moved"))
        server.paths["/moved"] = redirect(elsewhere.url("/call"))
        elsewhere.paths["/call"] = body(b"call")
        fetch(
            server.url("/call"),
            blobs=Store(tmp_path).blobs,
            key=KEY,
            settings=settings(media_allow=()),
            cancelled=NEVER,
            allow=AllowList(["127.0.0.0/8"]),
            credentials=("AC1", "token"),
        )
    assert [headers.get("Authorization") is not None for _, headers in server.requests] == [True, True]
    ((_, headers),) = elsewhere.requests
    assert "Authorization" not in headers


def test_redirects_are_followed(server: MediaServer, store: Store) -> None:
    server.paths["/a"] = redirect("/b")
    server.paths["/b"] = redirect(server.url("/c"))
    server.paths["/c"] = body(b"sound")
    assert store.fetch(server.url("/a")).size == 5


@pytest.mark.parametrize(
    ("encoding", "stored"),
    [
        ("gzip", gzip.compress(b"sound", mtime=0)),
        ("x-gzip", gzip.compress(b"so", mtime=0) + gzip.compress(b"und", mtime=0)),
        ("deflate", zlib.compress(b"sound")),
        ("deflate", zlib.compress(b"sound", wbits=-15)),
        ("identity", b"sound"),
        ("gzip", b"sound"),  # said, and not so
    ],
)
def test_compressed_body_is_unpacked(server: MediaServer, store: Store, encoding: str, stored: bytes) -> None:
    server.paths["/call"] = body(stored, Content_Encoding=encoding)
    assert store.fetch(server.url("/call")).sha256 == hashlib.sha256(b"sound").hexdigest()
    assert store.blobs.get_bytes(KEY) == b"sound"


@pytest.mark.parametrize("behaviour", [body(b"sound", code=203), body(b"sound", code=206, Content_Range="bytes 0-4/5")])
def test_whole_answers_are_taken(server: MediaServer, store: Store, behaviour: Behaviour) -> None:
    server.paths["/call"] = behaviour
    assert store.fetch(server.url("/call")).size == 5


def test_program_names_itself(server: MediaServer, store: Store) -> None:
    server.paths["/call"] = body(b"sound")
    store.fetch(server.url("/call"))
    assert server.requests[0][1]["User-Agent"] == f"callscribe/{callscribe.__version__}"


@pytest.mark.parametrize("path", ["/a/../b/./c%2Fd", "/a/..", "/./..//x"])
def test_signed_path_stays_as_written(server: MediaServer, store: Store, path: str) -> None:
    server.paths |= {path: body(b"sound"), "/there": redirect(f"{path}?signature=/../x")}
    store.fetch(server.url(f"{path}?signature=/../x"))
    store.fetch(server.url("/there"))
    assert [each for each, _ in server.requests] == [f"{path}?signature=/../x", "/there", f"{path}?signature=/../x"]


@pytest.mark.parametrize(
    ("answer", "made", "waited", "expected"),
    [
        (status(503, Retry_After="30"), 1, 0.0, 30.0),
        (status(429, Retry_After="30"), 9, 0.0, 512.0),  # waits grow
        (status(429, Retry_After="30"), 2, 571.0, None),  # beyond ten minutes in all
        (status(429, Retry_After="601"), 1, 0.0, None),
        (status(503, Retry_After="soon"), 1, 0.0, 2.0),
        (status(503, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), 1, 0.0, 2.0),
        (status(500, Retry_After="30"), 1, 0.0, 2.0),
        (status(500), 3, 0.0, 8.0),
        (status(500), 4, 0.0, None),
        (status(404), 1, 0.0, 5.0),
        (status(404), 2, 5.0, 20.0),
        (status(404), 3, 25.0, None),
    ],
)
def test_next_attempt(
    server: MediaServer, store: Store, answer: Behaviour, made: int, waited: float, expected: float | None
) -> None:
    server.paths["/call"] = answer
    with pytest.raises(TransientJobError) as failed:
        store.fetch(server.url("/call"))
    assert next_attempt(failed.value, made, waited, Settings()) == expected


@pytest.mark.parametrize(
    ("behaviour", "code", "transient"),
    [
        (status(404), Code.MEDIA_NOT_FOUND, True),
        (status(410), Code.MEDIA_NOT_FOUND, False),
        (status(401), Code.MEDIA_FORBIDDEN, False),
        (status(403), Code.MEDIA_FORBIDDEN, False),
        (status(400), Code.MEDIA_DOWNLOAD, False),
        (status(204), Code.MEDIA_DOWNLOAD, False),
        (status(206, Content_Range="bytes 0-3/8"), Code.MEDIA_DOWNLOAD, False),
        (status(206), Code.MEDIA_DOWNLOAD, False),
        (body(b"sound", Content_Encoding="br"), Code.MEDIA_DOWNLOAD, False),
        (body(gzip.compress(b"sound" * 99)[:-9], Content_Encoding="gzip"), Code.MEDIA_DOWNLOAD, True),
        (body(gzip.compress(bytes(20_000_001)), Content_Encoding="gzip"), Code.MEDIA_TOO_LARGE, False),
        (body(zlib.compress(b""), Content_Encoding="deflate"), Code.MEDIA_EMPTY, False),
        (status(429), Code.MEDIA_DOWNLOAD, True),
        (status(500), Code.MEDIA_DOWNLOAD, True),
        (status(503), Code.MEDIA_DOWNLOAD, True),
        (reset(), Code.MEDIA_DOWNLOAD, True),
        (reset(after=b"RIFF"), Code.MEDIA_DOWNLOAD, True),
        (cut_short(b"RIFF", 1000), Code.MEDIA_DOWNLOAD, True),
        (cut_short(b"RIFF", 10**12), Code.MEDIA_TOO_LARGE, False),
        (endless(), Code.MEDIA_TOO_LARGE, False),
        (body(b""), Code.MEDIA_EMPTY, False),
        (redirect("/media"), Code.MEDIA_DOWNLOAD, False),
        (redirect("http://169.254.169.254/latest/meta-data"), Code.MEDIA_HOST, False),
        (redirect("http://127.0.0.2:1/"), Code.MEDIA_HOST, False),
        (redirect("file:///etc/passwd"), Code.MEDIA_HOST, False),
        (redirect("gopher://127.0.0.1/"), Code.MEDIA_HOST, False),
    ],
)
def test_failing_host_has_its_code(
    server: MediaServer, store: Store, *, behaviour: Behaviour, code: Code, transient: bool
) -> None:
    server.paths["/media"] = behaviour
    with pytest.raises(JobError) as failed:
        store.fetch(server.url("/media"), media_max_bytes=20_000_000)
    assert failed.value.code == code
    assert isinstance(failed.value, TransientJobError) == transient
    assert store.empty


@pytest.mark.parametrize("in_headers", [False, True])
def test_byte_at_a_time_stopped(server: MediaServer, store: Store, *, in_headers: bool) -> None:
    server.paths["/media"] = drip(in_headers=in_headers)
    with pytest.raises(TransientJobError) as failed:
        store.fetch(server.url("/media"), media_stall_timeout=0.5)
    assert failed.value.code == Code.MEDIA_DOWNLOAD
    assert store.empty


def test_slow_download_stopped(server: MediaServer, store: Store) -> None:
    server.paths["/media"] = drip()
    with pytest.raises(TransientJobError, match=r"not done after 0\.6 s") as failed:
        store.fetch(server.url("/media"), media_timeout=0.6)
    assert failed.value.code == Code.MEDIA_DOWNLOAD
    assert store.empty


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.2/",
        "https://[::1]/",
        "https://nothing.invalid/a.wav",
        "https:///a.wav",
        "https://bad host/",
        "ftp://example.com/a.wav",
        "s3://not-allowed/a.wav",
    ],
)
def test_forbidden_host_refused(store: Store, url: str) -> None:
    with pytest.raises(JobError) as failed:
        store.fetch(url)
    assert failed.value.code == Code.MEDIA_HOST
    assert not isinstance(failed.value, TransientJobError)
    assert store.empty


def test_name_of_loopback_refused(monkeypatch: pytest.MonkeyPatch, server: MediaServer, store: Store) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: real("127.0.0.1" if host == "a.example" else host, *rest, **more),
    )
    with pytest.raises(JobError) as failed:
        store.fetch(f"https://a.example:{server.port}/", media_allow=())
    assert failed.value.code == Code.MEDIA_HOST
    assert not server.requests


def test_failing_resolver_may_be_retried(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    def failing(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    with pytest.raises(TransientJobError) as failed:
        store.fetch("https://media.example/a.wav")
    assert failed.value.code == Code.MEDIA_HOST


def test_closed_port_may_be_retried(store: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TransientJobError) as failed:
            store.fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert failed.value.code == Code.MEDIA_DOWNLOAD


def test_deletion_stops_download(server: MediaServer, store: Store) -> None:
    server.paths["/media"] = drip()
    cancelled = Cancellation()
    timer = threading.Timer(0.3, cancelled.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        store.fetch(server.url("/media"), cancelled=cancelled, media_stall_timeout=60)
    timer.join()
    assert store.empty


def test_url_credentials_sent_never_told(server: MediaServer, store: Store) -> None:
    server.paths["/media"] = status(500)
    with pytest.raises(JobError) as failed:
        store.fetch(f"http://user:secret@127.0.0.1:{server.port}/media")
    assert server.requests[0][1]["Authorization"].startswith("Basic ")
    assert "secret" not in str(failed.value)


def test_store_fault_blames_no_host(server: MediaServer, tmp_path: Path) -> None:
    server.paths["/media"] = body(b"sound")
    store = Store(tmp_path / "blobs")
    (tmp_path / "blobs" / "AC1").write_bytes(b"a file where a folder must be")
    with pytest.raises(Exception) as failed:
        store.fetch(server.url("/media"))
    assert not isinstance(failed.value, JobError)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    httpx2.post(f"{endpoint}/moto-api/reset")
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="calls")
    try:
        yield client
    finally:
        client.close()
        server.stop()


def test_fetched_from_allowed_bucket(s3: Any, store: Store) -> None:
    data = bytes(range(256)) * 5000
    s3.put_object(Bucket="calls", Key="2026/a call.wav", Body=data, ContentType="audio/wav")
    fetched = store.fetch("s3://calls/2026/a call.wav", media_allow=("s3://calls",))
    assert fetched == FetchedMedia(len(data), hashlib.sha256(data).hexdigest(), "audio/wav")
    assert store.blobs.get_bytes(KEY) == data


@pytest.mark.parametrize("key", ["a b.wav", "a?b=c.wav", "a#b.wav", "ä%20b.wav"])
def test_bucket_keys_are_literal(s3: Any, store: Store, key: str) -> None:
    s3.put_object(Bucket="calls", Key=key, Body=b"sound")
    assert store.fetch(f"s3://calls/{key}", media_allow=("s3://calls",)).size == 5


def test_versions_of_an_object(s3: Any, store: Store) -> None:
    s3.put_bucket_versioning(Bucket="calls", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="calls", Key="a b.wav", Body=b"first")["VersionId"]
    s3.put_object(Bucket="calls", Key="a b.wav", Body=b"another")
    allow = ("s3://calls",)
    assert store.fetch(f"s3://calls/a b.wav?versionId={first}", media_allow=allow).size == 5
    assert store.fetch("s3://calls/a b.wav", media_allow=allow).size == 7


def test_bucket_object_is_unpacked(s3: Any, store: Store) -> None:
    s3.put_object(Bucket="calls", Key="call.wav", Body=gzip.compress(b"sound"), ContentEncoding="gzip")
    store.fetch("s3://calls/call.wav", media_allow=("s3://calls",))
    assert store.blobs.get_bytes(KEY) == b"sound"


@pytest.mark.parametrize(
    ("path", "values", "code"),
    [
        ("missing.wav", {}, Code.MEDIA_NOT_FOUND),
        ("", {}, Code.MEDIA_NOT_FOUND),
        ("call.wav", {"media_max_bytes": 10}, Code.MEDIA_TOO_LARGE),
        ("empty.wav", {}, Code.MEDIA_EMPTY),
        ("call.wav", {"media_allow": ("s3://others",)}, Code.MEDIA_HOST),
    ],
)
def test_missing_object_has_its_code(s3: Any, store: Store, path: str, values: dict[str, Any], code: Code) -> None:
    s3.put_object(Bucket="calls", Key="call.wav", Body=bytes(100))
    s3.put_object(Bucket="calls", Key="empty.wav", Body=b"")
    with pytest.raises(JobError) as failed:
        store.fetch(f"s3://calls/{path}", **{"media_allow": ("s3://calls",), **values})
    assert failed.value.code == code
    assert store.empty


async def first(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces)


def test_object_store_keeps_blobs(s3: Any, tmp_path: Path) -> None:
    blobs = BlobStore("s3://calls/kept/here")
    pieces = [bytes([n]) * 1_000_000 for n in range(20)]
    blobs.put_stream(KEY, pieces)
    assert s3.head_object(Bucket="calls", Key=f"kept/here/{KEY}")["ContentLength"] == 20_000_000
    assert asyncio.run(first(blobs.pieces(KEY, 999_999, 1_000_001))) == b"\x00\x01"
    with blobs.local_path(KEY, tmp_path / "spool") as path:
        assert path.read_bytes() == b"".join(pieces)
    assert not list((tmp_path / "spool").iterdir())
    blobs.delete_prefix("AC1/voice_transcription_1")
    blobs.delete(KEY)
    assert not blobs.exists(KEY)


def test_broken_upload_aborted(s3: Any) -> None:
    def breaking() -> Iterator[bytes]:
        for _ in range(20):
            yield bytes(1_000_000)
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        BlobStore("s3://calls").put_stream(KEY, breaking())
    assert "Contents" not in s3.list_objects_v2(Bucket="calls")
    for _ in range(50):  # the abort is sent in the background
        if not s3.list_multipart_uploads(Bucket="calls").get("Uploads"):
            break
        time.sleep(0.1)
    assert not s3.list_multipart_uploads(Bucket="calls").get("Uploads")
