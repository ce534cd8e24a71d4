"""The decoder's child process: FFmpeg on a file that nobody trusts, with no means to do harm.

It is a fresh interpreter with an empty environment, one request on its command line, the media file open for
reading and a pipe to write to. Limits on memory, CPU time, files and descriptors are set before the first
byte of the file is looked at. When its parent dies, its next write ends it.

Its messages (`callscribe.framing`), by what `is` says in the header:

    info      the fields of `MediaInfo`
    samples   `first`: the number of the first, `channels`; the body: float32, channel after channel
    piece     the body: bytes of another form of the recording
    working   still at work
    done      nothing follows
    fault     `code`, the public one, and `detail`: what is wrong
"""

import json
import os
import resource
import sys
import time
from dataclasses import asdict
from typing import Any

from callscribe.errors import JobError
from callscribe.framing import Channel
from callscribe.media.audio_file import AudioFile
from callscribe.media.rendering import render
from callscribe.media.resampling import Resampler, grid_start

MAX_MEMORY = 1024**3
MAX_CPU_SECONDS = 3600
MAX_DESCRIPTORS = 16

_REPORT_INTERVAL = 1.0


def main() -> None:
    """Serve the request on the command line."""
    request = json.loads(sys.argv[2])
    pipe = _Pipe()
    _confine()
    try:
        with open(request["fd"], "rb", closefd=False) as file:
            recording = AudioFile(file, extended=request["extended"], report=pipe.report)
            if request["action"] == "inspect":
                pipe.send("info", **asdict(recording.info()))
            elif request["action"] == "render":
                for piece in render(recording, request["form"], request["channels"], request["rate"]):
                    pipe.send("piece", piece)
            else:
                windows = _Windows(pipe, recording.channels, request["first"], request["last"], request["size"])
                _decode(recording, windows, request["first"], request["rate"])
            pipe.send("done")
    except JobError as error:
        pipe.send("fault", code=int(error.code), detail=error.detail)
    except ConnectionError:
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
    def __init__(self) -> None:
        self._channel = Channel(sink=sys.stdout.fileno())
        self._last = time.monotonic()

    def send(self, what: str, *body: bytes | bytearray, **header: Any) -> None:
        self._channel.send({"is": what, **header}, body)
        self._last = time.monotonic()

    def report(self) -> None:
        """Say that the work goes on, where nothing was said for a while."""
        if time.monotonic() - self._last > _REPORT_INTERVAL:
            self.send("working")


class _Windows:
    """Collects output samples `first` to `last`, the latter excluded, and sends them `size` at a time."""

    def __init__(self, pipe: _Pipe, channels: int, first: int, last: int, size: int) -> None:
        self._pipe = pipe
        self._next = first
        self._last = last
        self._bytes = size * 4
        self._planes = [bytearray() for _ in range(channels)]

    @property
    def full(self) -> bool:
        """Whether `last` is reached."""
        return self._next + len(self._planes[0]) // 4 >= self._last

    def take(self, position: int, planes: list[bytes]) -> None:
        """Add samples that begin at output sample `position`."""
        wanted = self._next + len(self._planes[0]) // 4
        begin = max(0, wanted - position) * 4
        end = max(0, self._last - position) * 4
        for kept, plane in zip(self._planes, planes, strict=True):
            kept.extend(plane[begin:end])
        while len(self._planes[0]) >= self._bytes:
            self._send(self._bytes)

    def flush(self) -> None:
        """Send what is left."""
        if self._planes[0]:
            self._send(len(self._planes[0]))

    def _send(self, size: int) -> None:
        samples = [plane[:size] for plane in self._planes]
        self._pipe.send("samples", *samples, first=self._next, channels=len(samples))
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
