"""Jobs share an engine's child process: what waits for it when it is free goes to it as one request, owner by owner.

Short recordings have few windows each, and a batch that is not full costs as much as a full one.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Final, Generic, Protocol, TypeVar

from callscribe.cancellation import Cancellation
from callscribe.errors import Cancelled, Code, TransientJobError
from callscribe.framing import LOST, Header
from callscribe.speech.engines.process import ChildProcess, Exchange, Message
from callscribe.speech.interface import SpeechWindow

log = logging.getLogger(__name__)

REQUEST_SECONDS: Final = 240.0
"""Audio in one request: enough for full batches; little enough for others to have their turn soon, and for progress to
be seen. The recogniser answers a request as a whole."""

_ATTEMPTS: Final = 3
"""How often a request is made when the child dies of it or beside it."""

_PATIENCE: Final = 120.0
_MOST_PER_SECOND: Final = 20.0
_LEAST_PER_SECOND: Final = 1.0
"""A child is taken for hung when it needs longer than this: for starting, and for each second of audio. The most where
it is not known yet how fast the model is here; then ten times what was needed of late, but not less than the least."""

_PACED: Final = 10.0
"""Seconds of audio from which on a request tells how fast a model is."""

_RECYCLE_AFTER: Final = 1800.0
"""Seconds of audio after which a fresh child goes on: kernels for ever new shapes add up, by a twentieth in twice this.
A start takes a second or two."""


class _Part(Protocol):
    @property
    def seconds(self) -> float: ...


PartT = TypeVar("PartT", bound=_Part)
"""What one job asks at once, so many seconds of audio."""
AnswerT = TypeVar("AnswerT")
_Part_contra = TypeVar("_Part_contra", contravariant=True)


class Language(Protocol[_Part_contra, AnswerT]):
    """What an engine and its child say to each other."""

    def write(self, model: str, parts: Sequence[_Part_contra], /) -> Message:
        """A request as it goes to the child."""
        ...

    def read(self, header: Header, /) -> list[AnswerT]:
        """Its answer to each part."""
        ...


@dataclass(slots=True, eq=False)
class _Waiting(Generic[PartT, AnswerT]):
    """A part that somebody waits for. `alone` once a request that it was in has failed."""

    model: str
    part: PartT
    owner: str = ""
    answer: AnswerT | None = None
    alone: bool = False
    abandoned: bool = False
    """Whether nobody waits any more: its job was deleted."""


class Batcher(Generic[PartT, AnswerT]):
    """A child process that many threads ask at once."""

    def __init__(self, child: ChildProcess, language: Language[PartT, AnswerT]) -> None:
        self._child = child
        self._language = language
        self._waiting: list[_Waiting[PartT, AnswerT]] = []
        self._lock = threading.Lock()
        self._recognized = 0.0
        self._pace: dict[str, float] = {}

    def ask(self, model: str, part: PartT, cancelled: Cancellation, owner: str = "") -> AnswerT:
        """The answer to one part, by the model in a folder. Owners take turns, one request each.

        Raises:
            Cancelled: `cancelled` says so.
            TransientJobError: 17561, the child failed on it, or died of it again and again.
            EngineClosed: the child was closed.
        """
        mine = _Waiting[PartT, AnswerT](model, part, owner)
        with self._lock:
            self._waiting.append(mine)
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    self._child.take_turn(lambda exchange: self._serve(mine, exchange, cancelled), cancelled, owner)
                except LOST as error:
                    mine.alone = True
                    log.warning("The recognition process died (attempt %d of %d): %s", attempt, _ATTEMPTS, error)
                if mine.answer is not None:
                    return mine.answer
        finally:
            with self._lock:
                mine.abandoned = mine.answer is None
                if mine in self._waiting:
                    self._waiting.remove(mine)
        raise TransientJobError(
            Code.JOB_INTERNAL, f"The recognition process died {_ATTEMPTS} times over the same audio."
        )

    def _serve(self, mine: _Waiting[PartT, AnswerT], exchange: Exchange, cancelled: Cancellation) -> None:
        """Ask for `mine` and for what else waits, unless somebody has done so before."""
        while mine.answer is None:
            group = self._take(mine)
            wanted = Cancellation(cancelled.raise_if_cancelled, partial(_check_all_wait, group))
            try:
                self._answer(group, exchange, wanted)
            except Cancelled:
                # The child cannot be told to leave out what was deleted, so it was ended. The others lose what it had
                # done for them, once: from now on each is alone.
                cancelled.raise_if_cancelled()
            finally:
                with self._lock:  # those without an answer ask for themselves, each alone
                    for each in group:
                        if each.answer is None and not each.abandoned:
                            each.alone = True
                            self._waiting.append(each)

    def _answer(self, group: Sequence[_Waiting[PartT, AnswerT]], exchange: Exchange, cancelled: Cancellation) -> None:
        seconds = sum(each.part.seconds for each in group)
        self._recycle(seconds)
        model = group[0].model
        request = self._language.write(model, [each.part for each in group])
        began = time.monotonic()
        header = exchange(model, request, cancelled, self._patience(model, seconds))
        self._learn(model, seconds, time.monotonic() - began)
        if "error" in header and len(group) > 1:
            log.warning("The recognition process failed on %d jobs at once; each is tried alone", len(group))
            return
        if "error" in header:
            # Its words are for the log: they may hold paths, and the owner of the job can do nothing about them.
            log.error("The recognition process failed: %s", header["error"])
            raise TransientJobError(Code.JOB_INTERNAL, "The recognition process failed.")
        for each, answer in zip(group, self._language.read(header), strict=True):
            each.answer = answer

    def _patience(self, model: str, seconds: float) -> float:
        """Seconds for which an answer is waited for."""
        pace = self._pace.get(model)
        slowest = _MOST_PER_SECOND if pace is None else min(_MOST_PER_SECOND, max(_LEAST_PER_SECOND, 10 * pace))
        return _PATIENCE + slowest * seconds

    def _learn(self, model: str, seconds: float, needed: float) -> None:
        """Remember the slowest of late."""
        if seconds >= _PACED:
            self._pace[model] = max(needed / seconds, 0.9 * self._pace.get(model, 0.0))

    def _take(self, mine: _Waiting[PartT, AnswerT]) -> list[_Waiting[PartT, AnswerT]]:
        """`mine` and others of its kind, as much audio as one request may have."""
        with self._lock:
            group, seconds = [mine], mine.part.seconds
            for each in _in_turns(self._waiting):
                alike = each.model == mine.model and not each.alone and not mine.alone
                if each is not mine and alike and seconds + each.part.seconds <= REQUEST_SECONDS:
                    group.append(each)
                    seconds += each.part.seconds
            self._waiting = [each for each in self._waiting if each not in group]
            return group

    def _recycle(self, seconds: float) -> None:
        self._recognized += seconds
        if self._recognized > _RECYCLE_AFTER:
            self._recognized = 0.0
            self._child.retire()


def _check_all_wait(group: Sequence[_Waiting[PartT, AnswerT]]) -> None:
    """Raise once one of those whose parts are in the same request was deleted."""
    if any(each.abandoned for each in group):
        raise Cancelled


def _in_turns(waiting: Sequence[_Waiting[PartT, AnswerT]]) -> Iterator[_Waiting[PartT, AnswerT]]:
    """The first of each owner, the second of each, and so on."""
    by_owner: dict[str, list[_Waiting[PartT, AnswerT]]] = {}
    for each in waiting:
        by_owner.setdefault(each.owner, []).append(each)
    for round_ in zip_longest(*by_owner.values()):
        yield from (each for each in round_ if each is not None)


def in_requests(windows: Iterable[SpeechWindow]) -> Iterator[list[SpeechWindow]]:
    """Windows in groups of a bounded amount of audio, each as soon as it is full."""
    group: list[SpeechWindow] = []
    seconds = 0.0
    for window in windows:
        group.append(window)
        seconds += window.end - window.start
        if seconds >= REQUEST_SECONDS:
            yield group
            group, seconds = [], 0.0
    if group:
        yield group
