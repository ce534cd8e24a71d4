"""Numbers of an answer of which one that is none loses no more than itself: the rest is paid for, and good."""

import math
from typing import Annotated, TypeAlias

from pydantic import AfterValidator


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


FiniteOrNone: TypeAlias = Annotated[float | None, AfterValidator(_finite)]
"""A number; None where there is none, or something that is no number or infinite."""
