"""From pieces to speakers of a recording.

Pieces that are long enough are joined, the most alike first (agglomerative, average linkage, cosine), until what
remains is less alike than `_ALIKE`. What so little was heard of that it cannot be a party to a call, such as a cough or
a jingle, makes no speaker of its own. Every piece then goes to the speaker it is most like.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

from callscribe.speech.diarization.turns import SpeakerRange
from callscribe.speech.diarization.voices import Piece

_ALIKE: Final = 0.49
"""Mean cosine of two groups of vectors above which they are one speaker."""

_LONG: Final = 1.5
"""Seconds of a piece from which its vector is to be relied on."""

_LEAST_SECONDS: Final = 4.0
_LEAST_SHARE: Final = 0.02
"""Who is heard for less, or for a smaller share of all speech, is no party."""

_SMALL_SHARE: Final = 0.10
"""Who makes up less of all speech is a speaker only if the centroid is unlike that of everybody who is heard more."""

_OUTLIERS: Final = 50
"""Groups that may turn out to be too small before a given number of speakers is taken as it comes."""

_OWN: Final = 0.75
"""Seconds of a piece from which its own vector counts for more than all of its voice's in the window."""

_MOST: Final = 2000
"""Vectors that are joined; of more, so many spread evenly over the recording. Time and memory grow with the square."""

Vectors = npt.NDArray[np.float32]
Groups = npt.NDArray[np.integer[Any]]


def assign_speakers(pieces: Sequence[Piece], speakers: SpeakerRange) -> Groups:
    """A speaker, counted from 0, for each piece."""
    if not pieces:
        return np.zeros(0, np.intp)
    vectors, seconds = _to_join(pieces)
    groups = _groups(vectors, seconds, speakers)
    centroids = np.stack([vectors[groups == group].mean(axis=0) for group in np.unique(groups[groups >= 0])])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    return _likeliest(pieces, np.stack([piece.vector for piece in pieces]) @ centroids.T)


def _to_join(pieces: Sequence[Piece]) -> tuple[Vectors, npt.NDArray[np.float64]]:
    """What speakers are made of, vectors and seconds: long pieces, and the short ones of a voice in a window together.

    Where there is next to nothing of either, all pieces.
    """
    short: dict[tuple[float, int], list[Piece]] = {}
    for piece in pieces:
        if piece.seconds < _LONG:
            short.setdefault((piece.window, piece.voice), []).append(piece)
    together = [
        (
            np.sum([each.vector * np.float32(each.seconds) for each in group], axis=0),
            sum(each.seconds for each in group),
        )
        for group in short.values()
    ]
    found = [(piece.vector, piece.seconds) for piece in pieces if piece.seconds >= _LONG]
    found += [(vector / np.linalg.norm(vector), seconds) for vector, seconds in together if seconds >= _LONG]
    if len(found) < 2:
        found = [(piece.vector, piece.seconds) for piece in pieces]
    chosen = np.linspace(0, len(found) - 1, min(len(found), _MOST)).round().astype(np.intp)
    return np.stack([found[index][0] for index in chosen]), np.array([found[index][1] for index in chosen])


def _groups(vectors: Vectors, seconds: npt.NDArray[np.float64], speakers: SpeakerRange) -> Groups:
    """A group for each vector, -1 for those that make no speaker."""
    if len(vectors) == 1:
        return np.zeros(1, np.intp)
    tree = linkage(vectors.astype(np.float64), "average", "cosine")
    least = max(_LEAST_SECONDS, _LEAST_SHARE * seconds.sum())
    groups: Groups = fcluster(tree, 1 - _ALIKE, "distance")
    found = _distinct(vectors, groups, seconds, _large(groups, seconds, least))
    if len(found) < speakers.least or len(found) > speakers.most:
        wanted = min(max(len(found), speakers.least), speakers.most)
        groups, found = _exactly(tree, seconds, wanted, least)
    if not len(found):
        return np.zeros(len(vectors), np.intp)
    return np.where(np.isin(groups, found), groups, -1)


def _distinct(vectors: Vectors, groups: Groups, seconds: npt.NDArray[np.float64], found: Groups) -> Groups:
    """Without small groups that sound like a larger one: a speaker who laughs, or holds the telephone differently."""
    kept: list[int] = []
    centroids: list[Vectors] = []
    for group in found.tolist():
        centroid = vectors[groups == group].mean(axis=0)
        centroid /= np.linalg.norm(centroid)
        small = seconds[groups == group].sum() < _SMALL_SHARE * seconds.sum()
        if not small or all(float(centroid @ other) < _ALIKE for other in centroids):
            kept.append(group)
            centroids.append(centroid)
    return np.array(kept, np.intp)


def _exactly(
    tree: npt.NDArray[np.float64], seconds: npt.NDArray[np.float64], wanted: int, least: float
) -> tuple[Groups, Groups]:
    """The coarsest division with `wanted` groups that are large enough; outliers may be groups beside them."""
    for count in range(wanted, min(len(seconds), wanted + _OUTLIERS) + 1):
        groups: Groups = fcluster(tree, count, "maxclust")
        found = _large(groups, seconds, least)
        if len(found) >= wanted:
            return groups, found[:wanted]
    groups = fcluster(tree, wanted, "maxclust")
    return groups, np.unique(groups)


def _large(groups: Groups, seconds: npt.NDArray[np.float64], least: float) -> Groups:
    """The groups that are large enough, the largest first."""
    sizes = np.bincount(groups, weights=seconds)
    order = np.argsort(-sizes, kind="stable")
    return order[sizes[order] >= least]


def _likeliest(pieces: Sequence[Piece], likeness: Vectors) -> Groups:
    """The likeliest speaker of each piece, which for a short one is rather that of its voice in the window."""
    seconds = np.array([piece.seconds for piece in pieces], np.float32)[:, None]
    heard = {key: number for number, key in enumerate(dict.fromkeys((piece.window, piece.voice) for piece in pieces))}
    voice = np.array([heard[piece.window, piece.voice] for piece in pieces])
    weighted = np.zeros((len(heard), likeness.shape[1]), np.float32)
    total = np.zeros((len(heard), 1), np.float32)
    np.add.at(weighted, voice, likeness * seconds)
    np.add.at(total, voice, seconds)
    own = (likeness * seconds + weighted[voice] / total[voice] * np.float32(_OWN)) / (seconds + np.float32(_OWN))
    likeliest: Groups = own.argmax(axis=1)
    return likeliest
