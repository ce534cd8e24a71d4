"""Somebody runs code in the decoder's place (`tests/hostile`): what is there to do for it, in the box and without."""

import contextlib
import errno
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from callscribe.media.decoding import Decoder
from kernels import without
from media_files import make

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such confinement")

TESTS = Path(__file__).parents[2]
MARK = b"\0attempts "
SECRET = "what the server keeps in its memory"

DRIVER = """
import ctypes, json, os, sys
from pathlib import Path
from callscribe.errors import JobError
from callscribe.media.decoding import Decoder
secret = ctypes.create_string_buffer(SECRET.encode())
path = Path(sys.argv[1])
asked = {"parent": os.getpid(), "address": ctypes.addressof(secret), **json.loads(sys.argv[2])}
with (Path(asked["folder"]) / "other.wav").open("rb"):  # which a child does not inherit
    with path.open("ab") as file:  # of the number that the child's file has
        file.write(MARK + json.dumps({**asked, "fd": file.fileno()}).encode())
    try:
        Decoder(stall_timeout=20).inspect(path)
    except JobError as error:
        print(error.detail)
print(json.dumps([child.pid for child in __import__("psutil").Process().children(recursive=True)]))
"""

LANDLOCK_ALONE = {
    "read the secret key",
    "read other recordings",
    "read the passwords",
    "read its own environment",
    "read its parent's environment",
    "read its parent's memory file",
    "list a folder",
    "open a file to write",
    "open its own file to write",
    "make a file",
    "make a file without a name",
    "truncate a file",
    "delete a file",
    "rename a file",
    "link a file",
    "make a link",
    "make a folder",
    "delete a folder",
    "make a pipe with a name",
    "connect by TCP",
    "listen",
    "spawn",
    "run a program",
    "signal its parent",
    "signal its parent's thread",
    "signal its parent by descriptor",
    "trace its parent",
    "read its parent's memory",
}
"""What Landlock refuses where there is no seccomp beside it."""

LATER = {
    "truncate a file": 3,
    **dict.fromkeys(("connect by TCP", "listen"), 4),
    **{name: 6 for name in LANDLOCK_ALONE if name.startswith("signal")},
}
"""The version of Landlock from which on it refuses this."""

NOT_ALWAYS = {
    "make a file without a name": {errno.EOPNOTSUPP, errno.EISDIR},
    "watch a file": {errno.EMFILE},
    "have a queue of calls": {errno.ENOSYS, errno.EPERM},
    "load a filter": {errno.ENOSYS, errno.EPERM},
    "keep a key": {errno.ENOSYS, errno.EPERM, errno.EDQUOT},
    "have faults handled": {errno.ENOSYS, errno.EPERM},
    "change its root": {errno.EPERM},
    "leave a namespace": {errno.EPERM},
    "trace its parent": {errno.EPERM},
    "read its parent's memory": {errno.EPERM},
    "read its parent's memory file": {errno.EACCES},
}
"""What a kernel, a container or a user who is not root may have to do without, box or no box."""


@dataclass(frozen=True)
class Place:
    """A folder with what somebody would want, and how to run the decoder with a stranger's code in it."""

    folder: Path
    port: int

    def run(self, what: str, *, kernel: list[str] | None = None) -> str:
        """What the decoder answers."""
        path, _ = make(self.folder / f"{what}.wav", "wav-s16", 3)
        with self.started(what, path, kernel=kernel) as driver:
            told, _ = driver.communicate(timeout=60)
        answer, _, left = told.decode().strip().rpartition("\n")
        assert json.loads(left) == []
        return answer

    def started(self, what: str, path: Path, *, kernel: list[str] | None = None) -> "subprocess.Popen[bytes]":
        """A program that has the decoder open a file."""
        make(self.folder / "other.wav", "wav-s16", 3)
        asked = {"what": what, "folder": str(self.folder), "port": self.port, "secret": SECRET}
        code = f"SECRET, MARK = {SECRET!r}, {MARK!r}\n{DRIVER}"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS / "hostile"), *sys.path[1:]])}
        return subprocess.Popen(
            [*(kernel or []), sys.executable, "-c", code, str(path), json.dumps(asked)],
            stdout=subprocess.PIPE,
            env={**environment, "CALLSCRIBE_AUTH_TOKEN": SECRET},
        )

    def tried(self, *, kernel: list[str] | None = None) -> dict[str, int]:
        """What came of each attempt: 0, or the error."""
        for name in ("secret.key", "written", "truncated", "deleted", "renamed", "linked", "moded"):
            (self.folder / name).write_text(SECRET)
        for name in ("new", "renamed.to", "linked.to", "symlink", "fifo"):
            (self.folder / name).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "made").rmdir()
        (self.folder / "emptied").mkdir(exist_ok=True)
        (self.folder / "moded").chmod(0o600)
        return dict(zip(NAMES, map(int, self.run("try", kernel=kernel).split(",")), strict=True))


