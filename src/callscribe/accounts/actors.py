"""Who does what is done in a context: a request, a command, a worker's own thread. For the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Way(StrEnum):
    """How somebody came in."""

    TOKEN = "token"  # noqa: S105  a word
    KEY = "key"
    SESSION = "session"
    """A browser that was signed in by the actor's token or secret."""
    COMMAND = "command"
    """The command line on a machine of the operator's."""
    NONE = "none"
    """Not at all: who it says it is did not have the right token or secret."""
    PROGRAM = "program"
    """The program itself, as when the time that something is kept is over."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does what is done in this context."""

    name: str
    """The SID of an account (by its auth token) or of an API key, `operator`, `callscribe` or `unknown`."""
    way: Way
    address: str | None = None


UNKNOWN: Final = "unknown"
"""The name of somebody who tried to come in by what is no SID."""
PROGRAM: Final = Actor("callscribe", Way.PROGRAM)
OPERATOR: Final = Actor("operator", Way.COMMAND)

_actor: ContextVar[Actor] = ContextVar("actor", default=PROGRAM)


def begin_acting(actor: Actor) -> None:
    """Let what is done in this context from now on be this one's doing."""
    _actor.set(actor)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """The same while the block runs."""
    before = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(before)


def current() -> Actor:
    """Who it is; where nobody was named, the program itself."""
    return _actor.get()
