"""The formats of a transcript: JSON, WebVTT, SubRip, text and DOCX. A further one is a function and a row of `Format`.

In all but JSON a sentence carries its speaker where the recording has more than one. Libraries are loaded when they
write, since the command line offers the formats as an option.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias

from callscribe.characters import printable

if TYPE_CHECKING:
    from callscribe.transcripts.models import Sentence, Transcript
    from callscribe.transcripts.wire import Notice

Speakers = Mapping[int, str]
"""Names by position in the list of participants."""

Notices: TypeAlias = "Sequence[Notice]"
"""What is to be known of a transcript; captions and text have no place for it."""

Writer: TypeAlias = "Callable[[Transcript, Speakers | None, Notices], str | bytes]"


def to_json(transcript: Transcript, _: Speakers | None = None, notices: Notices = ()) -> str:
    """The whole transcript with figures, indented; the API's has what is known of the job as well."""
    from callscribe.transcripts.wire import TranscriptFile  # noqa: PLC0415  see above

    return TranscriptFile.of(transcript, notices).model_dump_json(by_alias=True, indent=2) + "\n"


def to_vtt(transcript: Transcript, speakers: Speakers | None = None, _: Notices = ()) -> str:
    """WebVTT (https://www.w3.org/TR/webvtt1/), speakers as voice spans."""
    return _subtitles("vtt", _lines(transcript, speakers, "<v {}>{}", partial(html.escape, quote=False)))


def to_srt(transcript: Transcript, speakers: Speakers | None = None, _: Notices = ()) -> str:
    """SubRip, speakers before a colon."""
    return _subtitles("srt", _lines(transcript, speakers))


def to_text(transcript: Transcript, speakers: Speakers | None = None, _: Notices = ()) -> str:
    """One line a sentence, speakers before a colon."""
    return "".join(f"{line}\n" for _, line in _lines(transcript, speakers))


def to_docx(transcript: Transcript, speakers: Speakers | None = None, notices: Notices = ()) -> bytes:
    """A document for word processors, a paragraph a turn, with names, notices and omissions."""
    from callscribe.transcripts.word_document import to_document  # noqa: PLC0415  see above

    return to_document(transcript, _who, _names(transcript, speakers), notices)


def _lines(
    transcript: Transcript, speakers: Speakers | None, form: str = "{}: {}", escape: Callable[[str], str] = str
) -> Iterator[tuple[Sentence, str]]:
    """Each sentence and its line, in which a speaker has a name by `form`."""
    names = _names(transcript, speakers)
    for sentence in transcript.sentences:
        name, text = names.get(_who(sentence)), escape(sentence.text)
        yield sentence, form.format(escape(name), text) if name else text


def _names(transcript: Transcript, speakers: Speakers | None) -> dict[tuple[int, int], str]:
    """What those are called who say something: by name on one line, or else by number where there are several."""
    found = {_who(sentence) for sentence in transcript.sentences}
    given = {who: printable(" ".join(name.split())) for who, name in (speakers or {}).items()}
    told_apart = transcript.diarization is not None and transcript.diarization.applied
    numbered = len({voice for _, voice in found}) > 1 and (speakers is None or told_apart)
    kind = "Speaker" if told_apart else "Channel"
    names = {who: given.get(who[0]) or (f"{kind} {who[1] + 1}" if numbered else "") for who in found}
    return {who: name for who, name in names.items() if name}


def _who(sentence: Sentence) -> tuple[int, int]:
    """What names go by: the participant, -1 where that is nobody known, and the speaker or else the channel."""
    participant = -1 if sentence.participant is None else sentence.participant
    return participant, sentence.channel if sentence.speaker is None else sentence.speaker


def _subtitles(format_: str, lines: Iterable[tuple[Sentence, str]]) -> str:
    from pysubs2 import SSAEvent, SSAFile  # noqa: PLC0415  see above

    subtitles = SSAFile()
    for sentence, line in lines:
        text = line.replace("\\", "/")  # which would begin a command of the library's native format
        subtitles.append(SSAEvent(round(sentence.start * 1000), round(sentence.end * 1000), text))
    return subtitles.to_string(format_, keep_ssa_tags=True)


class Format(StrEnum):
    """How a transcript can be had; also the suffix of its file and URL."""

    media_type: str
    write: Writer

    def __new__(cls, name: str, media_type: str, write: Writer) -> Self:
        """Make a member that is its name and carries the rest."""
        member = str.__new__(cls, name)
        member._value_, member.media_type, member.write = name, media_type, write
        return member

    JSON = "json", "application/json", to_json
    VTT = "vtt", "text/vtt", to_vtt
    SRT = "srt", "application/x-subrip", to_srt
    TXT = "txt", "text/plain", to_text
    DOCX = "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", to_docx

    @property
    def is_text(self) -> bool:
        """Whether it can be read on a terminal."""
        return self is not Format.DOCX

    def render(self, transcript: Transcript, speakers: Speakers | None = None, notices: Notices = ()) -> bytes:
        """A transcript in this format, text in UTF-8; without `speakers` they have numbers."""
        written = self.write(transcript, speakers, notices)
        return written if isinstance(written, bytes) else written.encode()
