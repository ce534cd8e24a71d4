"""What others have written, as it is shown on a terminal: as text, whatever is in it."""

from rich.markup import escape
from rich.text import Text

from callscribe.characters import printable


def cell(value: object, style: str = "") -> Text:
    """For a table."""
    return Text(printable(str(value)), style=style)


def plain(value: object) -> str:
    """For a line with markup of our own."""
    return escape(printable(str(value)))
