"""What may stand in a name, and what is shown of what came in by another way."""

import re

import pytest

from callscribe.characters import LINE, TEXT, printable

COMMANDS = ["\x1b[31m", "\x1b]8;;https://evil.example\x07", "\x9b31m", "\r", "\x7f", "\u202e", "\u2067", "\u2028", "\0"]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_commands_a_terminal_is_no_name(command: str) -> None:
    assert not re.fullmatch(LINE, f"Emma{command}Carter")
    shown = printable(f"Emma{command}Carter")
    assert re.fullmatch(LINE, shown)
    assert shown.startswith("Emma\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("name", ["Emma Carter", "Zoë", "山田 太郎", "محمد", "[/bold]", "👩‍💼", "a\u00a0b", ""])
def test_names_of_all_the_world_are_names(name: str) -> None:
    assert re.fullmatch(LINE, name)
    assert printable(name) == name


def test_a_text_may_have_lines_and_no_commands() -> None:
    assert re.fullmatch(TEXT, "one\r\n\ttwo\n")
    assert not re.fullmatch(TEXT, "one\x1b[2Jtwo")
