"""Room in the spool: never more than the limit, in turn, across processes, and free again with its owner."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from callscribe.cancellation import Cancellation
from callscribe.errors import Cancelled, JobError
from callscribe.media import spool as module
from callscribe.media.blobs import BlobStore
from callscribe.media.spool import Spool, SpoolFull

NOW = 0.0
"""Patience for no more than one look."""


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", max_bytes=100)


def rooms(spool: Spool) -> list[Path]:
    return list(spool.root.glob(f"*{module.SUFFIX}"))


@contextmanager
def waiting(
    spool: Spool, size: int, then: Callable[[], None] = lambda: None, *, account: str = ""
) -> Iterator[threading.Event]:
    """Somebody who waits for room until the end of the block, and says when there was some."""
    got, over = threading.Event(), Cancellation()

    def run() -> None:
        try:
            with spool.room(size, over, account=account):
                then()
                got.set()
        except Cancelled:
            pass

    before = len(rooms(spool))
    thread = threading.Thread(target=run)
    thread.start()
    while len(rooms(spool)) == before and not got.is_set():
        time.sleep(0.01)
    try:
        yield got
    finally:
        over.cancel()
        thread.join()


def test_nobody_exceeds_limit(spool: Spool) -> None:
    with spool.room(60), spool.room(40):
        assert spool.claimed() == 100
        with pytest.raises(SpoolFull), spool.room(1, patience=NOW):
            pass
    assert spool.claimed() == 0
    assert rooms(spool) == []
    with spool.room(100):
        pass


def test_waiter_gets_freed_room(spool: Spool) -> None:
    with ExitStack() as stack:
        stack.enter_context(spool.room(80))
        with waiting(spool, 50) as got:
            assert spool.is_wanted()
            assert not got.wait(0.5)
            stack.close()
            assert got.wait(30)
    assert not spool.is_wanted()


def test_large_is_not_passed_for_ever(spool: Spool) -> None:
    order: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(spool.room(50))
        with (
            waiting(spool, 90, lambda: order.append("large")) as large,
            waiting(spool, 20, lambda: order.append("small")) as small,
        ):
            assert not small.wait(0.5)  # though there would be room for it
            assert not large.is_set()
            stack.close()
            assert large.wait(30)
            assert small.wait(30)
    assert order == ["large", "small"]


def test_fewest_bytes_then_oldest_next(spool: Spool) -> None:
    order: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(spool.room(50, account="AC1"))
        ending = [stack.enter_context(ExitStack()) for _ in range(2)]
        for each, size in zip(ending, (10, 30), strict=True):
            each.enter_context(spool.room(size, account="AC3"))
        got = [
            stack.enter_context(waiting(spool, size, partial(order.append, name), account=name[:3]))
            for name, size in (("AC1 first", 11), ("AC2 large", 40), ("AC2 small", 5), ("AC1 last", 5))
        ]
        ending[0].close()
        # There is room for all but the large one; and that is next.
        assert not any(each.wait(0.3) for each in got)
        ending[1].close()
        assert all(each.wait(30) for each in got)
    assert order == ["AC2 large", "AC2 small", "AC1 first", "AC1 last"]


def test_small_one_passes_crowd(spool: Spool) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        first.enter_context(spool.room(20, account="AC1"))
        stack.enter_context(spool.room(80, account="AC1"))
        for _ in range(3):
            stack.enter_context(waiting(spool, 60, account="AC1"))
        small = stack.enter_context(waiting(spool, 15, account="AC2"))
        assert not small.wait(0.3)
        first.close()
        assert small.wait(30)


def test_copy_counts_for_blobs_account(spool: Spool) -> None:
    blobs = BlobStore("memory:///")
    blobs.put_bytes("AC1/TR1/media", b"x" * 70)
    with (
        spool.copy_of(blobs, "AC1/TR1/media"),
        waiting(spool, 40, account="AC1"),
        spool.room(20, account="AC2", patience=NOW),
    ):
        assert spool.claimed() == 90


def test_over_limit_goes_alone(spool: Spool) -> None:
    with spool.room(1000), pytest.raises(SpoolFull), spool.room(1, patience=NOW):
        pass
    with spool.room(1), pytest.raises(SpoolFull), spool.room(1000, patience=NOW):
        pass


def test_full_disk_waits_too_small_fails(tmp_path: Path) -> None:
    disk = shutil.disk_usage(tmp_path)
    spool = Spool(tmp_path / "spool", max_bytes=10**18, keep_free=disk.free - 1024**3)
    with pytest.raises(SpoolFull), spool.room(disk.free // 2 + 1024**3, patience=NOW):
        pass
    with pytest.raises(JobError, match="disk"), spool.room(disk.total + 1, patience=NOW):
        pass
    assert rooms(spool) == []


def test_promised_room_not_given_twice(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    spool = Spool(tmp_path / "spool", max_bytes=10**18, keep_free=free // 2)
    with spool.room(free // 3) as room:
        with pytest.raises(SpoolFull), spool.room(free // 3, patience=NOW):
            pass
        room.written()  # the disk tells of it now; in truth nothing was written
        with spool.room(free // 3, patience=NOW):
            pass


def test_broken_off_wait_leaves_nothing(spool: Spool) -> None:
    cancelled = Cancellation()
    with spool.room(100) as room:
        threading.Timer(0.1, cancelled.cancel).start()
        with pytest.raises(Cancelled), spool.room(1, cancelled):
            pass
        assert rooms(spool) == [room.path]


def test_default_is_half_of_disk(tmp_path: Path) -> None:
    assert Spool(tmp_path).max_bytes == shutil.disk_usage(tmp_path).total // 2


def test_copy_has_room_while_it_exists(spool: Spool) -> None:
    blobs = BlobStore("memory:///")
    blobs.put_bytes("media", b"x" * 70)
    with spool.copy_of(blobs, "media") as path:
        assert path.read_bytes() == b"x" * 70
        assert spool.claimed() == 70
        with pytest.raises(SpoolFull), spool.copy_of(blobs, "media", patience=NOW):
            pass
    assert spool.claimed() == 0
    assert list(spool.root.iterdir()) == []


def test_local_blob_needs_no_room(spool: Spool, tmp_path: Path) -> None:
    blobs = BlobStore((tmp_path / "blobs").as_uri())
    blobs.put_bytes("media", b"x" * 700)
    with spool.room(100), spool.copy_of(blobs, "media", patience=NOW) as path:
        assert path == tmp_path / "blobs" / "media"


def another(spool: Spool, size: int) -> subprocess.Popen[bytes]:
    """A process that has room, or waits for it."""
    program = f"""
