import io
import json
from dataclasses import replace
from typing import Any

import docx
import pysubs2
import pytest

from callscribe.speech.interface import Segment, Word
from callscribe.speech.serialization import segment_from_json, segment_to_json
from callscribe.transcripts.formats import Format, to_docx, to_srt, to_text, to_vtt
from callscribe.transcripts.models import TRANSCRIPT, NoticeCode, Omission, Sentence, Transcript
from callscribe.transcripts.wire import Notice, TranscriptFile


def sentence(channel: int, start: float, text: str, participant: int | None = None) -> Sentence:
    words = tuple(
        Word(each, start + index * 0.5, start + index * 0.5 + 0.4, 0.75) for index, each in enumerate(text.split())
    )
    return Sentence(channel, participant, start, words[-1].end, text, 0.75, words)


CALL = Transcript(3725.5, "en-US", (sentence(1, 0.5, "Hello there.", 1), sentence(0, 3723.25, "A & B < C --> {D}", 0)))
MONO = Transcript(4.0, "de-DE", (sentence(0, 1.0, "Guten Tag."),))
GAPPED = Transcript(9.0, "en-US", (sentence(0, 1.0, "Hello."),), (Omission(1, 4.25, 6.5),), channels=2)


def written(transcript: Transcript) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(TranscriptFile.of(transcript).model_dump_json(by_alias=True))
    return document


def test_wire_counts_channels_from_one() -> None:
    first, second = written(CALL)["sentences"]
    assert first == {
        "audioChannelIndex": 2,
        "sentenceIndex": 0,
        "participantIndex": 1,
        "startTimeSeconds": 0.5,
        "endTimeSeconds": 1.4,
        "text": "Hello there.",
        "confidence": 0.75,
        "words": [
            {"text": "Hello", "startTimeSeconds": 0.5, "endTimeSeconds": 0.9, "confidence": 0.75},
            {"text": "there.", "startTimeSeconds": 1.0, "endTimeSeconds": 1.4, "confidence": 0.75},
        ],
    }
    assert second["audioChannelIndex"] == 1
    assert written(MONO)["sentences"][0]["participantIndex"] is None


def test_webvtt_names_and_escapes() -> None:
    assert to_vtt(CALL, {0: "Ann\nSmith", 1: "Bob <b>"}) == (
        "WEBVTT\n"
        "\n"
        "1\n"
        "00:00:00.500 --> 00:00:01.400\n"
        "<v Bob &lt;b&gt;>Hello there.\n"
        "\n"
        "2\n"
        "01:02:03.250 --> 01:02:06.650\n"
        "<v Ann Smith>A &amp; B &lt; C --&gt; {D}\n"
        "\n"
    )


def test_subrip_reads_back() -> None:
    subtitles = pysubs2.SSAFile.from_string(to_srt(CALL))
    assert [(event.start, event.end) for event in subtitles] == [(500, 1400), (3_723_250, 3_726_650)]
    assert subtitles[0].text == "Channel 2: Hello there."


def test_text_is_a_line_a_sentence() -> None:
    assert to_text(CALL, {0: "Ann"}) == "Hello there.\nAnn: A & B < C --> {D}\n"
    assert to_text(MONO) == "Guten Tag.\n"


def test_omissions_told_not_captioned() -> None:
    assert written(GAPPED)["omissions"] == [
        {"audioChannelIndex": 2, "startTimeSeconds": 4.25, "endTimeSeconds": 6.5, "reason": "notRecognized"},
    ]
    assert to_text(GAPPED) == "Hello.\n"


def test_empty_is_valid_in_all_formats() -> None:
    empty = Transcript(5.0, None, ())
    assert to_vtt(empty).startswith("WEBVTT")
    assert to_srt(empty) == ""
    assert to_text(empty) == ""
    assert written(empty) == {
        "duration": 5.0,
        "language": None,
        "sentences": [],
        "omissions": [],
        "notices": [],
        "statistics": {
            "durationSeconds": 5.0,
            "speechSeconds": 0.0,
            "silenceSeconds": 5.0,
            "overlapSeconds": 0.0,
            "participants": [
                {
                    "audioChannelIndex": 1,
                    "participantIndex": None,
                    "talkTimeSeconds": 0.0,
                    "talkShare": 0.0,
                    "words": 0,
                    "wordsPerMinute": None,
                    "turns": 0,
                    "longestTurnSeconds": 0.0,
                    "interruptions": 0,
                    "responseTimeSeconds": None,
                }
            ],
        },
    }


def paragraphs(data: bytes) -> list[str]:
    return [each.text for each in docx.Document(io.BytesIO(data)).paragraphs]


def test_document_has_all_there_is() -> None:
    again = sentence(1, 2.0, "Who is it?", 1)
    spoken = replace(GAPPED, sentences=(CALL.sentences[0], again, CALL.sentences[1]))
    notice = Notice(code=NoticeCode.DURATION_MISMATCH, detail="Longer than it says.")
    names = {0: "Ann\nSmith", 1: "Bob <b>"}
    assert paragraphs(to_docx(spoken, names, [notice])) == [
        "Transcript",
        "0:00:09 · en-US",
        "Participants",
        "Ann Smith",
        "Bob <b>",
        "Notices",
        "Longer than it says.",
        "Conversation",
        "0:00:00  Bob <b>: Hello there. Who is it?",
        "0:00:04  2.2 s of speech on channel 2 left out",
        "1:02:03  Ann Smith: A & B < C --> {D}",
    ]
    assert paragraphs(to_docx(MONO))[-1] == "0:00:01  Guten Tag."


def test_document_takes_any_text() -> None:
    odd = "".join(map(chr, [*range(0x20), 0x7F, 0x85, 0xD800, 0xFFFE, 0xFFFF, 0x202E, 0x1F600])) + "<w:p/>&amp;"
    said = replace(CALL.sentences[0], text=f"a{odd}z")
    text = paragraphs(to_docx(replace(CALL, sentences=(said,)), {1: odd}))[-1]
    assert text.endswith("\N{GRINNING FACE}<w:p/>&amp;z")
    assert text.count("<w:p/>&amp;") == 2
    assert text.count("\N{REPLACEMENT CHARACTER}") >= 37


def test_long_monologue_is_several_paragraphs() -> None:
    sentences = tuple(sentence(0, float(at), "Yes.") for at in range(20))
    conversation = paragraphs(to_docx(Transcript(20.0, None, sentences)))[3:]
    assert [len(each.split()) - 1 for each in conversation] == [6, 6, 6, 2]


def test_transcript_survives_checkpoint() -> None:
    for transcript in (CALL, GAPPED):
        assert TRANSCRIPT.validate_json(TRANSCRIPT.dump_json(transcript)) == transcript
    segment = Segment(1, 0.5, 1.4, CALL.sentences[0].words, "en")
    assert segment_from_json(json.loads(json.dumps(segment_to_json(segment)))) == segment


@pytest.mark.parametrize("format_", [Format.VTT, Format.SRT, Format.TXT])
def test_names_command_no_terminal(format_: Format) -> None:
    text = format_.render(CALL, {0: "Emma\x1b]8;;https://evil.example\x07 Carter", 1: "\x9b2J"}).decode()
    assert "Emma�" in text
    assert not {"\x1b", "\x07", "\x9b"} & set(text)
