"""Words that are kept of a party on a narrow or soft line, who shares a channel with one in a room.

    python benchmarks/mixes.py [--model base] [--mixes 6] [--only callscribe faster-whisper] [--first 0]

Mono recordings at 16 kHz, as a conference bridge or a softphone makes them: two parties take turns, in clips of the
corpus that were recorded with a wide band. The first party's stay as they are, the second's go through one of `LINES`.
For each line the words of the second party that come out right, by an alignment of all that is said with all that is
heard. `--first` is the seed of the first mix: other seeds have other clips, orders and pauses.
"""

import argparse
import random
import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import jiwer
import numpy as np
import numpy.typing as npt
from rich.table import Table
from scipy import signal

from contest import contestants
from corpus import Recording, recordings
from recognisers import RECOGNISERS, channels
from scoring import normalise, show

Audio = npt.NDArray[np.float32]
"""`(samples,)` in [-1, 1] at `RATE`."""

RATE: Final = 16_000

_GROUPS: Final = ("fleurs_en", "librispeech_en", "ljspeech_en", "arctic_en", "librivox_ps_en")
_TURNS: Final = 10
"""Turns of a mix, both parties together."""

_LEVEL_DB: Final = -23.0
_NOISE_DB: Final = -75.0
_PAUSE: Final = (0.3, 1.0)
_LEAD: Final = 0.5
"""Seconds between turns, and before the first."""


def butterworth(samples: Audio, low: float, high: float) -> Audio:
    """What a gentle filter of the fourth order leaves of some audio."""
    band = signal.butter(4, [low, high], "bandpass", fs=RATE, output="sos")
    passed: Audio = signal.sosfilt(band, samples).astype(np.float32)
    return passed


def sharp(samples: Audio, low: float, high: float) -> Audio:
    """What is left when nothing passes outside a band."""
    spectrum, hertz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / RATE)
    passed = np.fft.irfft(np.where((hertz >= low) & (hertz <= high), spectrum, 0), len(samples))
    return passed.astype(np.float32)


def softer(samples: Audio, decibels: float) -> Audio:
    """Some audio, softer."""
    return samples * np.float32(10 ** (-decibels / 20))


LINES: Final[dict[str, Callable[[Audio], Audio]]] = {
    "wide": lambda samples: samples,
    "300 to 3400 Hz, Butterworth": lambda samples: butterworth(samples, 300, 3400),
    "300 to 3400 Hz, sharp": lambda samples: sharp(samples, 300, 3400),
    "400 to 3000 Hz, 15 dB softer": lambda samples: softer(sharp(samples, 400, 3000), 15),
}
"""What the second party's line does to its voice."""


@dataclass(frozen=True, slots=True)
class Mix:
    """A recording of two parties in turns, and what each turn says, the first party's at even places."""

    path: Path
    said: tuple[str, ...]


@dataclass(slots=True)
class Kept:
    """Words of the second party: how many it says, and how many of them come out right."""

    said: int = 0
    kept: int = 0
    by_mix: list[int] = field(default_factory=list)

    def add(self, mix: Mix, heard: str) -> None:
        """Count one mix."""
        words, second = [], []
        for turn, text in enumerate(mix.said):
            of_turn = normalise(text, "en").split()
            words += of_turn
            second += [turn % 2 == 1] * len(of_turn)
        (chunks,) = jiwer.process_words(" ".join(words), normalise(heard, "en")).alignments
        kept = sum(sum(second[each.ref_start_idx : each.ref_end_idx]) for each in chunks if each.type == "equal")
        self.said += sum(second)
        self.kept += kept
        self.by_mix.append(kept)


def make(path: Path, clips: Sequence[Recording], line: Callable[[Audio], Audio], seed: int) -> Mix:
    """Write a mix of clips chosen by `seed`: the same clips and pauses whatever the line."""
    chance = random.Random(seed)
    chosen = chance.sample(clips, _TURNS)
    pieces = [np.zeros(round(_LEAD * RATE), np.float32)]
    for turn, clip in enumerate(chosen):
        voice = _levelled(channels(clip.path)[0])
        pieces += [line(voice) if turn % 2 else voice, np.zeros(round(chance.uniform(*_PAUSE) * RATE), np.float32)]
    sound = np.concatenate(pieces)
    sound += np.random.default_rng(seed).normal(0, 10 ** (_NOISE_DB / 20), len(sound)).astype(np.float32)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(sound.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return Mix(path, tuple(clip.transcript for clip in chosen))


def _levelled(samples: Audio) -> Audio:
    """A voice whose louder frames have a common level."""
    frames = samples[: len(samples) // 512 * 512].reshape(-1, 512)
    level = 10 * np.log10(np.quantile(np.mean(np.square(frames), axis=1), 0.75))
    return softer(samples, float(level) - _LEVEL_DB)


def report(results: dict[str, dict[str, Kept]]) -> Table:
    """The table of words kept."""
    table = Table("Second party's line", "Recogniser", "Words said", "Kept", "Of 66", "By mix")
    for line, of_line in results.items():
        for index, (name, kept) in enumerate(of_line.items()):
            table.add_row(
                "" if index else line,
                name,
                str(kept.said),
                str(kept.kept),
                f"{66 * kept.kept / kept.said:.1f}",
                " ".join(map(str, kept.by_mix)),
            )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=0, help="threads of each recogniser; every core without it")
    parser.add_argument("--mixes", type=int, default=6, help="how many are made for each line")
    parser.add_argument("--first", type=int, default=0, help="seed of the first mix")
    parser.add_argument("--only", nargs="+", choices=RECOGNISERS, default=["callscribe", "faster-whisper"])
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    clips = [each for each in recordings() if each.group in _GROUPS and each.transcript and 2 <= each.seconds <= 12]
    results: dict[str, dict[str, Kept]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        contestants(arguments.only, model=arguments.model, threads=arguments.threads) as recognisers,
    ):
        for name, line in LINES.items():
            results[name] = {each.name: Kept() for each in recognisers}
            for seed in range(arguments.first, arguments.first + arguments.mixes):
                mix = make(Path(folder) / "mix.wav", clips, line, seed)
                for recogniser in recognisers:
                    heard = recogniser.recognise(mix.path, "en").words
                    results[name][recogniser.name].add(mix, " ".join(word.text for word in heard))
    show(report(results), markdown=arguments.markdown)


if __name__ == "__main__":
    main()
