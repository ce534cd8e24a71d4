"""Which part of a blob a request asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.web.ranges import byte_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (0, 100)),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-200", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-200", (0, 100)),
        ("bytes=-", (0, 100)),
        ("bytes=20-10", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
        ("lines=0-1", (0, 100)),
    ],
)
def test_one_range_else_all(header: str | None, expected: tuple[int, int]) -> None:
    assert byte_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_is_empty(header: str) -> None:
    start, end = byte_range(header, 100)
    assert start >= end


@given(st.text(max_size=30) | st.text(alphabet="bytes=-0123456789,² "), st.integers(0, 1000))
def test_no_header_leaves_blob(header: str, size: int) -> None:
    start, end = byte_range(header, size)
    assert start >= end or 0 <= start < end <= size
