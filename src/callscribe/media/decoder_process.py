"""The decoder's child process: FFmpeg on a file that nobody trusts, with no means to do harm.

It is a fresh interpreter with an empty environment, one request on its command line, the media file open for
reading and a pipe to write to. Limits on memory, CPU time, files and descriptors are set before the first
byte of the file is looked at. When its parent dies, its next write ends it.

Messages on the pipe: a head (`HEAD`: kind and length), then that many bytes.

    I   JSON: what the file is
    C   one byte: the number of channels, before the first samples
    W   samples: the number of the first (`FIRST`), then float32, channel after channel
    P   nothing: still at work
    R   bytes of another form of the recording
    D   nothing: done
    E   JSON: the public code and what is wrong
"""

import json
import os
import resource
import struct
import sys
import time
from dataclasses import asdict

from callscribe.errors import JobError
from callscribe.media.audio_file import AudioFile
from callscribe.media.rendering import render
from callscribe.media.resampling import Resampler, grid_start

HEAD = struct.Struct("<cI")
FIRST = struct.Struct("<Q")

MAX_MEMORY = 1024**3
MAX_CPU_SECONDS = 3600
MAX_DESCRIPTORS = 16

_REPORT_INTERVAL = 1.0


def main() -> None:
    """Serve the request on the command line."""
    request = json.loads(sys.argv[2])
    pipe = _Pipe(1)
    _confine()
    try:
        with open(request["fd"], "rb", closefd=False) as file:
            recording = AudioFile(file, extended=request["extended"], report=pipe.report)
            if request["action"] == "inspect":
                pipe.send(b"I", json.dumps(asdict(recording.info())).encode())
            elif request["action"] == "render":
                for piece in render(recording, request["form"], request["channels"], request["rate"]):
                    pipe.send(b"R", piece)
            else:
                windows = _Windows(pipe, recording.channels, request["first"], request["last"], request["size"])
                pipe.send(b"C", bytes([recording.channels]))
                _decode(recording, windows, request["first"], request["rate"])
            pipe.send(b"D")
    except JobError as error:
        pipe.send(b"E", json.dumps({"code": int(error.code), "detail": error.detail}).encode())
    except BrokenPipeError:
        pass
    os._exit(0)  # nothing to tidy up, and no destructor of a damaged file's to run


def _confine() -> None:
    for limit, most in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_AS, MAX_MEMORY),
    ):
        _, hard = resource.getrlimit(limit)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # At the hard limit of CPU time the kernel kills; at the soft one it sends a signal that tells why.
        highest = value + 1 if limit == resource.RLIMIT_CPU and value == most else value
        try:
            resource.setrlimit(limit, (value, highest))
        except (OSError, ValueError):  # macOS does not limit address space
            continue


class _Pipe:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._last = time.monotonic()

    def send(self, kind: bytes, *parts: bytes | bytearray) -> None:
        for part in (HEAD.pack(kind, sum(map(len, parts))), *parts):
            view = memoryview(part)
            while view:
                view = view[os.write(self._descriptor, view) :]
        self._last = time.monotonic()

    def report(self) -> None:
        """Say that the work goes on, where nothing was said for a while."""
        if time.monotonic() - self._last > _REPORT_INTERVAL:
            self.send(b"P")


class _Windows:
    """Collects output samples `first` to `last`, the latter excluded, and sends them `size` at a time."""

    def __init__(self, pipe: _Pipe, channels: int, first: int, last: int | None, size: int) -> None:
        self._pipe = pipe
        self._next = first
        self._last = last
        self._bytes = size * 4
        self._planes = [bytearray() for _ in range(channels)]

    @property
    def full(self) -> bool:
        """Whether `last` is reached."""
        return self._last is not None and self._next + len(self._planes[0]) // 4 >= self._last

    def take(self, position: int, planes: list[bytes]) -> None:
        """Add samples that begin at output sample `position`."""
        wanted = self._next + len(self._planes[0]) // 4
        begin = max(0, wanted - position) * 4
        end = None if self._last is None else max(0, self._last - position) * 4
        for kept, plane in zip(self._planes, planes, strict=True):
            kept.extend(plane[begin:end])
        while len(self._planes[0]) >= self._bytes:
            self._send(self._bytes)

    def flush(self) -> None:
        """Send what is left."""
        if self._planes[0]:
            self._send(len(self._planes[0]))

    def _send(self, size: int) -> None:
        self._pipe.send(b"W", FIRST.pack(self._next), *(plane[:size] for plane in self._planes))
        for plane in self._planes:
            del plane[:size]
        self._next += size // 4


def _decode(recording: AudioFile, windows: _Windows, first: int, rate: int) -> None:
    start = grid_start(first * recording.rate // rate, recording.rate, rate)
    resampler = Resampler(start, rate=recording.rate, channels=recording.channels, target_rate=rate)
    for frame in recording.read(start):
        for position, planes in resampler.feed(frame):
            windows.take(position, planes)
        if windows.full:
            break
    else:
        for position, planes in resampler.drain():
            windows.take(position, planes)
    windows.flush()
