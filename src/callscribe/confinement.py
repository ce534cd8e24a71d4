"""Confinement: a process gives up, for good, all that its work does not need, before it looks at a stranger's data.

Three means of Linux, none of which needs a privilege, and none of which can be undone:

- no new privileges: no program that it starts gets more rights than it has (prctl(2));
- Landlock: files, TCP ports, and the processes outside, of which it may use what is named and no other (landlock(7));
- seccomp: system calls, of which it may make what a policy says (seccomp(2)).

What is refused fails with an error and does not end the process: a library that asks for something on the way to
another thing goes on without it, and code that has taken the process over gets as little from asking twice.

Landlock binds the calling thread and those that it starts, so it is for a process that has no other yet. Nothing here
but the standard library, since it runs in a decoder.
"""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple


class Confinement(NamedTuple):
    """How far a process is confined: the version of Landlock's interface, 0 for none, and whether seccomp filters."""

    landlock: int
    seccomp: bool

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.landlock > 0 and self.seccomp

    @property
    def missing(self) -> str:
        """What the kernel does not let processes have, in words: `Landlock`, `Landlock and seccomp`."""
        parts = (("Landlock", self.landlock > 0), ("seccomp", self.seccomp))
        return " and ".join(name for name, there in parts if not there)

    def __str__(self) -> str:
        """What there is, in words."""
        parts = (f"Landlock {self.landlock}" if self.landlock else "", "seccomp" if self.seccomp else "")
        return ", ".join(filter(None, parts)) or "none"


_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Instructions of filters, what they return, and where they find what; numbers of linux/{bpf_common,seccomp}.h."""


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def refused(error: int) -> bytes:
    """The rule that a call fails with this error."""
    return _instruction(_RETURN, _ERROR | error)


ALLOWED: Final = _instruction(_RETURN, _ALLOW)
"""The rule that a call is made."""

REFUSED: Final = refused(errno.EPERM)
"""The rule that it fails."""


def allowed_without(argument: int, bits: int) -> bytes:
    """The rule that a call is made if none of these bits is in an argument, which is looked at in its lower half."""
    return b"".join((_instruction(_LOAD, _ARGUMENTS + 8 * argument), _instruction(_BITS, bits, 0, 1), REFUSED, ALLOWED))


def allowed_with(argument: int, bits: int) -> bytes:
    """The rule that it is made if one of them is."""
    return b"".join((_instruction(_LOAD, _ARGUMENTS + 8 * argument), _instruction(_BITS, bits, 1, 0), REFUSED, ALLOWED))


Policy = tuple[Mapping[str, bytes], bytes]
"""Which system calls may be made: rules by their names, and the rule for all others."""

_EXECUTABLE: Final = 4
_THREAD: Final = 0x10000

COMPUTING: Final[Policy] = (
    {
        # What is open already: the request, the file, the pipe.
        **dict.fromkeys(("read", "pread64", "lseek", "write", "close", "fstat", "poll", "ppoll"), ALLOWED),
        # Memory, but none that could be run: code is what was loaded.
        **dict.fromkeys(("mmap", "mprotect"), allowed_without(2, _EXECUTABLE)),
        **dict.fromkeys(("munmap", "mremap", "madvise", "brk"), ALLOWED),
        # Locks, the time, chance, the end.
        **dict.fromkeys(("futex", "sched_yield", "restart_syscall", "rt_sigreturn", "rt_sigprocmask"), ALLOWED),
        **dict.fromkeys(("clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom"), ALLOWED),
        **dict.fromkeys(("exit", "exit_group"), ALLOWED),
        # FFmpeg asks how many processors there are, and without an answer takes one: so it starts no threads.
        "sched_getaffinity": REFUSED,
    },
    REFUSED,
)
"""For what computes, in one thread, on what it has: reads and writes what is open, and gets memory. It may wait for
nothing but that, start nothing, open nothing, and see nothing of other processes or of files that it does not have."""

_STARTING = ("execve", "execveat", "fork", "vfork", "unshare", "setns", "setsid", "setpgid")
_OTHERS = (
    *("kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_getfd", "pidfd_send_signal"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp"),
)
_NETWORK = (
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4"),
    *("sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg"),
)
_RIGHTS = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes"),
    *("utimensat", "futimesat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr"),
    *("fremovexattr", "removexattrat", "file_setattr"),
)
_IDENTITY = (
    *("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid"),
    *("capset", "personality", "chroot", "pivot_root"),
)
_KERNEL = (
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd"),
    *("keyctl", "add_key", "request_key", "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "syslog"),
    *("swapon", "swapoff", "acct", "quotactl", "sethostname", "setdomainname", "settimeofday", "clock_settime"),
    *("adjtimex", "clock_adjtime", "open_by_handle_at", "name_to_handle_at", "fanotify_init", "memfd_create"),
    *("memfd_secret", "shmget", "shmat", "msgget", "semget", "mq_open", "vhangup", "lookup_dcookie"),
)

MODEL: Final[Policy] = (
    {
        **dict.fromkeys((*_STARTING, *_OTHERS, *_NETWORK, *_RIGHTS, *_IDENTITY, *_KERNEL), REFUSED),
        "tgkill": REFUSED,
        "prlimit64": allowed_without(0, 0xFFFFFFFF),  # of itself, which C libraries ask for when threads start
        "clone": allowed_with(0, _THREAD),
        "clone3": refused(errno.ENOSYS),  # whose flags a filter cannot see; glibc then takes clone
    },
    ALLOWED,
)
"""For a library that computes in threads and reads its own files, whose system calls nobody has a list of: no network,
no processes, no programs, nothing of other processes, no rights of files. Which files is Landlock's part."""


