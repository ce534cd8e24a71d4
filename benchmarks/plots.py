"""What the plots of the benchmarks have in common: readable on white and on black, and the same bytes each time."""

from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

COLOURS: Final = ("#2a9d8f", "#8d99ae", "#5c6b8a", "#e09f3e")
"""callscribe first."""

INK: Final = "#7d8590"

STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "callscribe",
    "font.size": 8,
    "font.family": "sans-serif",
} | dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), INK)


def save(figure: Figure, path: Path) -> None:
    """Write a figure without a background and without the time of day."""
    figure.savefig(path, transparent=True, metadata={"Date": None} if path.suffix == ".svg" else None)
