"""Sees what the processes of a program do beyond themselves: programs, connections, names asked for, files written.

The kernel tells (seccomp, "user notification"; Linux 5.5 and later, no privileges needed), so native code is seen as
Python is, and every process below the one that is watched, whatever its environment. Nothing that is seen leaves the
machine: connections to elsewhere are refused, and queries for names fail.

Run as a program, `witness.py SOCKET COMMAND…` has itself watched by whoever listens on that socket, and becomes the
command.
"""

import ctypes
import errno
import fcntl
import ipaddress
import os
import platform
import select
import socket
import struct
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["starts", "connects to", "asks for", "writes"]

# Of linux/audit.h and asm/unistd.h: the architecture, the number of seccomp(2), and of what is watched.
CALLS: dict[str, tuple[int, int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        317,
        {
            "execve": 59,
            "connect": 42,
            "sendto": 44,
            "sendmmsg": 307,
            "open": 2,
            "openat": 257,
            "mkdir": 83,
            "mkdirat": 258,
        },
    ),
    "aarch64": (
        0xC00000B7,
        277,
        {"execve": 221, "connect": 203, "sendto": 206, "sendmmsg": 269, "openat": 56, "mkdirat": 34},
    ),
}
ONLY_WITH = {"open": (1, 0o103), "openat": (2, 0o103), "sendto": (4, 0xFFFF_FFFF)}
"""Calls that matter only where an argument has one of some bits: files to be written or made, a receiver's address."""

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, NOTIFY = 0x7FFF_0000, 0x7FC0_0000
RECEIVE, SEND = 0xC050_2100, 0xC018_2101
GO_ON = 1
AT_CWD = -100


def supported() -> bool:
    """Whether there is such a kernel here."""
    release = [int("".join(filter(str.isdigit, part)) or 0) for part in platform.release().split(".")[:2]]
    return sys.platform == "linux" and platform.machine() in CALLS and release >= [5, 5]


def _filter(architecture: int, calls: dict[str, int]) -> bytes:
    """The program of BPF that picks out `calls`."""
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, 0)]
    for name, number in calls.items():
        if name in ONLY_WITH:
            argument, bits = ONLY_WITH[name]
            steps += [(EQUAL, 0, 4, number), (LOAD, 0, 0, 16 + 8 * argument), (ANY_BIT, 1, 0, bits)]
            steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, NOTIFY)]
        else:
            steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, NOTIFY)]
    return b"".join(struct.pack("=HBBI", *step) for step in (*steps, (RETURN, 0, 0, ALLOW)))


def be_watched(path: str) -> None:
    """Have this process, and all that come of it, watched by whoever listens at `path`."""
    architecture, seccomp, calls = CALLS[platform.machine()]
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as witness:
        witness.connect(path)
        program = _filter(architecture, calls)
        code = ctypes.create_string_buffer(program, len(program))
        whole = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS: without it, only root may
        listener = libc.syscall(seccomp, 1, 8, ctypes.create_string_buffer(whole, len(whole)))
        if listener < 0:
            raise OSError(ctypes.get_errno(), "the kernel does not let this process be watched")
        socket.send_fds(witness, [b"."], [listener])
        os.close(listener)


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """One thing that was done, and the command line of the process that did it."""

    kind: Kind
    what: str
    process: str


