"""Decoding recordings in windows, each in a child process of its own.

A fresh interpreter for each call costs about a tenth of a second, and nothing of one recording can reach
another's.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Code, JobError, TransientJobError
from callscribe.media.decoder_process import FIRST, HEAD
from callscribe.media.forms import Form
from callscribe.media.inspecting import MediaInfo
from callscribe.speech.interface import SAMPLE_RATE

WINDOW_SECONDS = 10.0

# The child's path is its parent's: it ignores the environment, the working directory and site hooks.
_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from callscribe.media.decoder_process import main; main()"
)
_READ = 256 * 1024
_WATCH_SECONDS = 0.2
# By these somebody, or a want of memory, ends a process from without: the whole service is stopped, say.
_KILLED = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
_LONGEST_MESSAGE = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """A stretch of a recording: `start` in seconds, `samples` as `(channels, n) float32` at `SAMPLE_RATE`."""

    start: float
    samples: npt.NDArray[np.float32]


class Decoder:
    """Opens recordings that nobody vouches for. Safe to use from several threads at once.

    Args:
        extended: whether Ogg, M4A and WebM are taken beside WAV, MP3 and FLAC.
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
            for kind, payload in child.messages():
                if kind == b"I":
                    return MediaInfo(**json.loads(payload))
        raise JobError(Code.MEDIA_UNDECODABLE, "the decoder gave no answer")

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
        request = {
            "action": "windows",
            "first": round(start * SAMPLE_RATE),
            "last": None if end is None else round(end * SAMPLE_RATE),
            "rate": SAMPLE_RATE,
            "size": round(WINDOW_SECONDS * SAMPLE_RATE),
        }
        with self._child(path, request, cancelled) as child:
            channels = 0
            for kind, payload in child.messages():
                if kind == b"C":
                    channels = payload[0]
                elif kind == b"W" and channels:
                    (first,) = FIRST.unpack_from(payload)
                    samples = np.frombuffer(payload, dtype="<f4", offset=FIRST.size)
                    yield DecodedWindow(first / SAMPLE_RATE, samples.reshape(channels, -1))

    def render(self, path: Path, *, form: Form, channels: int, rate: int) -> Iterator[bytes]:
        """The recording in another form, piece by piece; see `media.rendering`. Closing the iterator ends the work.

        Raises:
            JobError: 17554 to 17559, some only after pieces were yielded.
            TransientJobError: 17558, the decoder was closed or killed.
            FileNotFoundError: there is no such file.
        """
        request = {"action": "render", "form": form.value, "channels": channels, "rate": rate}
        with self._child(path, request) as child:
            for kind, payload in child.messages():
                if kind == b"R":
                    yield bytes(payload)

    def close(self) -> None:
        """End the work that is under way; its iterators raise."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:
            child.kill()

    @contextmanager
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
        media = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            search = [str(Path(entry).resolve()) for entry in sys.path]
            self._process = subprocess.Popen(  # noqa: S603  this interpreter, and arguments of our own
                [
                    sys.executable,
                    *("-I", "-S", "-c", _BOOTSTRAP),
                    json.dumps(search),
                    json.dumps({**request, "fd": media}),
                ],
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
        self._pipe = self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def messages(self) -> Iterator[tuple[bytes, bytearray]]:
        """Messages up to the one that says it is done.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: the child found a fault with the recording, crashed over it, or hung.
        """
        while True:
            kind, length = HEAD.unpack(self._read(HEAD.size))
            if length > _LONGEST_MESSAGE:  # no decoder of ours says so much at once
                raise JobError(Code.MEDIA_UNDECODABLE, "the decoder broke down over the file")
            payload = self._read(length)
            if kind == b"D":
                return
            if kind == b"E":
                fault = json.loads(payload)
                code = next((code for code in Code if code == fault["code"]), Code.MEDIA_UNDECODABLE)
                raise JobError(code, fault["detail"])
            if kind != b"P":
                yield kind, payload

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            self._wait()
            count = os.readv(self._pipe.fileno(), [view[:_READ]])
            if not count:
                raise self._broken_down()
            view = view[count:]
        return data

    def _wait(self) -> None:
        """Until there is something to be read."""
        waited = 0.0  # not by a clock, which goes on while this process and its child are frozen
        while waited < self._stall_timeout:
            self._cancelled.raise_if_cancelled()
            span = min(self._stall_timeout - waited, _WATCH_SECONDS)
            if self._poll.poll(span * 1000):
                return
            waited += span
        raise JobError(Code.MEDIA_UNDECODABLE, f"decoding stood still for {self._stall_timeout:g} s")

    def _broken_down(self) -> JobError:
        """Why the child is gone. A damaged file crashes it; a signal from without is not the file's fault."""
        if self._process.wait() in _KILLED:
            return TransientJobError(Code.MEDIA_UNDECODABLE, "the decoder was killed")
        return JobError(Code.MEDIA_UNDECODABLE, "the decoder broke down over the file")

    def kill(self) -> None:
        """Stop it at once."""
        self._process.kill()

    def end(self) -> None:
        """Stop it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
