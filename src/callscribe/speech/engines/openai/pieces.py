"""A recording as it is sent: the speech of each channel in pieces, and where their times are in the recording.

A piece begins and ends with speech, and longer silence within it is cut short: Whisper invents words on silence, and
who is paid is paid by the second. It is a file of its own, so that any server can read it whatever the recording is.
"""

import io
import wave
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.activity import ChannelActivity
from callscribe.speech.interface import SAMPLE_RATE, Span, SpeechWindow
from callscribe.speech.windows import WindowPlan, plan_windows

LONGEST: Final = 300.0
"""Seconds of a piece. As WAV it has 9.6 MB, where servers take 25; one of each channel is in memory at a time; a server
without a GPU answers within minutes; and no more than this is sent again where a worker dies."""

PAUSE: Final = 1.0
"""Seconds that are left of a longer silence: enough for a model to end a sentence there."""

_OVERLAP: Final = 0.5
"""Seconds. What reaches beyond the end of what is answered by less than this is answered as well."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech in a piece: its time in the recording, and the second of the piece at which it begins."""

    span: Span
    offset: float

    @property
    def end(self) -> float:
        """The second of the piece at which it ends."""
        return self.offset + self.span.duration


@dataclass(frozen=True, slots=True)
class Piece:
    """What is sent in one request: stretches of one channel, in order, with silence between them."""

    channel: int
    stretches: tuple[Stretch, ...]

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.stretches[-1].end

    @property
    def end(self) -> float:
        """Seconds of the recording at which it ends."""
        return self.stretches[-1].span.end

    def place(self, start: float, end: float) -> tuple[Stretch, Span]:
        """Where something of this piece, by its seconds, is in the recording: all in the stretch of its middle."""
        middle = (start + end) / 2
        found = min(self.stretches, key=lambda each: max(each.offset - middle, middle - each.end, 0.0))
        first, last = (found.span.start + min(max(0.0, at - found.offset), found.span.duration) for at in (start, end))
        return found, Span(first, max(first, last))


def plan_pieces(
    activities: Sequence[ChannelActivity], *, longest: float = LONGEST, answered: Mapping[int, float]
) -> list[Piece]:
    """The pieces of all channels, in the order of their ends.

    `longest` is in seconds; without any, each window of speech that models are given is a piece. `answered` is the
    time, by channel, up to which there are answers. What is planned behind it is what was planned before.
    """
    pieces = []
    for activity in activities:
        open_: list[Stretch] = []
        for span in _spans(activity, answered.get(activity.channel, 0.0)):
            offset = open_[-1].end + min(PAUSE, span.start - open_[-1].span.end) if open_ else 0.0
            if open_ and offset + span.duration > longest:
                pieces.append(Piece(activity.channel, tuple(open_)))
                open_, offset = [], 0.0
            open_.append(Stretch(span, offset))
        if open_:
            pieces.append(Piece(activity.channel, tuple(open_)))
    return sorted(pieces, key=lambda piece: (piece.end, piece.channel))


def _spans(activity: ChannelActivity, answered: float) -> Iterator[Span]:
    """The windows of speech behind what is answered; one that lies across its end from there on."""
    for plan in plan_windows(activity):
        if plan.span.end > answered + (_OVERLAP if answered else 0.0):
            yield Span(max(plan.span.start, answered), plan.span.end)


def window_plans(pieces: Iterable[Piece]) -> list[WindowPlan]:
    """The stretches of pieces, to be cut out of a recording in the order of their ends."""
    plans = [WindowPlan(piece.channel, each.span, (each.span,)) for piece in pieces for each in piece.stretches]
    return sorted(plans, key=lambda plan: (plan.span.end, plan.channel))


def sound_of(windows: Iterable[SpeechWindow], pieces: Sequence[Piece]) -> Iterator[tuple[Piece, bytes]]:
    """Each piece with its sound: WAV, 16-bit, mono, 16 kHz, which there is no server that does not read.

    `windows` are the stretches as `window_plans` has them. They are consumed as pieces are asked for, and of each
    channel no more than one piece is held.
    """
    waiting = {
        channel: list(those)
        for channel, those in groupby(sorted(pieces, key=lambda piece: (piece.channel, piece.end)), _channel)
    }
    sounds: dict[int, npt.NDArray[np.int16]] = {}
    for window in windows:
        piece = waiting[window.channel][0]
        sound = sounds.setdefault(window.channel, np.zeros(round(piece.seconds * SAMPLE_RATE), np.int16))
        stretch = min(piece.stretches, key=lambda each: abs(each.span.start - window.start))
        first = round(stretch.offset * SAMPLE_RATE)
        samples = window.samples[: len(sound) - first]
        sound[first : first + len(samples)] = np.round(samples * np.float32(32767)).astype(np.int16)
        if stretch is piece.stretches[-1]:
            yield waiting[window.channel].pop(0), _wav(sounds.pop(window.channel))


def _channel(piece: Piece) -> int:
    return piece.channel


def _wav(sound: npt.NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, SAMPLE_RATE, len(sound), "NONE", ""))
        writer.writeframes(sound.astype("<i2").tobytes())
    return file.getvalue()