@dataclass(slots=True)
class Witness:
    """What was seen so far, and how to start a program so that it is watched."""

    path: Path
    seen: set[Seen] = field(default_factory=set)

    @property
    def program(self) -> tuple[str, ...]:
        """What Python has to run in front of its own arguments; nothing where the kernel does not tell."""
        return (__file__, str(self.path), sys.executable) if supported() else ()

    def look(self, listener: int) -> None:
        """Answer what the kernel tells of a program, until all of its processes have ended."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while poll.poll()[0][1] & select.POLLIN:
            self._look(listener)
        os.close(listener)

    def _look(self, listener: int) -> None:
        """Answer one notice of the kernel's."""
        notice = bytearray(80)
        try:
            fcntl.ioctl(listener, RECEIVE, notice)
        except OSError:  # the process is gone, or was called away
            return
        number, pid, _, call, _, _, *arguments = struct.unpack("=QIIiIQ6Q", notice)
        refused = 0
        with suppress(OSError, ValueError, struct.error, IndexError):  # of a process that has just ended
            refused = self._note(pid, call, arguments)
        answer = struct.pack("=QqiI", number, 0, -refused, 0 if refused else GO_ON)
        with suppress(OSError):
            fcntl.ioctl(listener, SEND, bytearray(answer))

    def _note(self, pid: int, call: int, arguments: list[int]) -> int:
        """Write down a call; gives the error with which it fails, or 0 where it goes on."""
        names = {number: name for name, number in CALLS[platform.machine()][2].items()}
        process = _command(pid)

        def note(kind: Kind, what: str) -> None:
            self.seen.add(Seen(kind, what, process))

        match names[call], arguments:
            case "connect", [_, address, length, *_]:
                pass
            case "sendto", [_, _, _, _, address, length]:
                pass
            case "execve", [_, words, *_]:
                note("starts", _shown(_words(pid, words)))
                return 0
            case "sendmmsg", [_, messages, *_]:
                (vector,) = struct.unpack("=Q", _memory(pid, messages + 16, 8))
                base, size = struct.unpack("=QQ", _memory(pid, vector, 16))
                note("asks for", _asked(_memory(pid, base, size)))
                return errno.ECONNREFUSED
            case (("open" | "mkdir"), [path, *_]):
                note("writes", _file(pid, AT_CWD, path))
                return 0
            case _, [folder, path, *_]:
                note("writes", _file(pid, ctypes.c_int(folder & 0xFFFF_FFFF).value, path))
                return 0
        where, elsewhere = _address(_memory(pid, address, min(length, 128)))
        if where:
            note("connects to", where)
        return errno.ECONNREFUSED if elsewhere else 0


def _memory(pid: int, address: int, size: int) -> bytes:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(size)


def _text(pid: int, address: int) -> str:
    """A string; read to the end of its page at most, behind which there may be nothing."""
    text = b""
    while b"\0" not in text and len(text) < 4096:
        here = address + len(text)
        text += _memory(pid, here, 4096 - here % 4096)
    return os.fsdecode(text.partition(b"\0")[0])


def _file(pid: int, folder: int, address: int) -> str:
    at = Path(f"/proc/{pid}", "cwd" if folder == AT_CWD else f"fd/{folder}").readlink()
    return os.path.normpath(at / _text(pid, address))


def _words(pid: int, address: int) -> Iterator[str]:
    """The words of a command line, each of which a pointer is at `address`."""
    while pointer := int.from_bytes(_memory(pid, address, 8), sys.byteorder):
        yield _text(pid, pointer)
        address += 8


def _command(pid: int) -> str:
    return _shown(Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0"))


def _shown(words: Iterable[str]) -> str:
    program, *rest = words
    return " ".join([Path(program).name, *rest])[:400]


def _address(raw: bytes) -> tuple[str, bool]:
    """What a `sockaddr` names, and whether that is another machine; nothing where it is no address."""
    (family,) = struct.unpack_from("=H", raw)
    if family == socket.AF_UNIX:
        path = raw[2:].lstrip(b"\0").partition(b"\0")[0]
        return f"unix:{os.fsdecode(path)}", False
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return "", False
    packed = raw[4:8] if family == socket.AF_INET else raw[8:24]
    (port,) = struct.unpack_from("!H", raw, 2)
    host = ipaddress.ip_address(packed)
    # To connect to a server of names sends nothing yet; with which name it is asked is seen then.
    return f"{host} port {port}", not (host.is_loopback or port == 53)


def _asked(query: bytes) -> str:
    """The name in a query to a server of names."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode(errors="replace"))
        at += 1 + length
    return ".".join(labels)


@contextmanager
def watching(path: Path) -> Iterator[Witness]:
    """Watch what is started with `Witness.program` while the block runs; `path` is for the socket, and short."""
    witness = Witness(path)
    if not supported():
        yield witness
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()

        def take() -> None:
            with suppress(OSError):  # shut down
                while True:
                    connection, _ = server.accept()
                    with connection:
                        for listener in socket.recv_fds(connection, 1, 1)[1]:
                            threading.Thread(target=witness.look, args=(listener,), daemon=True).start()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield witness
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


if __name__ == "__main__":
    be_watched(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])
