"""The frame headers of MPEG audio layer III (ISO/IEC 11172-3 and 13818-3, and "MPEG 2.5").

Only what is needed to know a file by, to read how long it says it is, and to keep its time where frames are
lost.
"""

from dataclasses import dataclass
from functools import lru_cache

HEADER_BYTES = 4

_BIT_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BIT_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """A frame: MPEG version bits, Hz, channels, its length in bytes and in samples."""

    version: int
    sample_rate: int
    channels: int
    length: int
    samples: int

    def continues(self, other: "FrameHeader") -> bool:
        """Whether both can stand in one stream."""
        return (self.version, self.sample_rate) == (other.version, other.sample_rate)


@lru_cache(maxsize=1024)
def frame_header(data: bytes) -> FrameHeader | None:
    """The frame that begins with these bytes, None where none does. Free format is not known."""
    if len(data) < HEADER_BYTES or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bit_rate, rate, padding = data[2] >> 4, data[2] >> 2 & 3, data[2] >> 1 & 1
    if version not in _SAMPLE_RATES or layer != 1 or bit_rate in {0, 15} or rate == 3:
        return None
    sample_rate = _SAMPLE_RATES[version][rate]
    kilobits = (_BIT_RATES_1 if version == 3 else _BIT_RATES_2)[bit_rate]
    samples = 1152 if version == 3 else 576
    return FrameHeader(
        version=version,
        sample_rate=sample_rate,
        channels=1 if data[3] >> 6 == 3 else 2,
        length=samples // 8 * kilobits * 1000 // sample_rate + padding,
        samples=samples,
    )


def find_stream(data: bytes, *, within: int = 4096) -> tuple[int, FrameHeader] | None:
    """Where in `data` three frames follow one another, and the first of them."""
    for offset in range(min(within, len(data) - HEADER_BYTES + 1)):
        first = frame_header(data[offset : offset + HEADER_BYTES])
        if first is None:
            continue
        position, seen = offset + first.length, 1
        while seen < 3 and position + HEADER_BYTES <= len(data):
            following = frame_header(data[position : position + HEADER_BYTES])
            if following is None or not following.continues(first):
                break
            position, seen = position + following.length, seen + 1
        if seen == 3:
            return offset, first
    return None


def declared_frames(frame: bytes, header: FrameHeader) -> int | None:
    """The number of frames that a Xing, Info or VBRI header in the first frame names."""
    side = {(3, 1): 17, (3, 2): 32}.get((header.version, header.channels), 9 if header.channels == 1 else 17)
    xing = frame[HEADER_BYTES + side :]
    if xing[:4] in {b"Xing", b"Info"} and len(xing) >= 12 and xing[7] & 1:
        return int.from_bytes(xing[8:12], "big") or None
    vbri = frame[HEADER_BYTES + 32 :]
    if vbri[:4] == b"VBRI" and len(vbri) >= 18:
        return int.from_bytes(vbri[14:18], "big") or None
    return None


class LostFrames:
    """Tells how many samples are missing before a packet, where a demuxer skipped over damage to find it.

    FFmpeg counts such a packet as one frame, so that everything behind it would come too early. How many
    frames the damage held follows from its bytes and the mean length of the frames before.
    """

    def __init__(self) -> None:
        self._frames = 0
        self._bytes = 0
        self._samples = 0

    def before_end_of(self, head: bytes, size: int) -> int:
        """Samples to add to the times of what a packet decodes to and of all that follows.

        `head` are the first four of its `size` bytes.
        """
        header = frame_header(head)
        if header is not None and abs(size - header.length) <= 1:
            self._frames += 1
            self._bytes += size
            self._samples = header.samples
            return 0
        if not self._frames:
            return 0
        return max(0, round(size * self._frames / self._bytes) - 1) * self._samples
