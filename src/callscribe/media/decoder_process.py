"""The decoder's child process: FFmpeg on a file that nobody trusts, with no means to do harm.

It is a fresh interpreter with an empty environment, the media file open for reading, a pipe that its request comes by
and one to write to. All code that it needs is loaded; then, before the first byte of the file is looked at, it gives up
whatever else it could do (`callscribe.confinement`), with limits on memory, CPU time, files and descriptors beside.
It ends with its parent: the kernel kills it once nobody has the other end of the request's pipe.

Its messages (`callscribe.framing`), by what `is` says in the header:

    box       the first: `landlock` and `seccomp`, as in `Confinement`
    info      the fields of `MediaInfo`
    samples   `first`: the number of the first, `channels`; the body: float32, channel after channel
    piece     the body: bytes of another form of the recording
    working   still at work
    done      nothing follows
    fault     `code`, the public one, and `detail`: what is wrong
"""

import contextlib
import fcntl
import io
import os
import resource
import select
import signal
import sys
import time
from dataclasses import asdict
from typing import Any, BinaryIO

import av.subtitles.stream  # noqa: F401  which PyAV loads when it first opens a file: too late

from callscribe.confinement import COMPUTING, confine
from callscribe.errors import JobError
from callscribe.framing import Channel, Header
from callscribe.media.audio_file import AudioFile
from callscribe.media.rendering import render
from callscribe.media.resampling import Resampler, grid_start

MAX_MEMORY = 1024**3
MAX_CPU_SECONDS = 3600
MAX_DESCRIPTORS = 16

_REPORT_INTERVAL = 1.0


def main() -> None:
    """Serve the request that comes by standard input."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's way to end by it is a signal to itself
    channel = Channel(sys.stdin.fileno(), sys.stdout.fileno())
    pipe = _Pipe(channel)
    with contextlib.suppress(ConnectionError):
        request, key = channel.receive()
        _end_with_parent(sys.stdin.fileno())
        with _opened(request, bytes(key)) as file:
            _limit()
            box = confine(COMPUTING)
            pipe.send("box", **box._asdict())
            if box.complete or not request["boxed"]:
                _serve(request, file, pipe)
    os._exit(0)  # nothing to tidy up, and no destructor of a damaged file's to run


def _serve(request: Header, file: BinaryIO, pipe: "_Pipe") -> None:
    try:
        if request["action"] != "box":
            _answer(request, AudioFile(file, extended=request["extended"], report=pipe.report), pipe)
        pipe.send("done")
    except JobError as error:
        pipe.send("fault", code=int(error.code), detail=error.detail)


def _answer(request: Header, recording: AudioFile, pipe: "_Pipe") -> None:
    if request["action"] == "inspect":
        pipe.send("info", **asdict(recording.info()))
    elif request["action"] == "render":
        for piece in render(recording, request["form"], request["channels"], request["rate"]):
            pipe.send("piece", piece)
    else:
        windows = _Windows(pipe, recording.channels, request["first"], request["last"], request["size"])
        _decode(recording, windows, request["first"], request["rate"])


def _opened(request: Header, key: bytes) -> BinaryIO:
    """The file, seekable, with all that reading it needs: from here on nothing can be opened or loaded.

    `key` is a sealed file's, of no use for any other; empty for one that is not sealed.
    """
    file = open(request["fd"], "rb", closefd=False)  # noqa: SIM115  whoever asks for it closes it
    if not key:
        return file
    from callscribe.sealing import SealedReader  # noqa: PLC0415  takes as long to load as much of the rest

    return io.BufferedReader(SealedReader(file, of_object=key))


def _end_with_parent(lifeline: int) -> None:
    """Have the kernel kill this process when the other end of the pipe is closed, also while it hangs.

    Not by PR_SET_PDEATHSIG, which goes by the thread that started this process, and threads end before their process.
    """
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    closed = select.poll()
    closed.register(lifeline, 0)
    if closed.poll(0):  # before that was said
        raise ConnectionError


def _limit() -> None:
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
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
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
