"""The table below a transcript in a terminal."""

import io

from rich.console import Console

from callscribe.cli.figures import clock, figures_table, omissions_line
from callscribe.speech.interface import Segment, Word
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.models import Transcript

HELLO = Segment(0, 1.0, 4.0, (Word("Hello", 1.0, 2.5, 0.9), Word("there.", 2.5, 4.0, 0.9)), "en")


def rendered(transcript: Transcript) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    console.print(figures_table(transcript))
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_line_per_channel_and_for_call() -> None:
    assert rendered(assemble([HELLO], duration=64.5, channels=2)) == [
        "talk share words words/min turns longest interrupts response",
        "Channel 1 0:03 100% 2 40 1 3.0 s 0 –",
        "Channel 2 0:00 0% 0 – 0 0.0 s 0 –",
        "1:04 in all, 1:01 of silence, 0.0 s of both speaking",
    ]


def test_omissions_said_with_place() -> None:
    omitted = Segment(1, 61.2, 63.9, (), "en")
    assert omissions_line(assemble([HELLO], duration=70.0, channels=2)) == ""
    assert omissions_line(assemble([HELLO, omitted], duration=70.0, channels=2)) == (
        "No text could be made of the speech at 1:01.2 to 1:03.9 on channel 2."
    )
    mono = assemble([Segment(0, 61.2, 63.9, (), "en")], duration=70.0)
    assert omissions_line(mono) == "No text could be made of the speech at 1:01.2 to 1:03.9."


def test_minutes_go_beyond_an_hour() -> None:
    assert clock(3665.9) == "61:05"
