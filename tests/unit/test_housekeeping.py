"""A worker tidies up beside its work."""

import threading

import structlog

from callscribe.worker.process import Housekeeping


def test_a_part_that_always_fails_keeps_no_other_from_its_turn() -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("always")

    parts = {"first": lambda: done.append("first"), "second": fail, "third": lambda: done.append("third")}
    with structlog.testing.capture_logs() as logs:
        Housekeeping(parts, threading.Event()).round()
    assert done == ["first", "third"]
    assert [(entry["event"], entry["part"]) for entry in logs] == [("worker.housekeeping_failed", "second")]


def test_nobody_waits_for_a_round() -> None:
    begun, go_on, ended, stop = (threading.Event() for _ in range(4))
    done: list[str] = []

    def long() -> None:
        begun.set()
        go_on.wait(60)

    def late() -> None:
        done.append("late")

    Housekeeping({"long": long, "late": late, "end": ended.set}, stop).start()
    assert begun.wait(60)
    stop.set()  # nothing else is begun from here on
    go_on.set()
    assert not ended.wait(0.1)
    assert not done
