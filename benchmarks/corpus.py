"""The speech that accuracy and memory are measured on: a folder of recordings with a manifest, beside the repository.

It is not part of the repository, because its licences differ. Each line of `manifest.tsv` gives file, language,
channels, sample_rate, seconds, licence, source and transcript.
"""

import csv
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(os.environ.get("SPEECH_CORPUS", Path(__file__).resolve().parents[2] / "shared" / "audio"))


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording with what is said in it, empty where nobody has written it down."""

    path: Path
    language: str
    channels: int
    seconds: float
    transcript: str

    @property
    def group(self) -> str:
        """The folder it is in."""
        return self.path.parent.name


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party says, without interruption. `channel` counts from 0."""

    channel: int
    start: float
    end: float
    text: str


def recordings() -> list[Recording]:
    """Every recording of the corpus; ends the program with an explanation where there is none."""
    manifest = ROOT / "manifest.tsv"
    if not manifest.is_file():
        sys.exit(f"No corpus: {manifest} is not there. Put one there, or name its folder in SPEECH_CORPUS.")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Recording(
                ROOT / row["file"],
                row["language"],
                int(row["channels"]),
                float(row["seconds"]),
                row["transcript"] or "",
            )
            for row in rows
        ]


def turns(recording: Recording) -> list[Turn]:
    """The turns of a composed call, from the file beside it."""
    data = json.loads(recording.path.with_suffix(".json").read_text(encoding="utf-8"))
    return [
        Turn(turn["audioChannelIndex"] - 1, turn["startTimeSeconds"], turn["endTimeSeconds"], turn["text"])
        for turn in data["turns"]
    ]
