"""A transcript as its readers take it: the API's JSON, WebVTT, SubRip, and plain text.

In captions and text a sentence carries its speaker where the recording has more than one.
"""

import html
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pysubs2

from callscribe.speech.interface import Word
from callscribe.transcripts.models import Sentence, Transcript


class Format(StrEnum):
    """How a transcript can be had; also the suffix of its file and URL."""

    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    TXT = "txt"


Speakers = Mapping[int, str]
"""Names by channel, counted from 0."""


def sentences_json(transcript: Transcript, *, words: bool = True) -> list[dict[str, Any]]:
    """The member `sentences` of a status callback and of the transcript document."""
    return [_sentence_json(index, sentence, words=words) for index, sentence in enumerate(transcript.sentences)]


def to_json(transcript: Transcript) -> dict[str, Any]:
    """The transcript document of `callscribe transcribe --format json`."""
    return {
        "duration": round(transcript.duration, 3),
        "language": transcript.language,
        "sentences": sentences_json(transcript),
    }


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
        name = html.escape(names.get(sentence.channel, ""), quote=False)
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


def _sentence_json(index: int, sentence: Sentence, *, words: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "audioChannelIndex": sentence.channel + 1,
        "sentenceIndex": index,
        "participantIndex": sentence.participant,
        "startTimeSeconds": sentence.start,
        "endTimeSeconds": sentence.end,
        "text": sentence.text,
        "confidence": sentence.confidence,
    }
    if words:
        data["words"] = [_word_json(word) for word in sentence.words]
    return data


def _word_json(word: Word) -> dict[str, Any]:
    return {
        "text": word.text,
        "startTimeSeconds": word.start,
        "endTimeSeconds": word.end,
        "confidence": word.confidence,
    }


def _names(transcript: Transcript, speakers: Speakers | None) -> dict[int, str]:
    """Names on one line; without any, the channels' numbers where there are several."""
    if speakers is not None:
        return {channel: " ".join(name.split()) for channel, name in speakers.items()}
    channels = {sentence.channel for sentence in transcript.sentences}
    return {channel: f"Channel {channel + 1}" for channel in channels} if len(channels) > 1 else {}


def _spoken(sentence: Sentence, names: Speakers) -> str:
    name = names.get(sentence.channel)
    return f"{name}: {sentence.text}" if name else sentence.text


def _event(sentence: Sentence, text: str) -> pysubs2.SSAEvent:
    # A backslash would begin a command of the library's native format.
    return pysubs2.SSAEvent(
        start=round(sentence.start * 1000), end=round(sentence.end * 1000), text=text.replace("\\", "/")
    )
