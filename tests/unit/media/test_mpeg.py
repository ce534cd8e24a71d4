import pytest

from callscribe.media.mpeg import LostFrames, declared_frames, find_stream, frame_header

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
def test_what_is_no_header_of_layer_3_is_not_read(head: str) -> None:
    assert frame_header(bytes.fromhex(head)) is None


def test_a_stream_is_three_frames_in_a_row() -> None:
    found = find_stream(b"junk" + frame() + frame(PADDED) + frame())
    assert found is not None
    assert found[0] == 4
    assert find_stream(b"junk" + frame() + frame()) is None
    assert find_stream(frame() + b"x" + frame() + b"x" + frame()) is None


def test_the_number_of_frames_is_read_where_it_stands() -> None:
    header = frame_header(PLAIN)
    assert header is not None
    xing = PLAIN + bytes(32) + b"Info" + (1).to_bytes(4, "big") + (1234).to_bytes(4, "big")
    vbri = PLAIN + bytes(32) + b"VBRI" + bytes(10) + (77).to_bytes(4, "big")
    assert declared_frames(xing, header) == 1234
    assert declared_frames(vbri, header) == 77
    assert declared_frames(frame(), header) is None
    assert declared_frames(xing[:40], header) is None


def test_lost_frames_are_counted_by_their_bytes() -> None:
    lost = LostFrames()
    assert [lost.before_end_of(PLAIN, 417) for _ in range(10)] == [0] * 10
    assert lost.before_end_of(PADDED, 418) == 0
    assert lost.before_end_of(b"junk", 417 * 6) == 5 * 1152  # five frames gone, and the one that was found
    assert lost.before_end_of(b"junk", 100) == 0
