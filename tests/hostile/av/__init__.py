"""PyAV as somebody has it who runs code in the decoder: it opens no file, and tries whatever would do harm.

Put in front of the real one in `sys.path`, it is loaded by the decoder like that, and what is called then is behind the
confinement. The file says what to try. What came of it goes into the answer: 0 for what succeeded, else the error.
"""

import _thread
import contextlib
import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

_HERE = os.path.dirname(os.path.dirname(__file__))
sys.path.remove(_HERE)
del sys.modules["av"]
import av  # noqa: E402  the real one

sys.path.insert(0, _HERE)
import callscribe.errors  # noqa: E402

_libc = ctypes.CDLL(None, use_errno=True)
_ARM = platform.machine() == "aarch64"
_LIBC_CALL = _libc.syscall

MARK = b"\0attempts "


def _call(x86: int, arm: int, *arguments: Any) -> int:
    result = _LIBC_CALL(
        *(ctypes.c_long(each) if isinstance(each, int) else each for each in (arm if _ARM else x86, *arguments))
    )
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return int(result)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def _fork() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _clone() -> None:
    pid = _call(56, 220, signal.SIGCHLD, 0, 0, 0, 0)
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _clone3() -> None:
    arguments = ctypes.create_string_buffer(struct.pack("11Q", 0, 0, 0, 0, signal.SIGCHLD, *[0] * 6))
    pid = _call(435, 435, arguments, 88)
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _spawn() -> None:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


def _thread_started() -> None:
    begun = _thread.allocate_lock()
    begun.acquire()
    try:
        _thread.start_new_thread(begun.release, ())
    except RuntimeError:
        raise OSError(errno.EPERM, "no thread") from None
    begun.acquire()


def _memory_of(pid: int, address: int, secret: str) -> None:
    buffer = ctypes.create_string_buffer(len(secret))
    ours, theirs = (struct.pack("PN", place, len(secret)) for place in (ctypes.addressof(buffer), address))
    _call(310, 270, pid, ours, 1, theirs, 1, 0)
    assert buffer.raw == secret.encode()


def _memory_file_of(pid: int, address: int, secret: str) -> None:
    descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    assert os.pread(descriptor, len(secret), address) == secret.encode()


