"""Decoding recordings in windows, each in a child process of its own.

A fresh interpreter for each call costs about a tenth of a second, and nothing of one recording can reach
another's.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Code, JobError, TransientJobError
from callscribe.framing import Channel, Header, computed
from callscribe.media import inspecting
from callscribe.media.forms import Form
from callscribe.media.inspecting import MAX_CHANNELS, MAX_SECONDS, MediaInfo
from callscribe.speech.interface import SAMPLE_RATE

WINDOW_SECONDS = 10.0
_WINDOW = round(WINDOW_SECONDS * SAMPLE_RATE)
_LAST = MAX_SECONDS + 1.0  # behind this the decoder has found a recording too long

# The child's path is its parent's: it ignores the environment, the working directory and site hooks.
_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from callscribe.media.decoder_process import main; main()"
)
_FAULTS = {int(code): code for code in Code if Code.MEDIA_EMPTY <= code <= Code.MEDIA_CHANNELS}
# By these somebody, or a want of memory, ends a process from without: the whole service is stopped, say.
_KILLED = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
_ENDING_SECONDS = 5.0
_WAITING = 0.05
"""Share of the time below which what a decoder computes is nothing."""
_LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """A stretch of a recording: `start` in seconds, `samples` as `(channels, n) float32` at `SAMPLE_RATE`."""

    start: float
    samples: npt.NDArray[np.float32]


class Decoder:
    """Opens recordings that nobody vouches for. Safe to use from several threads at once.

    Args:
        extended: whether more is taken than WAV (PCM), MP3 and FLAC; see `media.inspecting`.
        stall_timeout: seconds without a sign of life after which a child counts as hung.
    """

    def __init__(self, *, extended: bool = True, stall_timeout: float = 60.0) -> None:
        self._extended = extended
        self._stall_timeout = stall_timeout
        self._lock = threading.Lock()
        self._children: set[_Child] = set()
        self._closed = False

    def inspect(self, path: Path, *, cancelled: Cancellation = NEVER) -> MediaInfo:
        """What the file at `path` is. Packets are counted where its header does not say how long it is.

        Raises:
            Cancelled: `cancelled` says so; looked at five times a second.
            JobError: 17554 to 17559, where it cannot be transcribed.
            TransientJobError: 17558, the decoder was closed or killed.
            FileNotFoundError: there is no such file.
        """
        with self._child(path, {"action": "inspect"}, cancelled) as child:
            for header, _ in child.messages("info"):
                return _info(header)
        raise _unbelievable()

    def windows(
        self, path: Path, *, start: float = 0.0, end: float | None = None, cancelled: Cancellation = NEVER
    ) -> Iterator[DecodedWindow]:
        """The recording from `start` to `end` seconds, in windows that follow one another without a gap.

        Both are rounded to a sample, and give the same samples as the whole would there, as far as the codec
        allows. Memory does not grow with the recording. Closing the iterator ends the work.

        Raises:
            Cancelled: `cancelled` says so, also while the decoder looks for `start`.
            JobError: 17554 to 17559, some only after windows were yielded. That a recording is shorter than
                it says (17558) or than two seconds (17554) shows when it is read as a whole.
            TransientJobError: 17558, the decoder was closed or killed.
            FileNotFoundError: there is no such file.
        """
        first = round(start * SAMPLE_RATE)
        last = round(min(_LAST if end is None else end, _LAST) * SAMPLE_RATE)
        request = {"action": "windows", "first": first, "last": last, "rate": SAMPLE_RATE, "size": _WINDOW}
        with self._child(path, request, cancelled) as child:
            channels: Collection[int] = range(1, MAX_CHANNELS + 1)
            for header, body in child.messages("samples"):
                samples = _samples(header, body, first, last, channels)
                yield DecodedWindow(first / SAMPLE_RATE, samples)
                channels = {len(samples)}
                first += samples.shape[1]

    def render(self, path: Path, *, form: Form, channels: int, rate: int) -> Iterator[bytes]:
        """The recording in another form, piece by piece; see `media.rendering`. Closing the iterator ends the work.

        Raises:
            JobError: 17554 to 17559, some only after pieces were yielded.
            TransientJobError: 17558, the decoder was closed or killed.
            FileNotFoundError: there is no such file.
        """
        request = {"action": "render", "form": form.value, "channels": channels, "rate": rate}
        with self._child(path, request) as child:
            for _, body in child.messages("piece"):
                yield bytes(body)

    def close(self) -> None:
        """End the work that is under way; its iterators raise."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:
            child.kill()

    @contextlib.contextmanager
    def _child(self, path: Path, request: dict[str, Any], cancelled: Cancellation = NEVER) -> Iterator["_Child"]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the decoder is closed")
            child = _Child(path, {**request, "extended": self._extended}, self._stall_timeout, cancelled)
            self._children.add(child)
        try:
            yield child
        finally:
            child.end()
            with self._lock:
                self._children.discard(child)


