"""What speech needs of decoding: a recording as windows of samples. `callscribe.media.decoding` provides it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import Cancellation


class AudioWindow(Protocol):
    """A stretch of a recording."""

    @property
    def start(self) -> float:
        """Time of the first sample, in seconds from the start of the recording."""
        ...

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """`(channels, n)` float32 in [-1, 1] at 16 kHz."""
        ...


class AudioSource(Protocol):
    """Decodes recordings; `callscribe.media.decoding.Decoder` is one."""

    def windows(
        self, path: Path, *, start: float = 0.0, end: float | None = None, cancelled: Cancellation
    ) -> Iterator[AudioWindow]:
        """The recording from `start` to `end` (its own end without it) in windows that follow one another.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: it cannot be decoded.
        """
        ...
