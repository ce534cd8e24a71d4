"""Words that recognisers invent where nobody speaks: the right answer to all of this is nothing.

    python benchmarks/nothing.py [--seconds 40] [--only callscribe] [--speech]

The sounds are those of `nonspeech.py`, each given to each recogniser as a recording of its own, with English as the
language. Then the turns of the bundled call, one after the other with such sounds before, between and after them: what
was invented between the turns (words that begin more than a second from any speech), and whether what was said is
still there (word error rate over all turns). `--speech` runs this second part alone.
"""

import argparse
import json
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import jiwer
import numpy as np
import numpy.typing as npt
from rich.table import Table

from callscribe.demo import RECORDING
from contest import Contestant, contestants
from nonspeech import HOLD_MUSIC, LINE_RATE, Sound, hold_music, make
from recognisers import COMPARED, RECOGNISERS, Heard
from scoring import normalise, show

_NEAR: Final = 1.0
"""Seconds around speech in which a word may be one that was said."""

_BETWEEN: Final = 8.0
"""Seconds of a sound between two turns."""

_RATE: Final = LINE_RATE


@dataclass(slots=True)
class Invented:
    """What one recogniser invented on one kind of sound."""

    sounds: int = 0
    silent: int = 0
    seconds: float = 0.0
    words: int = 0
    samples: list[str] = field(default_factory=list)

    def add(self, sound: Sound, heard: Sequence[Heard]) -> None:
        """Count one sound."""
        self.sounds += 1
        self.seconds += sound.seconds
        self.words += len(heard)
        self.silent += not heard
        if heard:
            self.samples.append(" ".join(word.text for word in heard))


@dataclass(frozen=True, slots=True)
class Mixture:
    """Turns of a call between sounds: where is speech, and what is said."""

    kind: str
    path: Path
    speech: tuple[tuple[float, float], ...]
    text: str


@dataclass(slots=True)
class Kept:
    """What one recogniser made of mixtures."""

    references: list[str] = field(default_factory=list)
    hypotheses: list[str] = field(default_factory=list)
    invented: int = 0

    def add(self, mixture: Mixture, heard: Sequence[Heard]) -> None:
        """Count one mixture."""
        near = [
            word for word in heard if any(start - _NEAR <= word.start <= end + _NEAR for start, end in mixture.speech)
        ]
        self.invented += len(heard) - len(near)
        self.references.append(normalise(mixture.text, "en"))
        self.hypotheses.append(normalise(" ".join(word.text for word in near), "en"))


def mixtures(folder: Path, sounds: Sequence[Sound]) -> list[Mixture]:
    """For each kind of sound one recording with all turns of the bundled call, between excerpts of its sounds."""
    with wave.open(str(RECORDING)) as source:
        rate = source.getframerate()
        frames = np.frombuffer(source.readframes(source.getnframes()), np.int16).reshape(-1, source.getnchannels())
    assert rate == _RATE
    turns = json.loads(RECORDING.with_suffix(".json").read_text(encoding="utf-8"))["turns"]
    made = []
    for kind in dict.fromkeys(sound.kind for sound in sounds):
        excerpts = [_excerpt(sound) for sound in sounds if sound.kind == kind]
        pieces: list[npt.NDArray[np.int16]] = [excerpts[0]]
        spans = []
        for number, turn in enumerate(turns, 1):
            start = sum(map(len, pieces)) / _RATE
            first, last = (round(turn[edge] * _RATE) for edge in ("startTimeSeconds", "endTimeSeconds"))
            pieces.append(frames[first:last, turn["audioChannelIndex"] - 1])
            spans.append((start, start + (last - first) / _RATE))
            pieces.append(excerpts[number % len(excerpts)])
        path = folder / f"speech among {kind}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE)
            file.writeframes(np.concatenate(pieces).tobytes())
        made.append(Mixture(kind, path, tuple(spans), " ".join(turn["text"] for turn in turns)))
    return made


def _excerpt(sound: Sound) -> npt.NDArray[np.int16]:
    """The second quarter minute of a sound, or what there is."""
    with wave.open(str(sound.path)) as source:
        length = min(source.getnframes(), round(_BETWEEN * _RATE))
        source.setpos(min(round(_BETWEEN * _RATE), source.getnframes() - length))
        return np.frombuffer(source.readframes(length), np.int16)


def measure(sounds: Sequence[Sound], recognisers: Sequence[Contestant]) -> dict[str, dict[str, Invented]]:
    """What each recogniser invents, by kind of sound."""
    results: dict[str, dict[str, Invented]] = {}
    for sound in sounds:
        of_kind = results.setdefault(sound.kind, {each.name: Invented() for each in recognisers})
        for recogniser in recognisers:
            of_kind[recogniser.name].add(sound, recogniser.recognise(sound.path, "en").words)
    return results


def _together(parts: Sequence[Invented]) -> Invented:
    whole = Invented()
    for part in parts:
        whole.sounds += part.sounds
        whole.silent += part.silent
        whole.seconds += part.seconds
        whole.words += part.words
    return whole


def report(results: dict[str, dict[str, Invented]]) -> Table:
    """The table of invented words."""
    table = Table("Kind", "Recogniser", "Minutes", "Sounds", "Without a word", "Words invented", "For example")
    names = list(next(iter(results.values())))
    whole = {name: _together([of_kind[name] for of_kind in results.values()]) for name in names}
    for kind, of_kind in (*results.items(), ("all", whole)):
        for name, invented in of_kind.items():
            example = min(invented.samples, key=len, default="")
            table.add_row(
                kind if name == names[0] else "",
                name,
                f"{invented.seconds / 60:.1f}",
                str(invented.sounds),
                str(invented.silent),
                str(invented.words),
                example if len(example) < 50 else f"{example[:50]}…",
            )
    return table


def report_kept(results: dict[str, dict[str, Kept]]) -> Table:
    """The table of speech among sounds."""
    table = Table("Speech among", "Recogniser", "Words said", "WER %", "Words invented between")
    for kind, of_kind in results.items():
        for index, (name, kept) in enumerate(of_kind.items()):
            errors = jiwer.process_words(kept.references, kept.hypotheses)
            table.add_row(
                "" if index else kind,
                name,
                str(errors.hits + errors.substitutions + errors.deletions),
                f"{errors.wer * 100:.2f}",
                str(kept.invented),
            )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=0, help="threads of each recogniser; every core without it")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of each sound")
    parser.add_argument("--only", nargs="+", choices=RECOGNISERS, default=COMPARED)
    parser.add_argument("--speech", action="store_true", help="measure speech among sounds alone")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    arguments = parser.parse_args()
    if not HOLD_MUSIC.is_dir():
        print(f"No genuine hold music: {HOLD_MUSIC} is not there (Debian: asterisk-moh-opsound-wav).")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sounds = [*make(folder, arguments.seconds), *hold_music(folder, arguments.seconds)]
        mixed = mixtures(folder, sounds)
        with contestants(arguments.only, model=arguments.model, threads=arguments.threads) as recognisers:
            if not arguments.speech:
                show(report(measure(sounds, recognisers)), markdown=arguments.markdown)
            kept: dict[str, dict[str, Kept]] = {}
            for mixture in mixed:
                for recogniser in recognisers:
                    score = kept.setdefault(mixture.kind, {}).setdefault(recogniser.name, Kept())
                    score.add(mixture, recogniser.recognise(mixture.path, "en").words)
            show(report_kept(kept), markdown=arguments.markdown)


if __name__ == "__main__":
    main()