import time
from pathlib import Path
from callscribe.media.spool import Spool
with Spool(Path({str(spool.root)!r}), max_bytes=100).room({size}):
    print("got it", flush=True)
    time.sleep(60)
"""
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)


def test_limit_holds_across_processes(spool: Spool) -> None:
    process = another(spool, 80)
    assert process.stdout is not None
    with process.stdout as output:
        try:
            assert output.readline() == b"got it\n"
            with pytest.raises(SpoolFull), spool.room(50, patience=NOW):
                pass
        finally:
            process.kill()
            process.wait()
    with spool.room(50, patience=NOW):
        assert len(rooms(spool)) == 1


def test_stalled_waiter_delays_none(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ABSENT", 0.5)
    with spool.room(50):
        process = another(spool, 90)
        try:
            deadline = time.monotonic() + 30
            while not spool.is_wanted() and time.monotonic() < deadline:
                time.sleep(0.05)
            with pytest.raises(SpoolFull), spool.room(10, patience=NOW):
                pass
            # Not within its look, in which it has the lock.
            stopped = False
            while not stopped:
                os.kill(process.pid, signal.SIGSTOP)
                try:
                    with spool._lock().acquire(timeout=1):
                        stopped = True
                except TimeoutError:
                    os.kill(process.pid, signal.SIGCONT)
            with spool.room(10, patience=30):
                pass
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_living_process_keeps_its_folder(spool: Spool) -> None:
    own = Spool(spool.root, spool.root / "late")
    with own.held():
        copy = own.folder / "copy.blob"
        copy.touch()
        spool.reap_folders()
        assert copy.exists()
    assert list(spool.root.iterdir()) == []


def test_killed_process_loses_its_folder(spool: Spool) -> None:
    script = (
        "import os, sys; from pathlib import Path; from callscribe.media.spool import Spool\n"
        "with Spool(Path(sys.argv[1]), Path(sys.argv[1]) / 'killed').held(): os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(spool.root)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (spool.root / "killed").is_dir()
    spool.reap_folders()
    assert list(spool.root.iterdir()) == []
