import pytest

from callscribe.media.mpeg import VbrHeader, adts_header, find_stream, frame_header, vbr_header

# MPEG 1, 128 kbit/s, 44.1 kHz, stereo: 417 bytes, or 418 with padding.
PLAIN = bytes.fromhex("fffb9000")
PADDED = bytes.fromhex("fffb9200")


def frame(head: bytes = PLAIN) -> bytes:
    header = frame_header(head)
    assert header is not None
    return head + bytes(header.length - 4)


@pytest.mark.parametrize(
    ("head", "sample_rate", "channels", "length", "samples"),
    [
        ("fffb9000", 44100, 2, 417, 1152),
        ("fffb9200", 44100, 2, 418, 1152),
        ("fffb90c0", 44100, 1, 417, 1152),
        ("fff340c0", 22050, 1, 104, 576),
        ("ffe318c0", 8000, 1, 72, 576),
    ],
)
def test_a_frames_header_is_read(head: str, sample_rate: int, channels: int, length: int, samples: int) -> None:
    header = frame_header(bytes.fromhex(head))
    assert header is not None
    assert (header.sample_rate, header.channels, header.length, header.samples) == (
        sample_rate,
        channels,
        length,
        samples,
    )


@pytest.mark.parametrize("head", ["", "fffb90", "00fb9000", "ff1b9000", "fffd9000", "fffbf000", "fffb0000", "fffb9c00"])
def test_other_headers_are_not_read(head: str) -> None:
    assert frame_header(bytes.fromhex(head)) is None


def test_stream_is_three_frames_in_a_row() -> None:
    found = find_stream(b"junk" + frame() + frame(PADDED) + frame())
    assert found is not None
    assert found[0] == 4
    assert find_stream(b"junk" + frame() + frame()) is None
    assert find_stream(frame() + b"x" + frame() + b"x" + frame()) is None


def test_a_frame_of_aac_is_known() -> None:
    head = bytes.fromhex("fff1508002a020")
    header = adts_header(head)
    assert header is not None
    assert (header.sample_rate, header.channels, header.length, header.samples) == (44100, 2, 21, 1024)
    assert adts_header(PLAIN + bytes(3)) is None
    assert frame_header(head) is None


def test_what_the_first_frame_says_is_read() -> None:
    header = frame_header(PLAIN)
    assert header is not None
    lame = b"LAME3.100" + bytes(12) + (576 << 12 | 1100).to_bytes(3, "big")
    xing = PLAIN + bytes(32) + b"Info" + (3).to_bytes(4, "big") + (1234).to_bytes(4, "big") + (99).to_bytes(4, "big")
    vbri = PLAIN + bytes(32) + b"VBRI" + bytes(6) + (99).to_bytes(4, "big") + (77).to_bytes(4, "big")
    assert vbr_header(xing + lame, header) == VbrHeader(1234, 99, 576 + 529, 1100 - 529)
    assert vbr_header(xing, header) == VbrHeader(1234, 99)
    assert vbr_header(vbri, header) == VbrHeader(77, 99)
    assert vbr_header(frame(), header) is None
    assert vbr_header(xing[:36], header) is None


def test_what_is_said_of_another_stream_is_known() -> None:
    header = frame_header(PLAIN)
    assert header is not None
    assert VbrHeader(100, 41_700).is_of(41_700, header)
    assert not VbrHeader(100, 41_700).is_of(83_400, header)
    assert not VbrHeader(10, 41_700).is_of(41_700, header)
