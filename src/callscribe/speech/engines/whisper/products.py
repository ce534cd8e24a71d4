"""Products of a few rows with one matrix, in which a row comes out the same whatever rows are beside it."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_BLOCKS: Final = (24, 8, 1)
"""Rows that are multiplied at once. With AVX-512 24 take two thirds of the time that blocks of 8 take; with AVX2
numpy's library does the last rows of 24 otherwise than the first, and those of 8 alike."""


class Product:
    """Multiplies rows with `matrix` `(inputs, outputs)`.

    What a library does with a row depends on how many there are, and on which of them it is: so there are always
    as many, and no more than it treats alike.
    """

    def __init__(self, matrix: Floats) -> None:
        self._matrix = matrix
        row = np.random.default_rng(1).standard_normal(len(matrix)).astype(np.float32)
        self._block = next(size for size in _BLOCKS if _alike(np.tile(row, (size, 1)) @ matrix))

    def __call__(self, rows: Floats) -> Floats:
        """`(rows, inputs)` to `(rows, outputs)`."""
        padded = np.pad(rows, ((0, -len(rows) % self._block), (0, 0)))
        blocks = [padded[first : first + self._block] @ self._matrix for first in range(0, len(padded), self._block)]
        return np.concatenate(blocks)[: len(rows)]


def _alike(rows: Floats) -> bool:
    return bool((rows == rows[0]).all())
