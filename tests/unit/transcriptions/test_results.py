"""Preferred formats, by the rules of RFC 9110."""

import pytest

from callscribe.transcriptions.results import preferred_format
from callscribe.transcripts.formats import Format


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
def test_preferred_format_is_chosen(accept: str, expected: Format) -> None:
    assert preferred_format(accept) == expected