def confine(policy: Policy, *, reads: Iterable[Path | str] = (), writes: Iterable[Path | str] = ()) -> Confinement:
    """Confine this process, as far as the kernel can.

    Args:
        policy: the system calls it may make.
        reads: files, and folders with all in them, that it may read. What is not there is left out.
        writes: folders in which it may also make, write and delete files.
    """
    if sys.platform != "linux":
        return Confinement(0, seccomp=False)
    libc = ctypes.CDLL(None, use_errno=True)
    _set_option(libc, _NO_NEW_PRIVILEGES, 1)
    return Confinement(_landlock(libc, reads, writes), _seccomp(libc, policy))


# From here on the numbers are those of the kernel's headers, linux/{prctl,landlock,seccomp,bpf_common,audit}.h.

_NO_NEW_PRIVILEGES: Final = 38

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION: Final = 1
_READ: Final = 1 << 2 | 1 << 3
"""Files, and lists of folders."""
_WRITE: Final = _READ | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13 | 1 << 14
"""Also to write, truncate, make, move and delete files and folders."""
_OF_A_FILE: Final = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
"""What can be allowed of a file that is no folder."""
_NEWEST: Final = 7


def _set_option(libc: ctypes.CDLL, option: int, value: int) -> bool:
    return not libc.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0)))


def _call(libc: ctypes.CDLL, number: int, *arguments: int | bytes | None) -> int:
    """A system call; -1 where it fails."""
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))


