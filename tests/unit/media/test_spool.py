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


def test_nobody_gets_more_than_the_limit(spool: Spool) -> None:
    with spool.room(60), spool.room(40):
        assert spool.claimed() == 100
        with pytest.raises(SpoolFull), spool.room(1, patience=NOW):
            pass
    assert spool.claimed() == 0
    assert rooms(spool) == []
    with spool.room(100):
        pass


def test_who_waits_gets_the_room_that_another_leaves(spool: Spool) -> None:
    with ExitStack() as stack:
        stack.enter_context(spool.room(80))
        with waiting(spool, 50) as got:
            assert spool.is_wanted()
            assert not got.wait(0.5)
            stack.close()
            assert got.wait(30)
    assert not spool.is_wanted()


def test_a_large_one_is_not_passed_by_small_ones_for_ever(spool: Spool) -> None:
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


def test_the_account_with_the_fewest_bytes_is_next_and_of_its_claims_the_oldest(spool: Spool) -> None:
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


def test_a_small_recording_does_not_wait_behind_the_many_of_another_account(spool: Spool) -> None:
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


def test_a_copy_counts_for_the_account_in_whose_folder_the_blob_is(spool: Spool) -> None:
    blobs = BlobStore("memory:///")
    blobs.put_bytes("AC1/TR1/media", b"x" * 70)
    with (
        spool.copy_of(blobs, "AC1/TR1/media"),
        waiting(spool, 40, account="AC1"),
        spool.room(20, account="AC2", patience=NOW),
    ):
        assert spool.claimed() == 90


def test_more_than_the_limit_is_let_through_alone(spool: Spool) -> None:
    with spool.room(1000), pytest.raises(SpoolFull), spool.room(1, patience=NOW):
        pass
    with spool.room(1), pytest.raises(SpoolFull), spool.room(1000, patience=NOW):
        pass


def test_what_the_disk_has_not_is_waited_for_and_what_it_never_will_have_is_an_error(tmp_path: Path) -> None:
    disk = shutil.disk_usage(tmp_path)
    spool = Spool(tmp_path / "spool", max_bytes=10**18, keep_free=disk.free - 1024**3)
    with pytest.raises(SpoolFull), spool.room(disk.free // 2 + 1024**3, patience=NOW):
        pass
    with pytest.raises(JobError, match="disk"), spool.room(disk.total + 1, patience=NOW):
        pass
    assert rooms(spool) == []


def test_room_that_was_promised_is_not_promised_twice(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    spool = Spool(tmp_path / "spool", max_bytes=10**18, keep_free=free // 2)
    with spool.room(free // 3) as room:
        with pytest.raises(SpoolFull), spool.room(free // 3, patience=NOW):
            pass
        room.written()  # the disk tells of it now; in truth nothing was written
        with spool.room(free // 3, patience=NOW):
            pass


def test_a_wait_can_be_broken_off_and_leaves_nothing(spool: Spool) -> None:
    cancelled = Cancellation()
    with spool.room(100) as room:
        threading.Timer(0.1, cancelled.cancel).start()
        with pytest.raises(Cancelled), spool.room(1, cancelled):
            pass
        assert rooms(spool) == [room.path]


def test_without_a_setting_half_of_the_disk_is_the_limit(tmp_path: Path) -> None:
    assert Spool(tmp_path).max_bytes == shutil.disk_usage(tmp_path).total // 2


def test_a_copy_has_its_room_for_as_long_as_it_is_there(spool: Spool) -> None:
    blobs = BlobStore("memory:///")
    blobs.put_bytes("media", b"x" * 70)
    with spool.copy_of(blobs, "media") as path:
        assert path.read_bytes() == b"x" * 70
        assert spool.claimed() == 70
        with pytest.raises(SpoolFull), spool.copy_of(blobs, "media", patience=NOW):
            pass
    assert spool.claimed() == 0
    assert list(spool.root.iterdir()) == []


def test_a_blob_that_is_a_file_needs_no_room(spool: Spool, tmp_path: Path) -> None:
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


def test_the_limit_holds_across_processes_and_a_killed_one_leaves_its_room(spool: Spool) -> None:
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


def test_one_who_stands_still_while_it_waits_does_not_hold_up_the_others(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_the_folder_of_a_process_that_lives_is_kept_however_long_nobody_saw_it(spool: Spool) -> None:
    own = Spool(spool.root, spool.root / "late")
    with own.held():
        copy = own.folder / "copy.blob"
        copy.touch()
        spool.reap_folders()
        assert copy.exists()
    assert list(spool.root.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_also_where_it_was_seen_lately(spool: Spool) -> None:
    script = (
        "import os, sys; from pathlib import Path; from callscribe.media.spool import Spool\n"
        "with Spool(Path(sys.argv[1]), Path(sys.argv[1]) / 'killed').held(): os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(spool.root)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (spool.root / "killed").is_dir()
    spool.reap_folders()
    assert list(spool.root.iterdir()) == []
