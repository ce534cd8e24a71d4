import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from callscribe.errors import BlobDamaged, KeyUnknown, SealBroken, SetupError
from callscribe.media.blobs import BlobMissing, BlobStore, reap_copies
from callscribe.sealing import PIECE, new_key, sealed_size
from media_server import MediaServer

KEY = "AC0123/voice_transcription_01/media"


@pytest.fixture(params=["folder", "memory", "sealed folder", "sealed memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    blobs = BlobStore((tmp_path / "blob s").as_uri() if "folder" in request.param else "memory:///")
    return blobs.sealed_with(new_key()) if "sealed" in request.param else blobs


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def all_of(pieces: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in pieces]


def test_what_is_put_is_got(blobs: BlobStore) -> None:
    blobs.put_bytes(KEY, b"hello")
    assert blobs.get_bytes(KEY) == b"hello"
    assert blobs.size(KEY) == 5
    assert blobs.exists(KEY)


def test_putting_again_replaces(blobs: BlobStore) -> None:
    blobs.put_bytes(KEY, b"a longer one")
    blobs.put_stream(KEY, [b"sho", b"rt"])
    assert blobs.get_bytes(KEY) == b"short"


@pytest.mark.parametrize(("start", "end"), [(0, 4), (3, 2_500_000), (2_499_999, 2_500_000), (4, 4)])
def test_blob_part_comes_in_pieces(blobs: BlobStore, start: int, end: int) -> None:
    data = bytes(range(250)) * 10_000
    blobs.put_bytes(KEY, data)
    pieces = asyncio.run(all_of(blobs.pieces(KEY, start, end)))
    assert b"".join(pieces) == data[start:end]
    assert all(0 < len(piece) <= 1024 * 1024 for piece in pieces)


def test_many_part_stream_is_whole(blobs: BlobStore) -> None:
    pieces = [bytes([n % 251]) * 700_001 for n in range(40)]
    blobs.put_stream(KEY, pieces)
    assert b"".join(blobs.stream(KEY)) == b"".join(pieces)


def test_broken_stream_leaves_nothing(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path.as_uri())

    def breaking() -> Iterator[bytes]:
        for _ in range(30):
            yield bytes(1_000_000)
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        blobs.put_stream(KEY, breaking())
    assert not blobs.exists(KEY)
    assert not files(tmp_path)


def test_broken_stream_keeps_old_blob(blobs: BlobStore) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"new"
        raise ValueError

    blobs.put_bytes(KEY, b"old")
    with pytest.raises(ValueError):
        blobs.put_stream(KEY, breaking())
    assert blobs.get_bytes(KEY) == b"old"


def test_missing_blob_said(blobs: BlobStore, tmp_path: Path) -> None:
    for read in (
        lambda: blobs.get_bytes(KEY),
        lambda: blobs.size(KEY),
        lambda: asyncio.run(all_of(blobs.pieces(KEY, 0, 1))),
        lambda: list(blobs.stream(KEY)),
        lambda: blobs.local_path(KEY, tmp_path).__enter__(),
    ):
        with pytest.raises(BlobMissing, match=KEY):
            read()
    assert not blobs.exists(KEY)


def test_deleting_twice_is_as_once(blobs: BlobStore) -> None:
    blobs.put_bytes(KEY, b"x")
    blobs.delete(KEY)
    blobs.delete(KEY)
    assert not blobs.exists(KEY)


def test_prefix_deletes_its_folder_only(blobs: BlobStore) -> None:
    for key in ("AC1/t1/media", "AC1/t1/chunks/0", "AC1/t10/media"):
        blobs.put_bytes(key, b"x")
    blobs.delete_prefix("AC1/t1")
    blobs.delete_prefix("AC1/t1")
    assert not blobs.exists("AC1/t1/media")
    assert not blobs.exists("AC1/t1/chunks/0")
    assert blobs.exists("AC1/t10/media")


@pytest.mark.parametrize("prefix", ["", "/", "AC1/../..", ".."])
def test_prefix_outside_store_refused(blobs: BlobStore, prefix: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        blobs.delete_prefix(prefix)


def test_unfinished_uploads_go_with_prefix(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path.as_uri())
    blobs.put_bytes(KEY, b"x")
    (tmp_path / f"{KEY}#1").write_bytes(b"of a process that was killed")
    blobs.delete_prefix("AC0123/voice_transcription_01")
    assert not files(tmp_path)


def test_local_path_leaves_no_copy(blobs: BlobStore, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    blobs.put_bytes(KEY, b"sound")
    with blobs.local_path(KEY, spool) as path:
        assert path.read_bytes() == b"sound"
    assert not spool.exists() or not files(spool)
    assert blobs.exists(KEY)


def test_copy_removed_elsewhere_is_let_go(tmp_path: Path) -> None:
    blobs = BlobStore("memory:///")
    blobs.put_bytes(KEY, b"sound")
    with blobs.local_path(KEY, tmp_path / "spool") as path:
        shutil.rmtree(path.parent)
    assert not files(tmp_path)


def test_only_dead_processes_copies_go(tmp_path: Path) -> None:
    blobs = BlobStore("memory:///")
    blobs.put_bytes(KEY, b"sound")
    left, begun = tmp_path / "left.blob", tmp_path / "begun.blob"
    for path in (left, begun):
        path.write_bytes(b"of a process that was killed")
    with blobs.local_path(KEY, tmp_path) as copy:
        for path in (left, copy):
            os.utime(path, (0, 0))
        reap_copies(tmp_path)
        assert set(files(tmp_path)) == {begun, copy}


def test_bad_url_says_what_to_set() -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_BLOBS_URL"):
        BlobStore("gopher://somewhere/")


def test_killed_writers_rest_is_removable(tmp_path: Path) -> None:
    script = (
        "import os, sys; from callscribe.media.blobs import BlobStore\n"
        "def pieces():\n"
        "    yield bytes(9 * 1024**2)\n"
        "    yield bytes(9 * 1024**2)\n"
        "    os.kill(os.getpid(), 9)\n"
        "BlobStore(sys.argv[1]).put_stream('a/media', pieces())"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path.as_uri()], check=False)
    assert [path.name for path in (tmp_path / "a").iterdir()] != []
    store = BlobStore(tmp_path.as_uri())
    store.put_bytes("a/whole", b"1")
    store.delete_unfinished("a")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["whole"]


def test_copy_outlives_its_original(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path.as_uri())
    blobs.put_bytes("a/media", b"call")
    for _ in range(2):
        blobs.copy("a/media", "b/media")
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["media"]
    blobs.put_bytes("a/media", b"another")
    blobs.delete_prefix("a")
    assert blobs.get_bytes("b/media") == b"call"
    with pytest.raises(BlobMissing):
        blobs.copy("a/media", "b/media")
    assert blobs.get_bytes("b/media") == b"call"


@pytest.fixture
def on_the_way(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., BlobStore]]:
    """A bucket of which the only blob comes as these answers, one after the other, the last again and again."""
    with MediaServer().running() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url(""))
        for name in ("AWS_ALLOW_HTTP", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            monkeypatch.setenv(name, "true")

        def store(*answers: bytes) -> BlobStore:
            left = list(answers)

            def answer(handler: BaseHTTPRequestHandler, _stopping: threading.Event) -> None:
                data = left.pop(0) if len(left) > 1 else left[0]
                handler.send_response(200)
                handler.send_header("ETag", '"1"')
                handler.send_header("Last-Modified", "Mon, 02 Mar 2026 09:30:00 GMT")
                handler.send_header("Content-Length", str(len(data)))
                handler.end_headers()
                handler.wfile.write(data)

            server.paths[f"/bucket/{KEY}"] = answer
            return BlobStore("s3://bucket")

        yield store


def test_what_is_sealed_is_not_found_in_the_files(tmp_path: Path) -> None:
    plain, key = BlobStore(tmp_path.as_uri()), new_key()
    blobs = plain.sealed_with(key)
    data = os.urandom(16) * (PIECE // 8)
    blobs.put_bytes("a", data)
    blobs.put_stream("b", [data[:100], data[100:]])
    asyncio.run(blobs.put_async("c", _coming(data)))
    assert blobs.put_new("d", data)
    blobs.put_document("e", data)
    assert not any(data[:16] in path.read_bytes() for path in files(tmp_path))
    assert [blobs.get_bytes(name) == data for name in "abcd"] == [True] * 4
    assert blobs.get_document("e") == data
    assert blobs.size("b") == len(data)
    assert plain.stored_size("b") == sealed_size(len(data))
    with blobs.local_path("c", tmp_path, sha256=hashlib.sha256(data).hexdigest()) as path:
        assert path.read_bytes() == data
    with pytest.raises(KeyUnknown):
        plain.sealed_with(new_key()).get_bytes("a")


async def _coming(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 10_001):
        yield data[start : start + 10_001]


def test_what_was_there_is_read_as_it_is(blobs: BlobStore, tmp_path: Path) -> None:
    blobs.put_bytes(KEY, b"in plain")
    later = blobs.sealed_with(new_key())
    assert later.get_bytes(KEY) == b"in plain"
    assert b"".join(later.stream(KEY)) == b"in plain"
    assert b"".join(asyncio.run(all_of(later.pieces(KEY, 3, 8)))) == b"plain"
    assert later.size(KEY) == 8
    with later.local_path(KEY, tmp_path) as path:
        assert path.read_bytes() == b"in plain"


def test_a_changed_sealed_blob_is_damaged(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path.as_uri()).sealed_with(new_key())
    blobs.put_document(KEY, b"what was said")
    file = tmp_path / KEY
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(BlobDamaged, match=KEY):
        blobs.get_document(KEY)
    with pytest.raises(SealBroken):
        asyncio.run(all_of(blobs.pieces(KEY, 0, 5)))
    with pytest.raises(BlobDamaged), blobs.local_path(KEY, tmp_path, sha256=hashlib.sha256(b"").hexdigest()):
        pass


SHA256 = hashlib.sha256(b"sound").hexdigest()


def test_a_copy_that_was_damaged_on_the_way_is_made_again(on_the_way: Callable[..., BlobStore], tmp_path: Path) -> None:
    with on_the_way(b"round", b"sound, and more", b"sound").local_path(KEY, tmp_path, sha256=SHA256) as path:
        assert path.read_bytes() == b"sound"
    with pytest.raises(BlobDamaged, match=KEY), on_the_way(b"round").local_path(KEY, tmp_path, sha256=SHA256):
        pass
    assert not files(tmp_path)


def test_a_file_of_a_folder_that_was_damaged_is_refused(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path.as_uri())
    blobs.put_bytes(KEY, b"round")
    with pytest.raises(BlobDamaged), blobs.local_path(KEY, tmp_path / "spool", sha256=SHA256):
        pass


def test_a_document_is_what_was_put_there_or_nothing(on_the_way: Callable[..., BlobStore], tmp_path: Path) -> None:
    folder = BlobStore(tmp_path.as_uri())
    size = folder.put_document(KEY, b"words")
    stored = folder.get_bytes(KEY)
    assert (len(stored), folder.get_document(KEY)) == (size, b"words")

    foreign = b"<html>Welcome to the hotel</html>"
    assert on_the_way(foreign, stored.replace(b"w", b"s"), stored).get_document(KEY) == b"words"
    for damaged in (foreign, b"", stored[:-1], stored.replace(b"w", b"s"), b"words"):
        with pytest.raises(BlobDamaged):
            on_the_way(damaged).get_document(KEY)
