"""Ranges and preferred formats, by the rules of RFC 9110."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.transcriptions.results import Format, _range, preferred_format


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (0, 100)),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-200", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=5-4", (0, 100)),
        ("bytes=1-2,5-6", (0, 100)),
    ],
)
def test_a_range_is_first_byte_and_the_one_after_the_last(header: str | None, expected: tuple[int, int]) -> None:
    assert _range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_empty(header: str) -> None:
    start, end = _range(header, 100)
    assert start >= end


@given(st.text(alphabet="bytes=-0123456789,² "), st.integers(1, 1000))
def test_no_header_breaks_it(header: str, size: int) -> None:
    start, end = _range(header, size)
    assert start >= 0
    assert end <= size


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("text/html", Format.JSON),
        ("text/vtt", Format.VTT),
        ("TEXT/VTT", Format.VTT),
        ("text/plain;q=0.5, application/x-subrip", Format.SRT),
        ("text/plain; charset=utf-8; q=1.0, text/vtt;q=0.9", Format.TXT),
        ("text/vtt;q=0", Format.JSON),
        ("text/vtt;q=high, text/plain;q=0.1", Format.TXT),
        (",;,;q=", Format.JSON),
    ],
)
def test_the_format_that_is_liked_best(accept: str, expected: Format) -> None:
    assert preferred_format(accept) == expected
