"""How texts are counted over sets of recordings, and how tables are printed."""

from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.table import Table

from callscribe.evaluation.scoring import Counts, normalise, word_counts

__all__ = ["Score", "normalise", "show"]


@dataclass(slots=True)
class Score:
    """What one recogniser made of one set of recordings."""

    references: list[str] = field(default_factory=list)
    hypotheses: list[str] = field(default_factory=list)
    audio: float = 0.0
    seconds: float = 0.0
    computed: float = 0.0
    right: int = 0
    wrong: int = 0
    peak: int = 0

    def add(self, reference: str, hypothesis: str) -> None:
        """Count one text."""
        self.references.append(reference)
        self.hypotheses.append(hypothesis)

    def errors(self) -> Counts:
        """Word errors over all texts together."""
        return word_counts(self.references, self.hypotheses)

    @property
    def real_time_factor(self) -> float:
        """Seconds of work for a second of audio."""
        return self.seconds / self.audio


def show(*tables: Table, markdown: bool = False) -> None:
    """Print tables, for people or for a page of the documentation."""
    for table in tables:
        if markdown:
            table.box = box.MARKDOWN
        Console(width=160).print(table)
