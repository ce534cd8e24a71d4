"""Runs a program on a kernel without Landlock, without seccomp, or without both: `python kernels.py WHICH PROGRAM …`.

The kernel of the machine answers as one that has no such calls: a filter says so to the program and all that it starts.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable

NUMBERS = {
    "landlock": {"x86_64": (444,), "aarch64": (444,)},
    "seccomp": {"x86_64": (317,), "aarch64": (277,)},
}


def without(*features: str) -> list[str]:
    """What to put in front of a command, so that it finds a kernel without these."""
    return [sys.executable, __file__, ",".join(features)] if features else []


def _take_away(features: Iterable[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = [number for each in features for number in NUMBERS[each][platform.machine()]]
    code = [(0x20, 0, 0, 0)]  # the number of the call
    for number in numbers:
        code += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | errno.ENOSYS)]
    code.append((0x06, 0, 0, 0x7FFF0000))
    filter_ = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in code))
    given = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(filter_)))
    assert libc.prctl(38, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0  # no new privileges, for those who are not root
    assert libc.prctl(22, ctypes.c_ulong(2), given) == 0, os.strerror(ctypes.get_errno())


if __name__ == "__main__":
    _take_away(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])
