"""What `CALLSCRIBE_ROUTES` says: who serves what asks for one of Twilio's engines, and who where that one cannot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from callscribe.errors import SetupError
from callscribe.speech.twilio_engines import TWILIO_ENGINES

NOTHING: Final = "none"
_FORM: Final = (
    "The form of CALLSCRIBE_ROUTES is ORDER for all of Twilio's engines, or ENGINE=ORDER;… such as "
    "deepgram=provider,local;google=local, and an order is local, provider, both in the order in which they are tried, "
    "or none"
)


class Route(StrEnum):
    """Who may serve."""

    LOCAL = "local"
    """This machine's default engine."""

    PROVIDER = "provider"
    """The provider with the engine's name, where its key is set."""


Order: TypeAlias = tuple[Route, ...]
"""The first that can serve does; the next when that one is out. Without any, what asks for the engine is refused."""


@dataclass(frozen=True, slots=True)
class RouteOrders:
    """The order for each of Twilio's engines.

    `general` is for those without one of their own; None is the provider where its key is set, else the local engine.
    """

    general: Order | None = None
    by_engine: Mapping[str, Order] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> "RouteOrders":
        """Read the setting.

        Raises:
            SetupError: it does not have the form, or names an engine that is not Twilio's. The message says what.
        """
        if text is None or not text.strip():
            return cls()
        if "=" not in text and ";" not in text:
            return cls(_order(text))
        by_engine: dict[str, Order] = {}
        for entry in filter(None, map(str.strip, text.split(";"))):
            engine, separator, order = (part.strip() for part in entry.partition("="))
            if not separator or engine not in TWILIO_ENGINES:
                names = ", ".join(TWILIO_ENGINES)
                raise SetupError(f"{entry!r} is for none of Twilio's engines, {names}. {_FORM}.")
            if engine in by_engine:
                raise SetupError(f"CALLSCRIBE_ROUTES: {engine} has two orders. It can have one.")
            by_engine[engine] = _order(order)
        return cls(None, by_engine)

    def of(self, engine: str) -> Order | None:
        """The order for one of Twilio's engines; None where none is set."""
        return self.by_engine.get(engine, self.general)


def _order(text: str) -> Order:
    """An order as it is written.

    Raises:
        SetupError: it names something else than routes, or one twice.
    """
    names = [name.strip().lower() for name in text.split(",")]
    if names == [NOTHING]:
        return ()
    known = [each.value for each in Route]
    for name in names:
        if name not in known:
            raise SetupError(f"{name!r} is no route. {_FORM}.")
    if len(set(names)) < len(names):
        raise SetupError(f"{text!r} names a route twice. {_FORM}.")
    return tuple(Route(name) for name in names)
