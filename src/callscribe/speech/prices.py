"""What engines cost, where somebody says so: `CALLSCRIBE_PRICES`.

`deepgram/nova-3=0.0043/min,openai/whisper-1=0.006/min`: an amount for each second, minute or hour of audio that one
channel has; a currency may stand at the amount, `0.0043 USD/min`, the same at all of them.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from callscribe.errors import SetupError
from callscribe.speech.engines import registry
from callscribe.speech.engines.served_by import ServedBy

_SECONDS: Final = MappingProxyType({"s": 1.0, "min": 60.0, "h": 3600.0})
_PRICE: Final = re.compile(
    r"(?P<engine>[^/=\s]+)/(?P<model>[^=]*[^=\s])\s*=\s*"
    r"(?P<amount>[0-9]+(?:\.[0-9]+)?)\s*(?P<currency>[A-Z]{3})?\s*/\s*(?P<unit>s|min|h)"
)


@dataclass(frozen=True, slots=True)
class Prices:
    """What a second of audio costs, by engine and model. `currency` is an ISO 4217 code, None where none is said."""

    by_engine: Mapping[ServedBy, float] = field(default_factory=dict)
    currency: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> "Prices":
        """Read the setting; nothing has a price where it is empty.

        Raises:
            SetupError: it cannot be read, names something twice or no engine, or has several currencies.
        """
        prices: dict[ServedBy, float] = {}
        currencies: set[str | None] = set()
        for part in filter(None, map(str.strip, (text or "").split(","))):
            found = _PRICE.fullmatch(part)
            if found is None:
                raise SetupError(
                    f"CALLSCRIBE_PRICES: {part!r} is no price. The form is ENGINE/MODEL=AMOUNT/UNIT, such as "
                    "deepgram/nova-3=0.0043/min or deepgram/nova-3=0.0043 USD/min; units are s, min and h."
                )
            served_by = ServedBy(found["engine"], found["model"])
            try:
                registry.declaration_of(served_by)
            except SetupError as error:
                raise SetupError(f"CALLSCRIBE_PRICES: {error}") from None
            if served_by in prices:
                raise SetupError(f"CALLSCRIBE_PRICES: {served_by} has two prices.")
            price = float(found["amount"]) / _SECONDS[found["unit"]]
            if not math.isfinite(price):
                raise SetupError(f"CALLSCRIBE_PRICES: the price of {served_by} is no number.")
            prices[served_by] = price
            currencies.add(found["currency"])
        if len(currencies) > 1:
            named = ", ".join(sorted(each or "none" for each in currencies))
            raise SetupError(f"CALLSCRIBE_PRICES: one currency, or none, is for all prices; there are: {named}.")
        return cls(MappingProxyType(prices), next(iter(currencies), None))

    def cost(self, served_by: ServedBy, seconds: float) -> float | None:
        """What so many seconds of audio cost; None where no price is set."""
        price = self.by_engine.get(served_by)
        return None if price is None else price * seconds
