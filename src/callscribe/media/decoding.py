"""Decoding recordings in windows, each in a child process of its own.

A fresh interpreter for each call costs about a tenth of a second, and nothing of one recording can reach
another's.
"""

import contextlib
import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from callscribe.cancellation import NEVER, Cancellation
from callscribe.confinement import Confinement
from callscribe.errors import Code, JobError, SetupError, TransientJobError
from callscribe.framing import Channel, Header, computed
from callscribe.media import inspecting
from callscribe.media.forms import Form
from callscribe.media.inspecting import MAX_CHANNELS, MAX_SECONDS, MediaInfo
from callscribe.sealing import SealedPath
from callscribe.settings import Settings
from callscribe.speech.interface import SAMPLE_RATE

log = logging.getLogger(__name__)

WINDOW_SECONDS = 10.0
_WINDOW = round(WINDOW_SECONDS * SAMPLE_RATE)
_LAST = MAX_SECONDS + 1.0  # behind this the decoder has found a recording too long

# The child's path is its parent's: it ignores the environment, the working directory and site hooks. What it imports is
# for good, so that nothing of it is looked through for garbage, which would take a twentieth of its start.
_BOOTSTRAP = (
    "import gc, json, sys; gc.disable(); sys.path[:] = json.loads(sys.argv[1])\n"
    "from callscribe.media.decoder_process import main; gc.freeze(); gc.enable(); main()"
)
_FAULTS = {int(code): code for code in Code if Code.MEDIA_EMPTY <= code <= Code.MEDIA_CHANNELS}
# By these somebody, or a want of memory, ends a process from without: the whole service is stopped, say.
_KILLED = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_ENDING_SECONDS = 5.0
_LOOK = 0.02
_ROUNDS = 10
"""How often what a child has left behind is looked for: while it is, it may start more."""
_WAITING = 0.05
"""Share of the time below which what a decoder computes is nothing."""
_LONGEST_DETAIL = 500
_STALE = 1.0
_MOST_IDLE = 3600.0
"""Seconds in which a decoder may say that it works on one result without using the processor; one that does use it has
the limit of its processor time."""

_MOST = 2**31
"""No number of channels or rate is as high; what says so is not to be quoted."""

_HEADERS = 64 * 1024
"""Bytes that a rendition may have beside its samples."""

UNBOXED = (
    "Linux from 5.13 on has both: Landlock where it is among the security modules of the kernel (`lsm=landlock,…` on "
    "its command line), and in a container where the profile lets landlock_create_ruleset and seccomp through."
)
"""What to do where a decoder cannot be confined."""


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """A stretch of a recording: `start` in seconds, `samples` as `(channels, n) float32` at `SAMPLE_RATE`."""

    start: float
    samples: npt.NDArray[np.float32]


class Decoder:
    """Opens recordings that nobody vouches for. Safe to use from several threads at once.

    Args:
        extended: whether more is taken than WAV (PCM), MP3 and FLAC; see `media.inspecting`.
        boxed: whether nothing is opened where the kernel cannot confine the child: all of this raises `SetupError`
            then. Without it, limits have to do there, and the log says so once.
        stall_timeout: seconds without a sign of life after which a child counts as hung.
    """

    def __init__(self, *, extended: bool = True, boxed: bool = False, stall_timeout: float = 60.0) -> None:
        self._extended = extended
        self._boxed = boxed
        self._told = False
        self._stall_timeout = stall_timeout
        self._lock = threading.Lock()
        self._children: set[_Child] = set()
        self._closed = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "Decoder":
        """As the operator wants it."""
        return cls(extended=settings.media_formats == "extended", boxed=settings.require_box)

    def box(self) -> Confinement:
        """How far a child is confined here: one is started, and says so.

        Raises:
            SetupError: not as far as is asked for.
        """
        with self._child(Path(os.devnull), {"action": "box"}) as child:
            for _ in child.messages(""):
                raise _unbelievable()
            return child.confinement

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
        room = int(_LAST * rate) * channels * 2 + _HEADERS  # as PCM; MP3 takes less
        with self._child(path, request) as child:
            for _, body in child.messages("piece"):
                room -= len(body)
                if room < 0:
                    raise _unbelievable()
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
            asked = {**request, "extended": self._extended, "boxed": self._boxed}
            child = _Child(path, asked, self._stall_timeout, cancelled)
            self._children.add(child)
        try:
            self._look_at(child.begin())
            yield child
        finally:
            child.end()
            with self._lock:
                self._children.discard(child)

    def _look_at(self, found: Confinement) -> None:
        """Take a child as far as it is confined, or not."""
        if found.complete:
            return
        if self._boxed:
            raise SetupError(
                f"CALLSCRIBE_REQUIRE_BOX is set, and what opens recordings cannot be confined here: there is no "
                f"{found.missing}. {UNBOXED} Or unset CALLSCRIBE_REQUIRE_BOX."
            )
        if not self._told:
            self._told = True
            log.warning(
                "What opens recordings is not confined as it could be: there is no %s here. Limits on memory, time and "
                "files remain; see docs/security.md",
                found.missing,
            )


