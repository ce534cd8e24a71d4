"""Calls said by synthesised voices over a telephone line: two channels, 8 kHz, µ-law, a little noise and hum.

Pico (English, German, Spanish, French, Italian) and Flite (English) where they are, and eSpeak NG, which has a voice
for each language and is harder to understand. The parties of a call have different voices, pitches and paces.

    apt install espeak-ng flite libttspico-utils        the last is in Debian's section non-free
"""

import re
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final
from xml.sax.saxutils import escape

import numpy as np

from redaction_calls import Call, Marked, Turn, language
from spoken_calls import line_noise, write
from voices import RATE, Audio, telephone

_PICO: Final = {"en": ("en-US", "en-GB"), "de": ("de-DE",), "es": ("es-ES",), "fr": ("fr-FR",), "it": ("it-IT",)}
_FLITE: Final = {"en": ("slt", "rms")}
_ESPEAK: Final = {
    "en": "en-us", "de": "de", "fr": "fr-fr", "it": "it", "es": "es", "pt": "pt-br", "nl": "nl", "no": "nb", "pl": "pl",
    "sv": "sv", "da": "da",
}  # fmt: skip
_VARIANTS: Final = ("+f2", "+m3", "+f4", "+m7")
_EDGE: Final = 1.0
_TURN: Final = (0.4, 1.1)
"""Seconds at both ends of a call; between two turns."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who speaks: a program, one of its voices, a pitch in percent, a pace of which 1 is the voice's own."""

    program: str
    voice: str
    pitch: int
    pace: float

    def say(self, text: str) -> Audio:
        """A turn as a telephone passes it, peaking at 1."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            subprocess.run(self._command(text, str(path)), check=True, capture_output=True, timeout=120)
            with wave.open(str(path)) as file:
                rate = file.getframerate()
                samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
        return telephone(samples, rate)

    def _command(self, text: str, path: str) -> list[str]:
        if self.program == "pico2wave":
            level = f'<pitch level="{self.pitch}"><speed level="{self.pace * 100:.0f}">{escape(text)}</speed></pitch>'
            return ["pico2wave", "-l", self.voice, "-w", path, level]
        if self.program == "flite":
            return [
                "flite",
                "-voice",
                self.voice,
                "--setf",
                f"duration_stretch={1 / self.pace}",
                "-t",
                text,
                "-o",
                path,
            ]
        return [
            "espeak-ng",
            "-v",
            self.voice,
            "-s",
            f"{150 * self.pace:.0f}",
            "-p",
            f"{self.pitch // 2}",
            "-w",
            path,
            text,
        ]


def speakers(code: str, chance: Random) -> tuple[Speaker, Speaker]:
    """The parties of a call; ends the program with an explanation where no synthesiser is there."""
    known = [("pico2wave", voice) for voice in _PICO.get(code, ())] + [
        ("flite", voice) for voice in _FLITE.get(code, ())
    ]
    known = [each for each in known if shutil.which(each[0])]
    if not known or chance.random() < 0.15:
        known = [("espeak-ng", _ESPEAK[code] + variant) for variant in _VARIANTS]
    if not all(shutil.which(program) for program, _ in known):
        sys.exit("No synthesiser is there: apt install espeak-ng, and flite and libttspico-utils (Debian non-free).")
    low, high = (chance.randint(75, 92), chance.randint(103, 125))
    pitches = [low, high] if chance.random() < 0.5 else [high, low]
    agent, caller = (Speaker(*chance.choice(known), pitch, round(chance.uniform(0.85, 1.0), 2)) for pitch in pitches)
    return agent, caller


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call as a recording, with the seconds in which each turn is said."""

    call: Call
    path: Path
    times: tuple[tuple[float, float], ...]
    speakers: tuple[Speaker, Speaker]

    @property
    def seconds(self) -> float:
        """Of the recording."""
        return self.times[-1][1] + _EDGE


def speak(call: Call, folder: Path, seed: int) -> Spoken:
    """Say a call. The same call and seed sound the same, with the same programs."""
    chance = Random(f"{seed} {call.language} {call.number} voices")
    parties = speakers(call.language, chance)
    placed: list[tuple[int, int, Audio]] = []
    times = []
    at = _EDGE
    for turn in call.turns:
        samples = parties[turn.party].say(said(turn, call))
        placed.append((turn.party, round(at * RATE), samples))
        times.append((at, at + len(samples) / RATE))
        at = times[-1][1] + chance.uniform(*_TURN)
    sound = line_noise(round((times[-1][1] + _EDGE) * RATE) + 1, chance)
    peaks = [chance.uniform(0.2, 0.7) for _ in parties]
    for party, first, samples in placed:
        sound[first : first + len(samples), party] += samples * peaks[party]
    path = folder / f"{call.language}-{call.number}.wav"
    write(path, sound)
    return Spoken(call, path, tuple(times), parties)


def said(turn: Turn, call: Call) -> str:
    """A turn in the words that a person would say: numbers that are read out digit by digit are."""
    return " ".join(_said(word, call) for word in turn.words)


_AS_NUMBERS: Final = ("?price", "?year", "?time", "?quantity", "?date", "?percent", "?version")


def _said(word: Marked, call: Call) -> str:
    text, keys = word
    marked: Sequence[str] = [key for key in keys if key is not None]
    if not marked or marked[0] in _AS_NUMBERS:
        return text
    script = language(call.language).script
    entity = call.planted[marked[0]].entity if marked[0] in call.planted else None
    if entity in {"DATE_OF_BIRTH", "ADDRESS", "NAME"}:
        return re.sub(r"(?<=\w)-(?=\w)", " ", text) if entity == "NAME" else text
    end = text[-1] if text[-1] in ",.?!" else ""
    if entity == "EMAIL_ADDRESS":
        for mark, name in (("@", "at"), (".", "dot"), ("-", "dash"), ("_", "underscore")):
            text = text.rstrip(",.?!").replace(mark, f" {script[name]} ")
        return re.sub(r"(\d)", r" \1 ", text) + end
    spaced = re.sub(r"(\d)", r" \1 ", re.sub(r"[-./]", " ", text.rstrip(",.?!"))).split()
    # Nobody dictates sixteen digits in one breath.
    return ", ".join(" ".join(spaced[at : at + 4]) for at in range(0, len(spaced), 4)) + end