def _names() -> list[str]:
    code = "import av, json, sys; print(json.dumps(list(sys.modules['av'].open.__globals__['attempts'](dict.fromkeys("
    code += "('folder', 'parent', 'address', 'secret', 'fd', 'port'))))))"
    paths = os.pathsep.join([str(TESTS / "hostile"), *sys.path[1:]])
    told = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths}, stdout=-1, check=True)
    return list(json.loads(told.stdout))


NAMES = _names()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as local:
        server.bind(("127.0.0.1", 0))
        server.listen()
        local.bind(str(tmp_path / "socket"))
        local.listen()
        yield Place(tmp_path, server.getsockname()[1])


def test_without_a_box_all_of_it_can_be_done(place: Place) -> None:
    tried = place.tried(kernel=without("landlock", "seccomp"))
    failed = {name: errno.errorcode[error] for name, error in tried.items() if error}
    assert {n: e for n, e in failed.items() if getattr(errno, e) not in NOT_ALWAYS.get(n, ())} == {}
    assert place.run("exec", kernel=without("landlock", "seccomp")) == "the decoder broke down over the file"
    assert (place.folder / "executed").exists()


def test_in_the_box_none_of_it_can_be_done(place: Place) -> None:
    assert {name for name, error in place.tried().items() if not error} == set()
    assert int(place.run("exec")) == errno.EPERM
    assert not (place.folder / "executed").exists()
    for name in ("secret.key", "written", "truncated", "deleted", "renamed", "linked", "moded"):
        assert (place.folder / name).read_text() == SECRET


def test_by_seccomp_alone_none_of_it_can_be_done(place: Place) -> None:
    assert {name for name, error in place.tried(kernel=without("landlock")).items() if not error} == set()
    assert int(place.run("exec", kernel=without("landlock"))) == errno.EPERM


def test_by_landlock_alone_files_and_others_are_out_of_reach(place: Place) -> None:
    with closing(Decoder()) as decoder:
        version = decoder.box().landlock
    tried = place.tried(kernel=without("seccomp"))
    assert {name for name in LANDLOCK_ALONE if not tried[name] and LATER.get(name, 1) <= version} == set()
    assert int(place.run("exec", kernel=without("seccomp"))) == errno.EACCES


@pytest.mark.parametrize("missing", [(), ("landlock", "seccomp")])
def test_it_has_its_file_and_its_pipes_and_no_environment(place: Place, missing: tuple[str, ...]) -> None:
    environment, descriptors = json.loads(place.run("look", kernel=without(*missing)))
    # What Python and `callscribe/__init__.py` set themselves.
    own = {
        "LC_CTYPE",
        "HF_HUB_DISABLE_TELEMETRY",
        "HF_HUB_DISABLE_XET",
        "ORT_DISABLE_TELEMETRY",
        "OPENBLAS_NUM_THREADS",
    }
    assert environment.keys() <= own
    assert descriptors == [0, 1, 2, 4]  # the request's pipe, the answer's, nothing, the file