class _Child:
    """One decoder process and what it sends."""

    def __init__(self, path: Path, request: dict[str, Any], stall_timeout: float, cancelled: Cancellation) -> None:
        self._stall_timeout = stall_timeout
        self._cancelled = cancelled
        self._used = 0.0
        media = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            arguments = [str(Path(entry).resolve()) for entry in sys.path], {**request, "fd": media}
            self._process = subprocess.Popen(  # noqa: S603  this interpreter, and arguments of our own
                [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, *map(json.dumps, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={},
                cwd="/",
                pass_fds=(media,),
                start_new_session=True,  # an interrupt at the terminal is for the parent to handle
            )
        finally:
            os.close(media)
        assert self._process.stdout is not None
        self._channel = Channel(self._process.stdout.fileno())

    def messages(self, kind: str) -> Iterator[tuple[Header, bytearray]]:
        """Messages of a kind, up to the one that says it is done.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: the child found a fault with the recording, crashed over it, or hung.
        """
        while True:
            try:
                header, body = self._channel.receive(self._watch)
            except ConnectionError:
                raise self._broken_down() from None
            match header:
                case {"is": "done"}:
                    return
                case {"is": "working"}:
                    pass
                case {"is": "fault", "code": int(code), "detail": str(detail)} if code in _FAULTS:
                    raise JobError(_FAULTS[code], "".join(filter(str.isprintable, detail[:_LONGEST_DETAIL])))
                case {"is": found} if found == kind:
                    yield header, body
                case _:
                    raise _unbelievable()

    def _watch(self, silent: float) -> None:
        self._cancelled.raise_if_cancelled()
        if not silent:
            self._used = computed(self._process.pid)
        if silent >= self._stall_timeout:
            # One that computes is caught by the file; another waits: for a disk, or for whoever has stopped it.
            waits = computed(self._process.pid) - self._used < self._stall_timeout * _WAITING
            detail = f"decoding stood still for {self._stall_timeout:g} s"
            raise (TransientJobError if waits else JobError)(Code.MEDIA_UNDECODABLE, detail)

    def _broken_down(self) -> JobError:
        """Why the child is gone. A damaged file crashes it; a signal from without is not the file's fault."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._process.wait(_ENDING_SECONDS) in _KILLED:
                return TransientJobError(Code.MEDIA_UNDECODABLE, "the decoder was killed")
        return _unbelievable()

    def kill(self) -> None:
        """Stop it at once."""
        self._process.kill()

    def end(self) -> None:
        """Stop it, and wait until it is gone."""
        with self._process:
            self._process.kill()


def _info(header: Header) -> MediaInfo:
    """What the recording is, if there are such: it may have taken the decoder over."""
    match header:
        case {"container": str(name), "codec": str(codec), "channels": int(channels), "sample_rate": int(rate)}:
            kind = next((kind for kind in inspecting.CONTAINERS if kind.name == name), None)
            duration, declared = header.get("duration"), header.get("declared")
            if kind is not None and isinstance(duration, float) and isinstance(declared, float | None):
                inspecting.check_stream(kind, codec, channels, rate)
                inspecting.check_duration(duration)
                return MediaInfo(name, codec, channels, rate, duration, declared, header.get("regular") is True)
    raise _unbelievable()


def _samples(
    header: Header, body: bytearray, first: int, last: int, channels: Collection[int]
) -> npt.NDArray[np.float32]:
    """Those from `first` on, at most to `last`, of so many channels as may be."""
    match header:
        case {"first": int(begin), "channels": int(found)} if begin == first and found in channels:
            number, rest = divmod(len(body), 4 * found)
            if not rest and 0 < number <= min(_WINDOW, last - first):
                return np.frombuffer(body, dtype="<f4").reshape(found, number)
    raise _unbelievable()


def _unbelievable() -> JobError:
    return JobError(Code.MEDIA_UNDECODABLE, "the decoder broke down over the file")
