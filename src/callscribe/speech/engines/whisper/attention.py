"""From the decoder's cross-attention to when each token was said.

A few heads of the decoder look at the sound that they are about to write (https://github.com/openai/whisper,
`timing.py`, `find_alignment`). Their attention is a picture of tokens over time, and the likeliest way through it says
when each token was said. OpenAI finds that way by dynamic time warping, in which every moment belongs to some token.
Here it is a Viterbi search whose way may rest in pauses before words: during a pause the model looks at the word to
come, often for seconds, and warping takes that for its beginning.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Steps = npt.NDArray[np.int64]

DELAY: Final = 2
"""Steps by which attention runs ahead of the sound, at the least; see `alignment` for the rest."""

_LEAST: Final = 0.01
"""Share of attention that any token may have by chance."""

_SILENT: Final = -4.0
"""Added to the score of a word for a step in silence: words have none in them."""

_MARK: Final = -2.0
"""Added to the score of a mark for a step of sound: it is not said."""

_UNHEARD: Final = -2.0
"""Score of a pause for a step of sound: a breath, a noise, or a word that was not recognised."""


def token_shares(attention: Floats) -> Floats:
    """Of each moment's attention the share of each token: `(heads, rows, steps)` to `(rows, steps)`.

    A head's rows are scaled alike first, for any part of their attention that lies on the padding behind the window.
    """
    weights = attention / np.maximum(attention.sum(axis=2, keepdims=True), 1e-9)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    shares: Floats = weights.mean(axis=0)
    return shares


def token_spans(shares: Floats, silent: Flags, begins: Flags, marks: Flags) -> tuple[Steps, Steps]:
    """First step of each token and the step after its last: `(rows)`, in order.

    `shares` `(rows, steps)`; `silent` `(steps)`; `begins` and `marks` `(rows)` tell the tokens that a word begins with,
    before which there may be a pause, and those that are not said.
    """
    rows, steps = shares.shape
    if rows > steps:  # more tokens than moments: nothing can be told
        edges = np.linspace(0, steps, rows + 1).astype(np.int64)
        return edges[:-1], edges[1:]
    scores = np.log(shares + np.float32(_LEAST))
    scores = np.concatenate([np.repeat(scores[:, :1], DELAY, axis=1), scores], axis=1)[:, :steps]
    pauses = np.where(silent, scores, np.float32(_UNHEARD))
    scores = scores + np.where(marks[:, None], ~silent * np.float32(_MARK), silent * np.float32(_SILENT))
    return _best_way(scores, pauses, np.append(begins[:-1], True))


def _best_way(scores: Floats, pauses: Floats, begins: Flags) -> tuple[Steps, Steps]:
    """Viterbi search over tokens in order, each at least one step, with a pause before those that begin.

    For one token the best entry for every exit is a running maximum, so the search is a few operations a token.
    """
    rows, steps = scores.shape
    best = np.full(steps + 1, -np.inf)  # of everything so far, when its last step is the one before
    best[0] = 0.0
    entries: list[tuple[Steps, Steps | None]] = []
    for row in range(rows):
        paused: Steps | None = None
        if begins[row]:
            rested, entered = _through(pauses[row], best)
            paused = np.where(rested > best, entered, -1)
            best = np.maximum(best, rested)
        best, entered = _through(scores[row], best)
        entries.append((entered, paused))
    rested, entered = _through(pauses[-1], best)
    end = int(entered[steps]) if rested[steps] > best[steps] else steps
    starts, ends = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    for row in reversed(range(rows)):
        taken, paused = entries[row]
        ends[row] = end
        starts[row] = end = int(taken[end])
        if paused is not None and paused[end] >= 0:
            end = int(paused[end])
    return starts, ends


def _through(scores: Floats, best: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], Steps]:
    """One state's best score for each step it is left at, and the step at which it is entered for that."""
    summed = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
    gains = best - summed
    highest = np.maximum.accumulate(gains)
    entered = np.maximum.accumulate(np.where(gains >= highest, np.arange(len(gains)), 0))
    left = np.full_like(best, -np.inf)
    left[1:] = summed[1:] + highest[:-1]
    return left, np.concatenate([[0], entered[:-1]])