@pytest.mark.parametrize("missing", [(), ("landlock", "seccomp")])
def test_it_leaves_nothing_behind(place: Place, missing: tuple[str, ...]) -> None:
    before = set(psutil.pids())
    assert int(place.run("leave", kernel=without(*missing))) == (0 if missing else errno.EPERM)
    deadline = time.monotonic() + 10
    while left := [pid for pid in set(psutil.pids()) - before if str(TESTS / "hostile") in _command(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def _command(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.parametrize("missing", [(), ("landlock", "seccomp")])
def test_it_ends_with_its_parent_also_where_it_waits_for_ever(place: Place, missing: tuple[str, ...]) -> None:
    path, _ = make(place.folder / "wait.wav", "wav-s16", 3)
    with place.started("wait", path, kernel=without(*missing)) as driver:
        while not (children := psutil.Process(driver.pid).children()):
            time.sleep(0.05)
        [child] = children
        while (child.is_running() and child.status() == psutil.STATUS_RUNNING) or child.cpu_times().user < 0.05:
            time.sleep(0.05)
        time.sleep(0.5)
        assert child.is_running()
        driver.kill()
    child.wait(5)


@pytest.mark.parametrize(
    ("missing", "found"),
    [
        ((), r"Landlock \d, seccomp"),
        (("landlock",), "seccomp"),
        (("seccomp",), r"Landlock \d"),
        (("landlock", "seccomp"), "none"),
    ],
)
def test_what_a_kernel_has_is_told(missing: tuple[str, ...], found: str, tmp_path: Path) -> None:
    code = "from callscribe.media.decoding import Decoder; print(Decoder().box())"
    told = subprocess.run([*without(*missing), sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(found, told.stdout.strip())
    warned = "not confined as it could be" in told.stderr
    assert warned == bool(missing)


def callscribe(*arguments: str, missing: tuple[str, ...], required: bool = True) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "CALLSCRIBE_REQUIRE_BOX": str(required).lower()}
    command = [*without(*missing), sys.executable, "-m", "callscribe", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("serve", ("landlock", "seccomp")),
        ("worker", ("seccomp",)),
        ("transcribe", ("landlock",)),
    ],
)
def test_a_box_that_is_required_and_not_there_keeps_all_from_starting(
    command: str, missing: tuple[str, ...], tmp_path: Path
) -> None:
    arguments = {"transcribe": [str(make(tmp_path / "call.wav", "wav-s16", 3)[0])], "worker": []}
    ports = ["--port", "0"]
    ended = callscribe(command, *arguments.get(command, ports), "--data", str(tmp_path / "data"), missing=missing)
    assert ended.returncode != 0
    told = " ".join(ended.stderr.split())
    assert "CALLSCRIBE_REQUIRE_BOX is set" in told
    assert "there is no " + " and ".join({"landlock": "Landlock"}.get(each, each) for each in missing) in told
    assert "Traceback" not in told
    assert not (tmp_path / "data" / "callscribe.db").exists()


def test_a_required_decoder_looks_at_nothing_without_its_box(place: Place) -> None:
    path, _ = make(place.folder / "call.wav", "wav-s16", 3)
    code = (
        "import sys; from pathlib import Path; from callscribe.errors import SetupError\n"
        "from callscribe.media.decoding import Decoder\n"
        "try: Decoder(boxed=True).inspect(Path(sys.argv[1]))\n"
        "except SetupError as error: print(error)\n"
    )
    for missing, told in (((), ""), (("seccomp",), "CALLSCRIBE_REQUIRE_BOX")):
        command = [*without(*missing), sys.executable, "-c", code, str(path)]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told in found
        assert bool(told) == bool(found)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ((), "is confined: Landlock"),
        (("landlock",), "there is no Landlock here"),
        (("landlock", "seccomp"), "there is no Landlock and seccomp here"),
    ],
)
def test_findings_tell_of_the_box(missing: tuple[str, ...], told: str, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from callscribe.settings import Settings\n"
        "from callscribe.system.findings import findings\n"
        "found = findings(Settings(data_dir=Path(sys.argv[1])), trying=False)\n"
        "print(*(f'{each.well} {each.text}' for each in found if each.subject == 'box'))"
    )
    command = [*without(*missing), sys.executable, "-c", code, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.startswith("True what opens recordings")
    assert told in found
