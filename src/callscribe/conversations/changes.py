"""Writing: one transaction for each request, once for each idempotency key, and again after a conflict."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.db.engine import Database, begin_writing
from callscribe.web.idempotency import Idempotency, once


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What a change is answered with."""

    status: int
    document: dict[str, Any]

    @classmethod
    def of(cls, status: int, resource: BaseModel) -> Self:
        """The resource as it is answered."""
        return cls(status, resource.model_dump(mode="json", by_alias=True))


class _Service(Protocol):
    _database: Database


_Self = TypeVar("_Self", bound=_Service)
_Given = ParamSpec("_Given")


def change(
    method: Callable[Concatenate[_Self, Session, _Given], ChangeResult],
) -> Callable[Concatenate[_Self, Idempotency | None, _Given], ChangeResult]:
    """Make a method one transaction, whose answer is that of an earlier request where this one is its repetition.

    What two requests do at the same instant and only one may is done by the first; the second starts anew and finds
    what the first did.
    """

    @wraps(method)
    def changing(
        self: _Self, repetition: Idempotency | None, /, *args: _Given.args, **kwargs: _Given.kwargs
    ) -> ChangeResult:
        def attempt() -> ChangeResult:
            with self._database.write() as session:
                begin_writing(session)
                return ChangeResult(**once(session, repetition, lambda: asdict(method(self, session, *args, **kwargs))))

        try:
            return attempt()
        except IntegrityError:
            return attempt()

    return changing
