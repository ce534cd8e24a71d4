"""What one request holds of several jobs, when one is deleted. The child is one in memory that takes its time."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled
from callscribe.framing import Header
from callscribe.speech.engines.batching import Batcher
from callscribe.speech.engines.process import FairLock, Message
from callscribe.speech.engines.whisper.messages import Answer, Part, Requests, write_answers
from callscribe.speech.interface import SAMPLE_RATE, SpeechWindow
from harness import eventually


class _Child:
    """Answers when it may; notes of each request how many parts it has, and whether it was ended over it."""

    def __init__(self) -> None:
        self.may_answer = threading.Semaphore(0)
        self.requests: list[int] = []
        self.patience: list[float] = []
        self.ended = 0
        self._turns = FairLock()

    def take_turn(self, work: Callable[[Any], None], cancelled: Cancellation, owner: str = "") -> None:
        with self._turns.take(cancelled, owner):
            work(self._exchange)

    def _exchange(self, _model: str, request: Message, wanted: Cancellation, timeout: float) -> Header:
        parts = len(request[0]["parts"])
        self.requests.append(parts)
        self.patience.append(timeout)
        while not self.may_answer.acquire(timeout=0.01):
            try:
                wanted.raise_if_cancelled()
            except Cancelled:
                self.ended += 1
                raise
        return write_answers([Answer(((),))] * parts)

    def retire(self) -> None:
        pass


def part(seconds: int = 1) -> Part:
    return Part((SpeechWindow(0, 0.0, np.zeros(seconds * SAMPLE_RATE, np.float32), ()),), "en")


@pytest.fixture
def child() -> _Child:
    return _Child()


def ask(shared: Batcher[Part, Answer], cancelled: Cancellation) -> tuple[threading.Thread, list[object]]:
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(shared.ask("model", part(), cancelled))
        except Cancelled:
            outcome.append(Cancelled)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome


@pytest.mark.parametrize("deleted", [0, 1, 2])
def test_deletion_ends_request_not_others(child: _Child, deleted: int) -> None:
    shared = Batcher(child, Requests(5))  # type: ignore[arg-type]
    flags = [Cancellation() for _ in range(4)]
    first = ask(shared, flags[3])
    eventually(lambda: child.requests == [1])
    asked = [ask(shared, flag) for flag in flags[:3]]  # they gather while the first is served
    eventually(lambda: len(shared._waiting) == 3)
    child.may_answer.release()
    first[0].join(10)
    eventually(lambda: child.requests == [1, 3])
    flags[deleted].cancel()
    eventually(lambda: child.ended == 1)
    asked[deleted][0].join(10)
    assert asked[deleted][1] == [Cancelled]
    child.may_answer.release(2)
    for index, (thread, outcome) in enumerate(asked):
        thread.join(10)
        if index != deleted:
            assert isinstance(outcome[0], Answer)
    # Those that lost their work once are alone from then on, so that nobody can take it from them again.
    assert child.requests == [1, 3, 1, 1]
    assert not shared._waiting


def test_fast_child_presumed_hung_sooner(child: _Child) -> None:
    shared = Batcher(child, Requests(5))  # type: ignore[arg-type]  what is asked of it, it has
    for _ in range(3):
        child.may_answer.release()
        shared.ask("model", part(100), NEVER)
    first, *then = child.patience
    assert first == 120 + 20 * 100
    assert then == [120 + 1 * 100] * 2
    child.may_answer.release()
    shared.ask("another", part(100), NEVER)
    assert child.patience[-1] == first
