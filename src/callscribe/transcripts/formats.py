"""A transcript as its readers take it: the API's JSON, WebVTT, SubRip, and plain text.

In captions and text a sentence carries its speaker where the recording has more than one.
"""

import html
from collections.abc import Mapping
from typing import Any

import pysubs2

from callscribe.speech.interface import Word
from callscribe.transcripts.format_names import Format
from callscribe.transcripts.models import Sentence, Transcript
from callscribe.transcripts.statistics import PartyStatistics, Statistics, statistics

Speakers = Mapping[int, str]
"""Names by channel, or by speaker where speakers were told apart; counted from 0."""


def sentences_json(transcript: Transcript, *, words: bool = True) -> list[dict[str, Any]]:
    """The member `sentences` of a status callback and of the transcript document."""
    return [_sentence_json(index, sentence, words=words) for index, sentence in enumerate(transcript.sentences)]


def omissions_json(transcript: Transcript) -> list[dict[str, Any]]:
    """The member `omissions`: where somebody speaks and no text could be made of it."""
    return [
        {
            "audioChannelIndex": omission.channel + 1,
            "startTimeSeconds": omission.start,
            "endTimeSeconds": omission.end,
        }
        for omission in transcript.omissions
    ]


def diarization_json(transcript: Transcript) -> dict[str, Any] | None:
    """The member `diarization`: the speakers found, or why none were looked for; None where nobody asked."""
    if transcript.diarization is None:
        return None
    if not transcript.diarization.applied:
        return {
            "applied": False,
            "detail": "The recording is dual-channel: each channel is a party, so no speakers were looked for.",
            "speakers": [],
        }
    return {
        "applied": True,
        "detail": None,
        "speakers": [
            {"speaker": number, "participantIndex": participant}
            for number, participant in enumerate(transcript.diarization.participants, start=1)
        ],
    }


def statistics_json(figures: Statistics) -> dict[str, Any]:
    """The member `statistics` of the transcript document."""
    return {
        "durationSeconds": figures.duration,
        "speechSeconds": figures.speech,
        "silenceSeconds": figures.silence,
        "overlapSeconds": figures.overlap,
        "participants": [_party_json(each) for each in figures.parties],
    }


def to_json(transcript: Transcript) -> dict[str, Any]:
    """The transcript document of `callscribe transcribe --format json`."""
    return {
        "duration": round(transcript.duration, 3),
        "language": transcript.language,
        "sentences": sentences_json(transcript),
        "omissions": omissions_json(transcript),
        "statistics": statistics_json(statistics(transcript)),
    } | ({} if transcript.diarization is None else {"diarization": diarization_json(transcript)})


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
    if sentence.speaker is not None:
        data["speaker"] = sentence.speaker + 1
    if words:
        data["words"] = [_word_json(word) for word in sentence.words]
    return data


def _party_json(figures: PartyStatistics) -> dict[str, Any]:
    return {
        "audioChannelIndex": figures.party.channel + 1,
        "participantIndex": figures.party.participant,
        **({} if figures.party.speaker is None else {"speaker": figures.party.speaker + 1}),
        "talkTimeSeconds": figures.talk_time,
        "talkShare": figures.talk_share,
        "words": figures.words,
        "wordsPerMinute": figures.words_per_minute,
        "turns": figures.turns,
        "longestTurnSeconds": figures.longest_turn,
        "interruptions": figures.interruptions,
        "responseTimeSeconds": figures.response_time,
    }


def _word_json(word: Word) -> dict[str, Any]:
    return {
        "text": word.text,
        "startTimeSeconds": word.start,
        "endTimeSeconds": word.end,
        "confidence": word.confidence,
    }


def _names(transcript: Transcript, speakers: Speakers | None) -> dict[int, str]:
    """Names on one line; without any, numbers where there are several channels or speakers."""
    found = {_who(sentence) for sentence in transcript.sentences}
    kind = "Channel" if transcript.diarization is None or not transcript.diarization.applied else "Speaker"
    numbers = {who: f"{kind} {who + 1}" for who in found} if len(found) > 1 else {}
    if speakers is None:
        return numbers
    given = {who: " ".join(name.split()) for who, name in speakers.items()}
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