def _watch(path: str) -> None:
    descriptor = _libc.inotify_init1(0)
    if descriptor < 0 or _libc.inotify_add_watch(descriptor, path.encode(), 0xFFF) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _connect(family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as made:
        made.connect(address)


def _bind() -> None:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()


def attempts(t: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """What is tried, by name; `t` says with what."""
    folder, parent = t["folder"], t["parent"]

    def at(name: str) -> str:
        return os.path.join(folder, name)

    return {
        # Files.
        "read the secret key": lambda: _read(at("secret.key")),
        "read other recordings": lambda: _read(at("other.wav")),
        "read the passwords": lambda: _read("/etc/passwd"),
        "read its own environment": lambda: _read("/proc/self/environ"),
        "read its parent's environment": lambda: _read(f"/proc/{parent}/environ"),
        "read its parent's memory file": lambda: _memory_file_of(parent, t["address"], t["secret"]),
        "list a folder": lambda: os.listdir(folder),
        "look at a file": lambda: os.stat(at("secret.key")),
        "follow a link": lambda: os.readlink("/proc/self/exe"),
        "watch a file": lambda: _watch(at("secret.key")),
        "open a file to write": lambda: os.open(at("written"), os.O_WRONLY | os.O_APPEND),
        "open its own file to write": lambda: os.open(f"/proc/self/fd/{t['fd']}", os.O_RDWR),
        "make a file": lambda: os.open(at("new"), os.O_CREAT | os.O_WRONLY),
        "make a file without a name": lambda: os.open(folder, os.O_TMPFILE | os.O_WRONLY),
        "truncate a file": lambda: os.truncate(at("truncated"), 0),
        "delete a file": lambda: os.unlink(at("deleted")),
        "rename a file": lambda: os.rename(at("renamed"), at("renamed.to")),
        "link a file": lambda: os.link(at("linked"), at("linked.to")),
        "make a link": lambda: os.symlink("/", at("symlink")),
        "make a folder": lambda: os.mkdir(at("made")),
        "delete a folder": lambda: os.rmdir(at("emptied")),
        "make a pipe with a name": lambda: os.mkfifo(at("fifo")),
        "change a file's mode": lambda: os.chmod(at("moded"), 0o777),
        "change its own file's mode": lambda: os.fchmod(t["fd"], 0o644),
        "change a file's owner": lambda: os.chown(at("moded"), -1, os.getgid()),
        "change a file's times": lambda: os.utime(at("moded"), (0, 0)),
        "change the working directory": lambda: os.chdir(folder),
        # Network.
        "connect by TCP": lambda: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", t["port"])),
        "connect by UDP": lambda: _connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 9)),
        "connect to a socket with a path": lambda: _connect(socket.AF_UNIX, socket.SOCK_STREAM, at("socket")),
        "make a socket of netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "make a pair of sockets": socket.socketpair,
        "listen": _bind,
        # Processes.
        "fork": _fork,
        "clone": _clone,
        "clone3": _clone3,
        "spawn": _spawn,
        "run a program": lambda: subprocess.run(["/bin/true"], check=True),
        "start a thread": _thread_started,
        "leave its session": lambda: _fork_and(os.setsid),
        "leave a namespace": lambda: _call(272, 97, 0x20000),
        # Others.
        "signal its parent": lambda: os.kill(parent, signal.SIGURG),
        "signal its parent's thread": lambda: _call(234, 131, parent, parent, signal.SIGURG),
        "signal its parent by descriptor": lambda: signal.pidfd_send_signal(os.pidfd_open(parent), signal.SIGURG),
        "trace its parent": lambda: _call(101, 117, 0x4206, parent, 0, 0),
        "read its parent's memory": lambda: _memory_of(parent, t["address"], t["secret"]),
        "limit its parent": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "slow its parent down": lambda: os.setpriority(os.PRIO_PROCESS, parent, 0),
        # The kernel.
        "have code that was not loaded": lambda: mmap.mmap(-1, 4096, prot=7),
        "make a file in memory": lambda: os.memfd_create("x"),
        "have a queue of calls": lambda: _call(425, 425, 1, ctypes.create_string_buffer(120)),
        "load a filter": lambda: _call(321, 280, 0, ctypes.create_string_buffer(struct.pack("4I", 2, 4, 4, 1)), 16),
        "keep a key": lambda: _call(248, 217, b"user", b"callscribe", b"x", 1, -2),
        "have faults handled": lambda: _call(323, 282, 1),
        "change its root": lambda: os.chroot("/"),
        "set an option of its own": lambda: _call(157, 167, 15, b"other", 0, 0, 0),
    }  # fmt: skip


def _fork_and(act: Callable[[], Any]) -> None:
    pid = os.fork()
    if not pid:
        try:
            act()
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    if status := os.waitpid(pid, 0)[1]:
        raise OSError(os.waitstatus_to_exitcode(status), "refused")


def _outcome(attempt: Callable[[], Any]) -> int:
    try:
        result = attempt()
    except OSError as error:
        return error.errno or -1
    if isinstance(result, int) and result > 2:  # a descriptor, of which there may be few
        with contextlib.suppress(OSError):
            os.close(result)
    return 0


def _leave_behind(number: int) -> None:
    for _ in range(number):
        if not os.fork():
            while True:
                time.sleep(60)


def _descriptors() -> list[int]:
    found = []
    for descriptor in range(64):
        try:
            os.lseek(descriptor, 0, os.SEEK_CUR)
        except OSError as error:
            if error.errno == errno.EBADF:
                continue
        found.append(descriptor)
    return found


def _misbehave(file: Any, *_: Any, **__: Any) -> Any:
    file.seek(0)
    asked = json.loads(file.read().partition(MARK)[2])
    match asked["what"]:
        case "try":
            told = ",".join(str(_outcome(each)) for each in attempts(asked).values())
        case "exec":
            told = str(_outcome(lambda: os.execv("/bin/sh", ["sh", "-c", f": > {asked['folder']}/executed"])))
        case "leave":
            told = str(_outcome(lambda: _leave_behind(200)))
        case "look":
            told = json.dumps([dict(os.environ), _descriptors()])
        case "wait":
            select.poll().poll()
            told = "woken"
    raise callscribe.errors.JobError(callscribe.errors.Code.MEDIA_UNDECODABLE, told)


av.open = _misbehave  # type: ignore[assignment]
sys.modules["av"] = av