def _landlock(libc: ctypes.CDLL, reads: Iterable[Path | str], writes: Iterable[Path | str]) -> int:
    """The version of the interface that binds this thread from now on; 0 where there is none."""
    version = min(_call(libc, _CREATE_RULESET, None, 0, _VERSION), _NEWEST)
    if version < 1:
        return 0
    # Every right on files that this version knows; then connecting and binding; then abstract sockets and signals.
    files = (1 << (13, 14, 15, 15, 16, 16, 16)[version - 1]) - 1
    wanted = [files, *([0b11] if version >= 4 else []), *([0b11] if version >= 6 else [])]
    attributes = struct.pack(f"={len(wanted)}Q", *wanted)
    rules = _call(libc, _CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return 0
    try:
        for rights, paths in ((_READ, reads), (_WRITE, writes)):
            for path in paths:
                _allow(libc, rules, path, rights & files)
        return 0 if _call(libc, _RESTRICT_SELF, rules, 0) else version
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path | str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112  of whatever stands for a path
            rights &= _OF_A_FILE
        _call(libc, _ADD_RULE, rules, 1, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


_MODE_FILTER: Final = 1
_ALL_THREADS, _SPECULATION = 1, 4
"""The filter is for all threads; and no slower kind of speculation for this process, as kernels before 5.16 had it:
that guards a process's memory against code in it, and whoever runs code here reads that memory anyway."""

_X32: Final = 0x40000000

_ARCHITECTURES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of `_CALLS`, and what a filter is told."""

_CALLS: Final[Mapping[str, tuple[int | None, int | None]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, None),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "socket": (41, 198),
    "connect": (42, 203),
    "accept": (43, 202),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "bind": (49, 200),
    "listen": (50, 201),
    "socketpair": (53, 199),
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "exit": (60, 93),
    "kill": (62, 129),
    "semget": (64, 190),
    "msgget": (68, 186),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "gettimeofday": (96, 169),
    "ptrace": (101, 117),
    "syslog": (103, 116),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setpgid": (109, 154),
    "setsid": (112, 157),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setgroups": (116, 159),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
    "rt_sigqueueinfo": (129, 138),
    "utime": (132, None),
    "personality": (135, 92),
    "vhangup": (153, 58),
    "pivot_root": (155, 41),
    "adjtimex": (159, 171),
    "chroot": (161, 51),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "mount": (165, 40),
    "umount2": (166, 39),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "quotactl": (179, 60),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "tkill": (200, 130),
    "time": (201, None),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "lookup_dcookie": (212, 18),
    "restart_syscall": (219, 128),
    "clock_settime": (227, 112),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "exit_group": (231, 94),
    "tgkill": (234, 131),
    "utimes": (235, None),
    "mq_open": (240, 180),
    "kexec_load": (246, 104),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "fchownat": (260, 54),
    "futimesat": (261, None),
    "fchmodat": (268, 53),
    "ppoll": (271, 73),
    "unshare": (272, 97),
    "utimensat": (280, 88),
    "accept4": (288, 242),
    "rt_tgsigqueueinfo": (297, 240),
    "perf_event_open": (298, 241),
    "recvmmsg": (299, 243),
    "fanotify_init": (300, 262),
    "prlimit64": (302, 261),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "clock_adjtime": (305, 266),
    "sendmmsg": (307, 269),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "finit_module": (313, 273),
    "getrandom": (318, 278),
    "memfd_create": (319, 279),
    "kexec_file_load": (320, 294),
    "bpf": (321, 280),
    "execveat": (322, 281),
    "userfaultfd": (323, 282),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "pidfd_open": (434, 434),
    "clone3": (435, 435),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "memfd_secret": (447, 447),
    "fchmodat2": (452, 452),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
"""The numbers of system calls on each architecture; None where it has no such call."""


def _seccomp(libc: ctypes.CDLL, policy: Policy) -> bool:
    """Whether the policy is kept to from now on."""
    machine = os.uname().machine
    number = {"x86_64": 317, "aarch64": 277}.get(machine)
    if number is None or sys.maxsize < 2**32:
        return False
    code = program(policy, machine)

    held = ctypes.create_string_buffer(code, len(code))
    given = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
    # The first is for kernels from 4.17 on.
    for flags in (_ALL_THREADS | _SPECULATION, _ALL_THREADS):
        if _call(libc, number, _MODE_FILTER, flags, given) == 0:
            return True
    return False


def program(policy: Policy, machine: str) -> bytes:
    """The policy as a filter for `os.uname().machine`, in the kernel's own code: each instruction is eight bytes.

    A call made in the way of another architecture, or of x32, has other numbers: the first ends the process, the second
    is refused.
    """
    rules, others = policy
    column, architecture = _ARCHITECTURES[machine]
    parts = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, architecture, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
        _instruction(_AT_LEAST, _X32, 0, 1),
        REFUSED,
    ]
    for name, rule in rules.items():
        number = _CALLS[name][column]
        if number is not None:
            parts += [_instruction(_EQUAL, number, 0, len(rule) // 8), rule]
    return b"".join([*parts, others])
