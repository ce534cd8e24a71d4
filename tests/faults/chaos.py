"""The faults of a fleet: each a small function with a name, planned from a seed, and a log of when it was."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Literal

import psutil

from faults.fleet import Fleet, Member
from harness import Receiver
from servers import Proxy

Mood = Literal["well", "failing", "hanging"]

HANG = 60.0
"""Seconds after which even a receiver that hangs lets go of a request."""


@dataclass(slots=True)
class Surroundings:
    """What a fleet talks to that is not part of it: who has the recordings, and who takes callbacks."""

    receiver: Receiver
    to_receiver: Proxy
    to_media: Proxy
    moods: list[Mood] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    """Ids of the jobs whose callbacks were answered with 200."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Take a callback as the mood is."""
        mood = self.moods[-1] if self.moods else "well"
        if mood == "hanging":
            with suppress(OSError):
                handler.connection.settimeout(HANG)
                handler.connection.recv(1)  # until the sender gives up
            handler.close_connection = True
            return
        handler.send_response(500 if mood == "failing" else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        if mood == "well":
            self.accepted.append(handler.received.json["id"])  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A fault that is planned. `target` picks one of the processes that it can hit."""

    at: float
    name: str
    seconds: float
    target: int


@dataclass(slots=True)
class Done:
    """A fault that was, in seconds from the start."""

    event: Event
    began: float
    ended: float
    note: str


class Chaos:
    """Makes the faults of a plan happen, each in a thread of its own, so that they overlap."""

    def __init__(self, fleet: Fleet, around: Surroundings) -> None:
        self.fleet = fleet
        self.around = around
        self.began = time.monotonic()
        self.log: list[Done] = []
        self.failures: list[str] = []
        """Faults that did not come about."""
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.database = threading.Lock()
        """Held by what does something to the database, so that each thing begins with one that works."""

    @contextmanager
    def following(self, plan: Sequence[Event]) -> Iterator[None]:
        """Let the faults happen while the block runs; at its end all of them are over."""
        self.began = time.monotonic()
        self._threads = [threading.Thread(target=self._at_its_time, args=(event,), daemon=True) for event in plan]
        for thread in self._threads:
            thread.start()
        try:
            yield
        except BaseException:
            self._stop.set()
            raise
        finally:
            for thread in self._threads:
                thread.join()

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def wait(self, seconds: float) -> None:
        """Let a fault last, unless all is called off."""
        self._stop.wait(seconds)

    def lasted(self, name: str) -> list[tuple[float, float]]:
        """When a fault was."""
        return [(each.began, each.ended) for each in self.log if each.event.name == name]

    def _at_its_time(self, event: Event) -> None:
        if self._stop.wait(max(0.0, self.began + event.at - time.monotonic())):
            return
        done = Done(event, self.now, self.now, "")
        self.log.append(done)
        try:
            done.note = FAULTS[event.name].make(self, event)
        except psutil.NoSuchProcess:
            done.note = "it was gone"
        except Exception as error:  # noqa: BLE001  told at the end, with everything else
            done.note = f"could not be done: {error!r}"
            self.failures.append(f"{event.name}: {done.note}")
        finally:
            done.ended = self.now


@dataclass(frozen=True, slots=True)
class Fault:
    """What makes a fault, how long it lasts (seconds, at least and at most), and how often it comes beside others."""

    make: Callable[[Chaos, Event], str]
    lasts: tuple[float, float] = (0.0, 0.0)
    weight: int = 2


def plan(chance: random.Random, seconds: float, *, count: int) -> list[Event]:
    """Every fault once, in an order and at times that `chance` gives, and then more of them, up to `count`."""
    names = list(FAULTS)
    chance.shuffle(names)
    names += chance.choices(list(FAULTS), [fault.weight for fault in FAULTS.values()], k=max(0, count - len(names)))
    step = seconds / len(names)
    return [
        Event(
            at=round((number + chance.random()) * step, 2),
            name=name,
            seconds=round(chance.uniform(*FAULTS[name].lasts), 2),
            target=chance.randrange(60),
        )
        for number, name in enumerate(names)
    ]


def _pick(members: list[Member], event: Event) -> Member:
    return members[event.target % len(members)]


def _kill(process: psutil.Process | None, what: str) -> str:
    if process is None:
        return f"{what}: there was none"
    process.kill()
    return f"{what}, pid {process.pid}"


def _suspend(chaos: Chaos, process: psutil.Process | None, event: Event, what: str) -> str:
    if process is None:
        return f"{what}: there was none"
    process.suspend()
    try:
        chaos.wait(event.seconds)
    finally:
        with suppress(psutil.NoSuchProcess):
            process.resume()
    return f"{what}, pid {process.pid}"


def _some_child(chaos: Chaos, event: Event, kind: str) -> tuple[psutil.Process | None, str]:
    """The process of a kind of some worker: waited for a little, since there may be none at this moment."""
    workers = chaos.fleet.workers
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for number in range(len(workers)):
            member = workers[(event.target + number) % len(workers)]
            if (process := member.child(kind)) is not None:
                return process, f"{kind} of {member.name}"
        chaos.wait(0.1)
    return None, kind


def kill_a_worker(chaos: Chaos, event: Event) -> str:
    member = _pick(chaos.fleet.workers, event)
    return _kill(member.process(), member.name)


def kill_an_api(chaos: Chaos, event: Event) -> str:
    member = _pick(chaos.fleet.apis, event)
    return _kill(member.process(), member.name)


def kill_an_engine(chaos: Chaos, event: Event) -> str:
    return _kill(*_some_child(chaos, event, "engine"))


def kill_a_decoder(chaos: Chaos, event: Event) -> str:
    return _kill(*_some_child(chaos, event, "decoder"))


def pause_a_worker(chaos: Chaos, event: Event) -> str:
    member = _pick(chaos.fleet.workers, event)
    return _suspend(chaos, member.process(), event, member.name)


def pause_an_api(chaos: Chaos, event: Event) -> str:
    member = _pick(chaos.fleet.apis, event)
    return _suspend(chaos, member.process(), event, member.name)


def pause_an_engine(chaos: Chaos, event: Event) -> str:
    process, what = _some_child(chaos, event, "engine")
    return _suspend(chaos, process, event, what)


def restart_the_database(chaos: Chaos, event: Event) -> str:
    return _stop_the_database(chaos, event, "fast")


def crash_the_database(chaos: Chaos, event: Event) -> str:
    return _stop_the_database(chaos, event, "immediate")


def _stop_the_database(chaos: Chaos, event: Event, mode: Literal["fast", "immediate"]) -> str:
    with chaos.database:
        chaos.fleet.postgres.stop(mode)
        try:
            chaos.wait(event.seconds)
        finally:
            chaos.fleet.postgres.start()
    return f"pg_ctl stop -m {mode}, and start"


def end_sessions(chaos: Chaos, event: Event) -> str:
    """The database ends half of its sessions."""
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid != pg_backend_pid() AND pid %% 2 = %(half)s"
    )
    with chaos.database:
        [[count]] = chaos.fleet.postgres.rows(query, half=event.target % 2)
    return f"{count} sessions"


def cut_off_the_database(chaos: Chaos, event: Event) -> str:
    with chaos.database, chaos.fleet.to_database.refusing():
        chaos.wait(event.seconds)
    return "connections reset, then refused"


def cut_off_the_object_store(chaos: Chaos, event: Event) -> str:
    with chaos.fleet.to_store.refusing():
        chaos.wait(event.seconds)
    return "connections reset, then refused"


def reset_connections_to_the_object_store(chaos: Chaos, event: Event) -> str:
    return f"{chaos.fleet.to_store.cut()} connections"


def cut_off_recordings(chaos: Chaos, event: Event) -> str:
    with chaos.around.to_media.refusing():
        chaos.wait(event.seconds)
    return "connections reset, then refused"


def callbacks_fail(chaos: Chaos, event: Event) -> str:
    return _mood(chaos, event, "failing")


def callbacks_hang(chaos: Chaos, event: Event) -> str:
    return _mood(chaos, event, "hanging")


def _mood(chaos: Chaos, event: Event, mood: Mood) -> str:
    chaos.around.moods.append(mood)
    try:
        chaos.wait(event.seconds)
    finally:
        chaos.around.moods.remove(mood)
    return ""


def cut_off_callbacks(chaos: Chaos, event: Event) -> str:
    with chaos.around.to_receiver.refusing():
        chaos.wait(event.seconds)
    return "connections reset, then refused"


LONG_PAUSE = "worker paused for long"
RECORDINGS_AWAY = "recordings away"

FAULTS = {
    "worker killed": Fault(kill_a_worker, weight=4),
    "api killed": Fault(kill_an_api),
    "engine killed": Fault(kill_an_engine, weight=4),
    "decoder killed": Fault(kill_a_decoder, weight=3),
    "worker paused": Fault(pause_a_worker, (2.0, 8.0)),
    # Longer than `liveness.EXPIRY`: its work is taken over, and then it comes back.
    LONG_PAUSE: Fault(pause_a_worker, (18.0, 24.0)),
    "api paused": Fault(pause_an_api, (3.0, 12.0)),
    "engine paused": Fault(pause_an_engine, (2.0, 8.0)),
    "database restarted": Fault(restart_the_database, (0.5, 4.0), 1),
    "database crashed": Fault(crash_the_database, (0.5, 4.0), 1),
    "sessions ended": Fault(end_sessions),
    "database cut off": Fault(cut_off_the_database, (2.0, 8.0), 1),
    "object store away": Fault(cut_off_the_object_store, (20.0, 20.0), 1),
    "object store reset": Fault(reset_connections_to_the_object_store),
    RECORDINGS_AWAY: Fault(cut_off_recordings, (1.0, 8.0), 1),
    "callbacks answered 500": Fault(callbacks_fail, (3.0, 8.0)),
    "callbacks hanging": Fault(callbacks_hang, (3.0, 8.0)),
    "callbacks away": Fault(cut_off_callbacks, (3.0, 8.0)),
}
