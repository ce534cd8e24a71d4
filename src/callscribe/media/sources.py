"""What gives packets and decodes them: a demuxer of FFmpeg, or our own reading of MP3."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from av.audio.frame import AudioFrame


class Piece(NamedTuple):
    """A packet: its time and how long it plays, in a source's units, after `skip` units of it that are not played.

    `time` is None where a container says nothing.
    """

    time: int | None
    duration: int
    payload: Any
    skip: int = 0


class Source(Protocol):
    """Audio of one codec, to be read once from its beginning, or from where it was sought to."""

    codec: str
    rate: int
    """Hz, as said before anything is decoded."""
    channels: int
    varies: bool
    """Whether both may change, and these are the most that was found."""
    base: Fraction
    """Seconds of a unit of time."""
    exact: bool
    """Whether times are exact to the sample, so that seeking is."""
    counts: bool
    """Whether times come out right where packets are left out."""
    declared: float | None
    """Seconds that it says it has, where it does."""
    known: float | None
    """Seconds that it has, where that is certain without reading it."""

    @property
    def complete(self) -> bool:
        """Whether it must have all of these, once it was read: it is broken off otherwise."""

    def seek(self, time: int) -> None:
        """Go on from `time`, or from before."""

    def pieces(self) -> Iterator[Piece]:
        """The packets."""

    def decode(self, piece: Piece) -> Iterator[tuple[int | None, AudioFrame]]:
        """What a packet sounds like, and when.

        Raises:
            av.FFmpegError: it is damaged.
        """
