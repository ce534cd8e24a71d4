"""A transcript as people read it: WebVTT, SubRip, and plain text. As JSON it is in `wire`.

In captions and text a sentence carries its speaker where the recording has more than one.
"""

import html
from collections.abc import Mapping

import pysubs2

from callscribe.characters import printable
from callscribe.transcripts.format_names import Format
from callscribe.transcripts.models import Sentence, Transcript

Speakers = Mapping[int, str]
"""Names by channel, or by speaker where speakers were told apart; counted from 0."""


def to_captions(transcript: Transcript, format_: Format, speakers: Speakers | None = None) -> str:
    """A transcript in one of the formats for people, that is, any but JSON."""
    match format_:
        case Format.VTT:
            return to_vtt(transcript, speakers)
        case Format.SRT:
            return to_srt(transcript, speakers)
        case Format.TXT:
            return to_text(transcript, speakers)
        case Format.JSON:
            raise ValueError("JSON has no captions")


def to_vtt(transcript: Transcript, speakers: Speakers | None = None) -> str:
    """WebVTT (https://www.w3.org/TR/webvtt1/), speakers as voice spans."""
    names = _names(transcript, speakers)
    subtitles = pysubs2.SSAFile()
    for sentence in transcript.sentences:
        text = html.escape(sentence.text, quote=False)
        name = html.escape(names.get(_who(sentence), ""), quote=False)
        subtitles.append(_event(sentence, f"<v {name}>{text}" if name else text))
    return subtitles.to_string("vtt", keep_ssa_tags=True)


def to_srt(transcript: Transcript, speakers: Speakers | None = None) -> str:
    """SubRip, speakers before a colon."""
    names = _names(transcript, speakers)
    subtitles = pysubs2.SSAFile()
    for sentence in transcript.sentences:
        subtitles.append(_event(sentence, _spoken(sentence, names)))
    return subtitles.to_string("srt", keep_ssa_tags=True)


def to_text(transcript: Transcript, speakers: Speakers | None = None) -> str:
    """One line a sentence, speakers before a colon."""
    names = _names(transcript, speakers)
    return "".join(f"{_spoken(sentence, names)}\n" for sentence in transcript.sentences)


def _names(transcript: Transcript, speakers: Speakers | None) -> dict[int, str]:
    """Names on one line; without any, numbers where there are several channels or speakers."""
    found = {_who(sentence) for sentence in transcript.sentences}
    kind = "Channel" if transcript.diarization is None or not transcript.diarization.applied else "Speaker"
    numbers = {who: f"{kind} {who + 1}" for who in found} if len(found) > 1 else {}
    if speakers is None:
        return numbers
    given = {who: printable(" ".join(name.split())) for who, name in speakers.items()}
    return numbers | given if kind == "Speaker" else given


def _who(sentence: Sentence) -> int:
    """What names go by."""
    return sentence.channel if sentence.speaker is None else sentence.speaker


def _spoken(sentence: Sentence, names: Speakers) -> str:
    name = names.get(_who(sentence))
    return f"{name}: {sentence.text}" if name else sentence.text


def _event(sentence: Sentence, text: str) -> pysubs2.SSAEvent:
    # A backslash would begin a command of the library's native format.
    return pysubs2.SSAEvent(
        start=round(sentence.start * 1000), end=round(sentence.end * 1000), text=text.replace("\\", "/")
    )
