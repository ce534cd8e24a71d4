"""How texts are compared, and how tables are printed."""

import re
from dataclasses import dataclass, field
from typing import Final

import jiwer
from rich import box
from rich.console import Console
from rich.table import Table
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

_ENGLISH: Final = EnglishTextNormalizer()
_OTHER: Final = BasicTextNormalizer()


@dataclass(slots=True)
class Score:
    """What one recogniser made of one set of recordings."""

    references: list[str] = field(default_factory=list)
    hypotheses: list[str] = field(default_factory=list)
    audio: float = 0.0
    seconds: float = 0.0
    right: int = 0
    wrong: int = 0
    peak: int = 0

    def add(self, reference: str, hypothesis: str) -> None:
        """Count one text."""
        self.references.append(reference)
        self.hypotheses.append(hypothesis)

    def errors(self) -> jiwer.WordOutput:
        """Word errors over all texts together."""
        return jiwer.process_words(self.references, self.hypotheses)

    @property
    def real_time_factor(self) -> float:
        """Seconds of work for a second of audio."""
        return self.seconds / self.audio


def normalise(text: str, language: str) -> str:
    """A text as it is compared: as Whisper's authors do, with every number digit by digit."""
    normal = _ENGLISH(text) if language == "en" else _OTHER(text)
    # "one nine" and "19", "oh" and "0": every number as its digits.
    normal = re.sub(r"\bone\b", "1", normal) if language == "en" else normal
    return " ".join(re.sub(r"(\d)", r" \1 ", normal).split())


def show(*tables: Table, markdown: bool = False) -> None:
    """Print tables, for people or for a page of the documentation."""
    for table in tables:
        if markdown:
            table.box = box.MARKDOWN
        Console(width=160).print(table)
