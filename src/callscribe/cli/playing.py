"""Playing a recording with a player that is found on this machine.

A player is never given the recording itself, of which nobody knows what is in it, but the samples that our own decoder
makes of it in its child process: as WAV on standard input, or in files, for what reads only these. It is started
without a shell.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from callscribe.errors import SetupError

if TYPE_CHECKING:
    from callscribe.media.decoding import DecodedWindow, Decoder

_ENDLESS = 2**32 - 64
"""Bytes of samples that a WAV header speaks of, where nobody knows yet how many come."""
_FILE_SECONDS = 600.0
"""Length of what is written to a file at once: 38 MB of two channels."""


@dataclass(frozen=True, slots=True)
class Player:
    """A program, and its arguments, into which `{rate}` and `{channels}` are put."""

    program: str
    arguments: tuple[str, ...]
    reads_files: bool = False
    """Whether it takes nothing from standard input, and gets a path behind its arguments."""
    raw: bool = False
    """Whether it takes samples without a WAV header."""


PLAYERS = (
    Player("ffplay", ("-nodisp", "-autoexit", "-loglevel", "error", "-i", "pipe:0")),
    Player("mpv", ("--no-video", "--really-quiet", "-")),
    Player("paplay", ("--raw", "--format=s16le", "--rate={rate}", "--channels={channels}"), raw=True),
    Player("aplay", ("-q", "-t", "wav", "-")),
    Player("afplay", (), reads_files=True),
)
"""The first of these that is there plays."""


def find_player() -> tuple[Player, str]:
    """A player, and its path.

    Raises:
        SetupError: there is none.
    """
    for player in PLAYERS:
        if (path := shutil.which(player.program)) is not None:
            return player, path
    names = ", ".join(player.program for player in PLAYERS)
    raise SetupError(f"No player was found on this machine. Install one of {names}, or listen with `callscribe open`.")


def play(player: Player, path: str, decoder: Decoder, recording: Path, start: float) -> int:
    """Play a recording from `start` seconds on, until it or the player ends; the player's exit status.

    Raises:
        JobError: it cannot be decoded.
    """
    if player.reads_files:
        return _play_files(path, decoder, recording, start)
    windows = decoder.windows(recording, start=start)
    first = next(windows, None)
    return 0 if first is None else _play_stream(player, path, first, windows)


def _play_stream(player: Player, path: str, first: DecodedWindow, rest: Iterator[DecodedWindow]) -> int:
    rate, channels = _form(first)
    arguments = [each.format(rate=rate, channels=channels) for each in player.arguments]
    with subprocess.Popen([path, *arguments], stdin=subprocess.PIPE) as process:  # noqa: S603  no shell, no text of others
        assert process.stdin is not None
        try:
            # Where somebody ends the player, or it cannot play, its status tells.
            with suppress(BrokenPipeError), process.stdin as sink:
                if not player.raw:
                    sink.write(_header(rate, channels, _ENDLESS))
                sink.writelines(map(_samples, chain((first,), rest)))
        except BaseException:
            process.terminate()
            raise
        return process.wait()


def _play_files(path: str, decoder: Decoder, recording: Path, start: float) -> int:
    with tempfile.TemporaryDirectory(prefix="callscribe-") as folder:
        file = Path(folder, "part.wav")
        while True:
            if not _write(file, decoder.windows(recording, start=start, end=start + _FILE_SECONDS)):
                return 0
            if status := subprocess.call([path, str(file)]):  # noqa: S603  likewise
                return status
            start += _FILE_SECONDS


def _write(path: Path, windows: Iterator[DecodedWindow]) -> bool:
    """Whether there was anything to be written."""
    first = next(windows, None)
    if first is None:
        return False
    with path.open("wb") as file:
        front = _header(*_form(first), 0)
        file.write(front)
        file.writelines(map(_samples, chain((first,), windows)))
        size = file.tell() - len(front)
        file.seek(0)
        file.write(_header(*_form(first), size))
    return True


def _form(window: DecodedWindow) -> tuple[int, int]:
    """Sample rate in Hz, and channels."""
    from callscribe.speech.interface import SAMPLE_RATE

    return SAMPLE_RATE, len(window.samples)


def _samples(window: DecodedWindow) -> bytes:
    """In 16 bits, the channels of each instant side by side."""
    import numpy as np

    return (np.clip(window.samples, -1, 1) * 32767).astype("<i2").T.tobytes()


def _header(rate: int, channels: int, size: int) -> bytes:
    """The head of a WAV file with `size` bytes of 16-bit samples (Microsoft's RIFF specification, 1994)."""
    frame = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame, frame, 16)
    return (
        b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", size)
    )  # fmt: skip
