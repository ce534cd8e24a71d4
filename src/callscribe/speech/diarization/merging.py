"""From the pieces of overlapping windows to turns."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.diarization.model import FRAME_STEP, WINDOW
from callscribe.speech.diarization.turns import SpeakerTurn
from callscribe.speech.diarization.voices import Piece
from callscribe.speech.interface import SAMPLE_RATE

_STEP: Final = FRAME_STEP / SAMPLE_RATE
_BLOCK: Final = 2**15
"""Frames (nine minutes) that are looked at together, so that memory does not grow with the recording."""


def merge_turns(pieces: Sequence[Piece], speakers: npt.NDArray[np.integer[Any]]) -> list[SpeakerTurn]:
    """The turns that pieces with their speakers make together.

    Where windows do not agree, a window counts for more the farther a moment lies from its edges.
    """
    turns: list[SpeakerTurn] = []
    for start, end, speaker in _runs(pieces, speakers):
        if turns and turns[-1].speaker == speaker and turns[-1].end == start:
            turns[-1] = SpeakerTurn(turns[-1].start, end, speaker)
        else:
            turns.append(SpeakerTurn(start, end, speaker))
    return turns


def _runs(pieces: Sequence[Piece], speakers: npt.NDArray[np.integer[Any]]) -> Iterator[tuple[float, float, int]]:
    if not pieces:
        return
    firsts = np.array([round(piece.start / _STEP) for piece in pieces])
    ends = np.array([round(piece.end / _STEP) for piece in pieces])
    count = int(speakers.max()) + 1
    for block in range(0, int(ends.max()), _BLOCK):
        scores = np.zeros((count, _BLOCK), np.float32)
        for index in np.flatnonzero((firsts < block + _BLOCK) & (ends > block)).tolist():
            frames = np.arange(max(firsts[index], block), min(ends[index], block + _BLOCK))
            scores[speakers[index], frames - block] += _inside(frames, pieces[index].window)
        best = np.where(scores.max(axis=0) > 0, scores.argmax(axis=0), -1)
        edges = np.flatnonzero(np.diff(best)) + 1
        for first, end in zip([0, *edges.tolist()], [*edges.tolist(), _BLOCK], strict=True):
            if best[first] >= 0:
                yield round((block + first) * _STEP, 3), round((block + end) * _STEP, 3), int(best[first])


def _inside(frames: npt.NDArray[np.integer[Any]], window: float) -> npt.NDArray[np.float32]:
    """How far frames lie inside a window that starts at `window` seconds: 0.5 in its middle, next to 0 at its edges."""
    position = (frames * _STEP - window) / (WINDOW / SAMPLE_RATE)
    weights: npt.NDArray[np.float32] = np.maximum(np.minimum(position, 1 - position), 0.01).astype(np.float32)
    return weights
