"""A transcript as a document for word processors: Office Open XML (ISO/IEC 29500), by python-docx."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import docx
from docx.document import Document
from docx.shared import RGBColor

from callscribe.characters import printable
from callscribe.transcripts.models import Omission, Sentence, Transcript
from callscribe.transcripts.wire import Notice

MOST_SENTENCES: Final = 6
"""Of a turn in one paragraph: a long monologue is several."""

_GREY: Final = RGBColor(0x60, 0x60, 0x60)
_NOT_IN_XML: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What `printable` lets through and XML 1.0 (section 2.2) has no way to say."""
_MADE: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""Stands in each document as the time at which it was made; python-docx would put in that of its own template."""


Who: TypeAlias = tuple[int, int]
"""What a name goes by: a participant, and a speaker or channel."""


def to_document(
    transcript: Transcript, who: Callable[[Sentence], Who], names: Mapping[Who, str], notices: Sequence[Notice]
) -> bytes:
    """Who takes part, what is to be known, and the conversation by turns, with what was left out where it happened.

    `who` says whom of `names` a sentence is of; it need not be among them.
    """
    document = docx.Document()
    properties = document.core_properties
    properties.author, properties.title, properties.comments = "callscribe", "Transcript", ""
    properties.created = properties.modified = _MADE
    document.add_heading("Transcript", 0)
    document.add_paragraph(_text(" · ".join(filter(None, (_clock(transcript.duration), transcript.language)))))
    _add_list(document, "Participants", list(dict.fromkeys(names[each] for each in sorted(names))))
    _add_list(document, "Notices", [each.detail for each in notices])
    document.add_heading("Conversation", 1)
    for part in _parts(transcript, who):
        paragraph = document.add_paragraph()
        time = paragraph.add_run(f"{_clock(part.start if isinstance(part, Omission) else part[0].start)}  ")
        # Not by a style: looking one up takes longer than all else together.
        time.font.color.rgb = _GREY
        if isinstance(part, Omission):
            paragraph.add_run(_text(_omitted(part, transcript.channels))).italic = True
            continue
        if name := names.get(who(part[0])):
            paragraph.add_run(f"{_text(name)}: ").bold = True
        paragraph.add_run(_text(" ".join(sentence.text for sentence in part)))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _add_list(document: Document, title: str, entries: Sequence[str]) -> None:
    if entries:
        document.add_heading(title, 1)
    for each in entries:
        document.add_paragraph(_text(each), style="List Bullet")


def _parts(transcript: Transcript, who: Callable[[Sentence], Who]) -> Iterator[list[Sentence] | Omission]:
    """Turns, which are sentences of one party that follow each other, and omissions."""
    turn: list[Sentence] = []
    everything: list[Sentence | Omission] = [*transcript.sentences, *transcript.omissions]
    for part in sorted(everything, key=lambda each: each.start):
        goes_on = isinstance(part, Sentence) and turn and who(turn[0]) == who(part) and len(turn) < MOST_SENTENCES
        if turn and not goes_on:
            yield turn
            turn = []
        if isinstance(part, Omission):
            yield part
        else:
            turn.append(part)
    if turn:
        yield turn


def _omitted(omission: Omission, channels: int) -> str:
    language = f" in {omission.language}" if omission.language else ""
    channel = f" on channel {omission.channel + 1}" if channels > 1 else ""
    return f"{omission.end - omission.start:.1f} s of speech{language}{channel} left out"


def _text(text: str) -> str:
    """What a document can have: no control characters, which no XML can."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", printable(text))


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
