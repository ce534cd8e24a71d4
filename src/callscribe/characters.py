"""Characters that may stand in a name: others command the terminal that shows it, or turn its text around."""

import re
from typing import Final

_ORDER: Final = "\u2028-\u202e\u2066-\u2069"
LINE: Final = f"^[^\\x00-\\x1f\\x7f-\\x9f{_ORDER}]*$"
"""Pattern of a text on one line: a name, an address."""

TEXT: Final = f"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f{_ORDER}]*$"
"""Pattern of a text that may have several."""

_COMMANDS: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f{_ORDER}]")


def printable(text: str) -> str:
    """The text on one line, with a sign in the place of each such character: it may have come in by another way."""
    return _COMMANDS.sub("\N{REPLACEMENT CHARACTER}", text)