def check_box(settings: Settings) -> None:
    """Where the operator requires it, see that recordings are opened in a confined process or not at all.

    Raises:
        SetupError: that cannot be had here; the message says what to do.
    """
    if settings.require_box:
        with contextlib.closing(Decoder.from_settings(settings)) as decoder:
            decoder.box()


class _Child:
    """One decoder process and what it sends."""

    def __init__(self, path: Path, request: dict[str, Any], stall_timeout: float, cancelled: Cancellation) -> None:
        self._stall_timeout = stall_timeout
        self._cancelled = cancelled
        self._used = 0.0
        self._gone = False
        self._lock = threading.Lock()
        self._ended = False
        self.confinement = Confinement(0, seccomp=False)
        media = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._key = path.object_key if isinstance(path, SealedPath) else b""
        try:
            libraries = [str(Path(entry).resolve()) for entry in sys.path]
            self._process = subprocess.Popen(  # noqa: S603  this interpreter, and arguments of our own
                [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, json.dumps(libraries)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={},
                cwd="/",
                pass_fds=(media,),
                start_new_session=True,  # an interrupt at the terminal is for the parent to handle; and see `kill`
            )
        finally:
            os.close(media)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._channel = Channel(self._process.stdout.fileno(), self._process.stdin.fileno())
        self._request = {**request, "fd": media}

    def begin(self) -> Confinement:
        """Ask. How far the child is confined, which it says itself, before it looks at the file.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: the child is gone, or hangs.
        """
        try:
            self._channel.send(self._request, [self._key], self._watch)  # on a command line others would see the key
            header, _ = self._channel.receive(self._watch)
        except ConnectionError:
            raise self._broken_down() from None
        match header:
            case {"is": "box", "landlock": int(landlock), "seccomp": bool(seccomp)}:
                self.confinement = Confinement(landlock, seccomp)
                return self.confinement
        raise _unbelievable()

    def messages(self, kind: str) -> Iterator[tuple[Header, bytearray]]:
        """Messages of a kind, up to the one that says it is done.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: the child found a fault with the recording, crashed over it, or hung.
        """
        worked = _Worked(self._process.pid)
        while True:
            try:
                header, body = self._channel.receive(self._watch)
            except ConnectionError:
                raise self._broken_down() from None
            match header:
                case {"is": "done"}:
                    return
                case {"is": "working"}:
                    if worked.idle() > _MOST_IDLE:
                        raise TransientJobError(Code.MEDIA_UNDECODABLE, f"decoding idled for {_MOST_IDLE:g} s")
                case {"is": "fault", "code": int(code), "detail": str(detail)} if code in _FAULTS:
                    raise JobError(_FAULTS[code], "".join(filter(str.isprintable, detail[:_LONGEST_DETAIL])))
                case {"is": found} if found == kind:
                    yield header, body
                    worked = _Worked(self._process.pid)
                case _:
                    raise _unbelievable()

    def _watch(self, silent: float) -> None:
        self._cancelled.raise_if_cancelled()
        if not silent:
            self._used = computed(self._process.pid)
        elif self._gone:
            raise ConnectionError("it is gone, and something that it started has its pipe")
        self._gone = silent > 0 and self._status() is not None
        if silent >= self._stall_timeout:
            # One that computes is caught by the file; another waits: for a disk, or for whoever has stopped it.
            waits = computed(self._process.pid) - self._used < self._stall_timeout * _WAITING
            detail = f"decoding stood still for {self._stall_timeout:g} s"
            raise (TransientJobError if waits else JobError)(Code.MEDIA_UNDECODABLE, detail)

    def _broken_down(self) -> JobError:
        """Why the child is gone. A damaged file crashes it; a signal from without is not the file's fault."""
        patience = time.monotonic() + _ENDING_SECONDS
        while (status := self._status()) is None and time.monotonic() < patience:
            time.sleep(_LOOK)
        if status in _KILLED:
            return TransientJobError(Code.MEDIA_UNDECODABLE, "the decoder was killed")
        return _unbelievable()

    def _status(self) -> int | None:
        """The signal that ended the child, 0 for none, None while it lives. Its id stays its own until `end`."""
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code in {os.CLD_KILLED, os.CLD_DUMPED} else 0

    def kill(self) -> None:
        """Stop it at once, with all that it may have started in its session, where nothing kept it from that."""
        with self._lock:
            if self._ended:  # its id may be another's
                return
            if not self.confinement.seccomp:
                _kill_session(self._process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: of a group that is all ended
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()

    def end(self) -> None:
        """Stop it, and wait until it is gone."""
        self.kill()
        with self._lock, self._process:
            self._ended = True


class _Worked:
    """How long a process has been waited for without its using the processor."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._looked = time.monotonic()
        self._begun: tuple[float, float] | None = None

    def idle(self) -> float:
        """Seconds, since the first time that this was asked; 0 where it was asked just now, as each look costs some."""
        now = time.monotonic()
        if now - self._looked < _STALE:
            return 0.0
        self._looked = now
        used = computed(self._pid)
        self._begun = self._begun or (now, used)
        return (now - self._begun[0]) - (used - self._begun[1])


def _kill_session(leader: int) -> None:
    """What a child has started and left in its session. Something in a session of its own is not found."""
    for _ in range(_ROUNDS):
        found = False
        for pid in psutil.pids():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if pid != leader and os.getsid(pid) == leader:
                    os.kill(pid, signal.SIGKILL)
                    found = True
        if not found:
            return


def _info(header: Header) -> MediaInfo:
    """What the recording is, if there are such: it may have taken the decoder over."""
    match header:
        case {"container": str(name), "codec": str(codec), "channels": int(channels), "sample_rate": int(rate)}:
            kind = next((kind for kind in inspecting.CONTAINERS if kind.name == name), None)
            duration, declared = header.get("duration"), header.get("declared")
            named = codec in inspecting.CODECS and max(channels, rate) < _MOST
            if isinstance(declared, float) and not 0 <= declared < math.inf:
                raise _unbelievable()
            if kind is not None and named and isinstance(duration, float) and isinstance(declared, float | None):
                inspecting.check_stream(kind, codec, int(channels), rate)
                inspecting.check_duration(duration)
                return MediaInfo(name, codec, int(channels), rate, duration, declared, header.get("regular") is True)
    raise _unbelievable()


def _samples(
    header: Header, body: bytearray, first: int, last: int, channels: Collection[int]
) -> npt.NDArray[np.float32]:
    """Those from `first` on, at most to `last`, of so many channels as may be. What is no number is silence."""
    match header:
        case {"first": int(begin), "channels": int(found)} if begin == first and found in channels:
            number, rest = divmod(len(body), 4 * found)
            if not rest and 0 < number <= min(_WINDOW, last - first):
                samples = np.frombuffer(body, dtype="<f4").reshape(int(found), number)
                finite = np.isfinite(samples)
                return samples if finite.all() else np.where(finite, samples, np.float32(0))
    raise _unbelievable()


def _unbelievable() -> JobError:
    return JobError(Code.MEDIA_UNDECODABLE, "the decoder broke down over the file")
