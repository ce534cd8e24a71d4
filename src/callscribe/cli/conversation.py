"""A conversation as it is printed: a line for each sentence, in the colour of who says it.

Transcripts and jobs are as the API answers them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from callscribe.characters import printable

Resource = Mapping[str, Any]

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "red")
"""By participant, in the order of the job's list; then again from the first."""
UNSURE = 0.5
"""Confidence under which a word may be wrong; it is underlined."""
_MOMENT = re.compile(r"(?:(?:([0-9]{1,3}):)?([0-9]{1,5}):)?([0-9]{1,7}(?:\.[0-9]*)?)", re.ASCII)
NARROW = 40
"""Columns that a text has at least, on however narrow a terminal."""


def terminal() -> Console:
    """Standard output: with `NO_COLOR`, and where it is no terminal, nothing but text."""
    return Console(highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto")


def moment(text: str) -> float:
    """Seconds of a time in a recording: `95`, `1:35` or `1:02:03.5`.

    Raises:
        BadParameter: it is none.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter("a time is such as 95, 1:35 or 1:02:03")
    hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return (hours * 60 + minutes) * 60 + seconds


def print_conversation(console: Console, names: Sequence[str], transcript: Resource, since: float = 0.0) -> None:
    """All that ends behind `since`, in seconds; broken to the width of a terminal, else a sentence a line."""
    for line in lines(names, transcript, since, console.width if console.is_terminal else None):
        console.print(line, soft_wrap=True)


def names_of(participants: Iterable[Resource]) -> list[str]:
    """The participants' names, or else what they are."""
    return [each.get("name") or each.get("type") or "?" for each in participants]


def colour_of(party: int) -> str:
    """That of a participant, or of a channel or speaker counted from 0."""
    return COLOURS[party % len(COLOURS)]


def lines(names: Sequence[str], transcript: Resource, since: float = 0.0, width: int | None = None) -> Iterator[Text]:
    """When each sentence starts, who says it, and the text; and where speech was left out.

    Only what ends behind `since`, in seconds. With a `width` in columns, text is broken and goes on below itself;
    without, a sentence is one line.
    """
    names = [printable(each) for each in names]
    sentences = [each for each in transcript["sentences"] if each["endTimeSeconds"] > since]
    omissions = [each for each in transcript.get("omissions") or () if each["endTimeSeconds"] > since]
    space = max((len(_speaker(names, each)[0]) for each in sentences), default=0)
    for each in merge(sentences, omissions, key=lambda each: each["startTimeSeconds"]):
        head = Text().append(f"{_clock(each['startTimeSeconds'])}  ", "dim")
        if "text" in each:
            name, colour = _speaker(names, each)
            head.append(f"{name:{space}}  ", f"bold {colour}")
            body = _sentence(each, colour)
        else:
            head.append(" " * (space + 2))
            body = _omission(each)
        if width is None:
            yield head.append_text(body)
            continue
        broken = body.wrap(Console(width=width), max(NARROW, width - len(head)))
        margin = " " * len(head)
        for line in broken:
            line.rstrip()
            yield head.append_text(line)
            head = Text(margin)


def _speaker(names: Sequence[str], sentence: Resource) -> tuple[str, str]:
    """What somebody is called, and their colour."""
    index = sentence["participantIndex"]
    if index is not None and index < len(names):
        return names[index], colour_of(index)
    if (speaker := sentence.get("speaker")) is not None:
        return f"speaker {speaker}", colour_of(speaker - 1)
    channel = sentence["audioChannelIndex"]
    return f"channel {channel}", colour_of(channel - 1)


def _sentence(sentence: Resource, colour: str) -> Text:
    text = printable(sentence["text"])  # of the same length
    body = Text(text, colour)
    at = 0
    for word in sentence.get("words") or ():
        begin = text.find(printable(word["text"]), at)
        if begin < 0:  # a text that was put right need not have it
            continue
        at = begin + len(word["text"])
        if word["confidence"] < UNSURE:
            body.stylize("underline", begin, at)
    return body


def _omission(omission: Resource) -> Text:
    length = omission["endTimeSeconds"] - omission["startTimeSeconds"]
    language = f" in {omission['language']}" if omission.get("language") else ""
    what = f"[{length:.1f} s of speech{language} on channel {omission['audioChannelIndex']} left out]"
    return Text(printable(what), "dim italic")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes):02}:{rest:04.1f}"
