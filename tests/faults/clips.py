"""Pieces of the bundled call: real speech, each piece with words of its own."""

import io
import wave

from callscribe.demo import RECORDING


def clip(start: float, seconds: float) -> bytes:
    """A WAV file with the part of the bundled call that begins at `start`; both in seconds."""
    with wave.open(str(RECORDING)) as call:
        return _wav(call, _frames(call, start, seconds))


def two_parts(first: tuple[float, float], second: tuple[float, float], *, second_at: float) -> bytes:
    """A WAV file with one piece (start, seconds) at its beginning, silence, and another piece at `second_at`."""
    with wave.open(str(RECORDING)) as call:
        beginning = _frames(call, *first)
        width = call.getnchannels() * call.getsampwidth()
        silence = bytes(round(second_at * call.getframerate()) * width - len(beginning))
        return _wav(call, beginning + silence + _frames(call, *second))


def _frames(call: wave.Wave_read, start: float, seconds: float) -> bytes:
    call.setpos(round(start * call.getframerate()))
    return call.readframes(round(seconds * call.getframerate()))


def _wav(like: wave.Wave_read, frames: bytes) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams(like.getparams())
        file.writeframes(frames)
    return buffer.getvalue()
