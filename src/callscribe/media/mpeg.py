"""The frame headers of MPEG audio layer III (ISO/IEC 11172-3 and 13818-3, and "MPEG 2.5"), and of bare AAC.

Only what is needed to know a file by, to read how long it says it is, and to find one frame behind another.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

HEADER_BYTES = 4
ADTS_BYTES = 7
MAX_FRAME_BYTES = 1441
"""320 kbit/s at 32 kHz, padded."""

_BIT_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BIT_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_DECODER_DELAY = 529
"""Samples by which every decoder of layer III is late, which encoders count on."""

_ENCODER_DELAY = 576
"""Samples by which LAME is."""

_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """A frame: MPEG version bits, Hz, channels, its length in bytes and in samples."""

    version: int
    sample_rate: int
    channels: int
    length: int
    samples: int

    @property
    def unit(self) -> int:
        """A sample, in units of which a second has 14,112,000: all sample rates of MPEG audio divide that."""
        return 14_112_000 // self.sample_rate

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


def tag_size(head: bytes) -> int:
    """How many bytes follow the first ten of an ID3v2 tag, which are `head`."""
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return size + (10 if head[5] & 0x10 else 0)


def adts_header(data: bytes) -> FrameHeader | None:
    """The same for a frame of bare AAC (ISO/IEC 13818-7), as far as a file is known by it."""
    if len(data) < ADTS_BYTES or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return None
    rate, length = data[2] >> 2 & 15, (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    if rate >= len(_AAC_RATES) or length < ADTS_BYTES or data[6] & 3:
        return None
    channels = (data[2] & 1) << 2 | data[3] >> 6
    return FrameHeader(4, _AAC_RATES[rate], channels, length, 1024)


def find_stream(
    data: bytes, *, within: int = 4096, read: Callable[[bytes], FrameHeader | None] = frame_header, frames: int = 3
) -> tuple[int, FrameHeader] | None:
    """Where in `data` so many frames follow one another, and the first of them."""
    offset = data.find(b"\xff")
    while 0 <= offset < within:
        first = read(data[offset : offset + ADTS_BYTES])
        if first is not None and _follow(data, offset, first, read, frames):
            return offset, first
        offset = data.find(b"\xff", offset + 1)
    return None


def _follow(
    data: bytes, position: int, first: FrameHeader, read: Callable[[bytes], FrameHeader | None], frames: int
) -> bool:
    header = first
    for _ in range(frames - 1):
        position += header.length
        following = read(data[position : position + ADTS_BYTES])
        if following is None or not following.continues(first):
            return False
        header = following
    return True


@dataclass(frozen=True, slots=True)
class VbrHeader:
    """What the first frame says of the whole stream where it is none itself: frames, bytes, and samples to cut off.

    `delay` is at the beginning, `padding` at the end; both are 0 where nothing is said of them.
    """

    frames: int
    size: int
    delay: int = 0
    padding: int = 0

    def is_of(self, size: int, header: FrameHeader) -> bool:
        """Whether it may speak of a stream of so many bytes which begins with that frame."""
        longest = header.samples // 8 * 320_000 // header.sample_rate + 1
        shortest = header.samples // 8 * 8_000 // header.sample_rate
        return abs(self.size - size) <= longest and shortest <= size / max(1, self.frames) <= longest


def info_frame(first: bytes, size: int, bit_rate: int) -> bytes:
    """What is to stand in front of a stream of so many bytes that LAME wrote at a constant rate of bits a second.

    By it, players know how long the stream is, and leave out the samples by which it is late. `first` is the header of
    its first frame.
    """
    header = frame_header(first)
    assert header is not None
    frames = round(size * 8 * header.sample_rate / (bit_rate * header.samples))
    said = b"Info" + struct.pack(">III", 3, frames, size + header.length)
    late = b"LAME3.100".ljust(21, b"\0") + (_ENCODER_DELAY << 12).to_bytes(3, "big")
    return (first + bytes(_information(header) - HEADER_BYTES) + said + late).ljust(header.length, b"\0")


def _information(header: FrameHeader) -> int:
    """Where in a frame stands what it says of the stream: behind its side information."""
    side = {(3, 1): 17, (3, 2): 32}.get((header.version, header.channels), 9 if header.channels == 1 else 17)
    return HEADER_BYTES + side


def vbr_header(frame: bytes, header: FrameHeader) -> VbrHeader | None:
    """The Xing, Info or VBRI header that is in a frame."""
    xing = frame[_information(header) :]
    if xing[:4] in {b"Xing", b"Info"} and len(xing) >= 8:
        flags, position, found = xing[7], 8, []
        for flag, width in ((1, 4), (2, 4), (4, 100), (8, 4)):
            found.append(int.from_bytes(xing[position : position + 4], "big") if flags & flag and width == 4 else 0)
            position += width if flags & flag else 0
        lame = xing[position : position + 24]
        delays = int.from_bytes(lame[21:24], "big") if lame[:4] in {b"LAME", b"Lavf", b"Lavc"} else 0
        delay, padding = (delays >> 12) + _DECODER_DELAY, delays & 0xFFF
        return VbrHeader(found[0], found[1], *((delay, max(0, padding - _DECODER_DELAY)) if delays else ()))
    vbri = frame[HEADER_BYTES + 32 :]
    if vbri[:4] == b"VBRI" and len(vbri) >= 18:
        return VbrHeader(int.from_bytes(vbri[14:18], "big"), int.from_bytes(vbri[10:14], "big"))
    return None
