"""What was said in recordings, read from the files beside them."""

import json
from pathlib import Path

import pytest

from callscribe import demo
from callscribe.evaluation.references import NoReference, Recording, Said, Unusable, pairs, read
from callscribe.speech.interface import Word
from callscribe.transcripts.formats import Format
from callscribe.transcripts.models import Sentence, Transcript


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def sentence(channel: int, start: float, text: str) -> Sentence:
    words = (Word(text, start, start + 1, 0.9),)
    return Sentence(channel, None, start, start + 1, text, 0.9, words, language="en-GB")


OURS = Transcript(
    9.0,
    "en-GB",
    (sentence(1, 0.5, "Fish & chips?"), sentence(0, 2.0, "Yes, <please>."), sentence(1, 4.0, "Done.")),
    channels=2,
)


@pytest.mark.parametrize("format_", [Format.JSON, Format.VTT, Format.TXT])
def test_what_we_write_is_read_by_channel(tmp_path: Path, format_: Format) -> None:
    found = read(written(tmp_path, f"call.{format_}", format_.render(OURS)))
    assert found.channels == {0, 1}
    assert (found.text(0), found.text(1)) == ("Yes, <please>.", "Fish & chips? Done.")
    assert found.text() == "Fish & chips? Yes, <please>. Done."
    assert found.language == ("en-GB" if format_ is Format.JSON else None)


def test_our_documents_scripts_and_simple_ones(tmp_path: Path) -> None:
    call = read(demo.SCRIPT)
    assert (call.channels, call.language) == ({0, 1}, "en-US")
    assert call.text(1).startswith("Thank you for calling Riverside Outdoor.")
    assert read(written(tmp_path, "a.json", '{"text": "Hello there", "language": "de"}')).text() == "Hello there"
    apart = read(written(tmp_path, "b.json", '{"channels": ["Hello", ""]}'))
    assert (apart.channels, apart.text(0), apart.text(1)) == ({0, 1}, "Hello", "")
    parties = [{"participant": 1, "text": "B"}, {"participant": 0, "text": "A"}]
    assert read(written(tmp_path, "c.json", json.dumps({"turns": parties}))).said == (Said("B", 1), Said("A", 0))


def test_order_is_that_of_time(tmp_path: Path) -> None:
    timed = [{"channel": 2, "start": 3, "text": "late"}, {"channel": 1, "start": 1.5, "text": "early"}]
    assert read(written(tmp_path, "x.json", json.dumps({"sentences": timed}))).text() == "early late"
    untimed = [{"text": "first"}, {"text": "then", "start": 0}]
    assert read(written(tmp_path, "y.json", json.dumps({"sentences": untimed}))).text() == "first then"


def test_captions_of_others(tmp_path: Path) -> None:
    text = """WEBVTT - made elsewhere

NOTE
00:00:01.000 is no cue here

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start
<v.loud Agent>Hello <b>Emma</b> &amp; co</v>

01:00:03.000 --> 01:00:04.000
two
lines
"""
    found = read(written(tmp_path, "call.vtt", text.replace("\n", "\r\n")))
    assert found.said == (Said("Hello Emma & co", None, 1.0), Said("two\nlines", None, 3603.0))
    assert found.channels == frozenset()


def test_text_with_colons_is_all_said(tmp_path: Path) -> None:
    text = "Channel 1: hello\nHe said: go"
    assert read(written(tmp_path, "x.txt", text)).said == (Said(text),)


def test_labels_of_what_was_redacted_are_not_said(tmp_path: Path) -> None:
    assert read(written(tmp_path, "x.txt", "My card is [CARD_NUMBER] [sic]")).text().split() == [
        "My",
        "card",
        "is",
        "[sic]",
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.txt", " \n", "there is nothing in it"),
        ("x.txt", b"\xff\xfe", "it is not UTF-8"),
        ("x.vtt", "00:01.000 --> 00:02.000\nhi", "WEBVTT"),
        ("x.vtt", "WEBVTT\n\n", "there is nothing in it"),
        ("x.json", "{", "JSON"),
        ("x.json", "[]", "object"),
        ("x.json", "{}", 'none of "sentences"'),
        ("x.json", '{"sentences": [{"channel": 3, "text": "x"}]}', "sentences.0"),
        ("x.json", '{"channels": ["a", "b", "c"]}', "channels"),
        ("x.json", '{"sentences": []}', "there is nothing in it"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, text: str | bytes, told: str) -> None:
    with pytest.raises(NoReference) as caught:
        read(written(tmp_path, name, text))
    assert told in str(caught.value)


def test_each_recording_finds_its_own(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    recordings = [tmp_path / name for name in ("a.wav", "a.b.wav", "alone.wav", "bad.wav", "deep/a.mp3", "two.wav")]
    for path in recordings:
        path.touch()
    for name, text in (
        ("a.txt", "of a"),
        ("a.b.wav.txt", "of a.b"),
        ("deep/a.VTT", "WEBVTT\n\n00:01.000 --> 00:02.000\nof deep a\n"),
        ("two.txt", "less"),
        ("two.json", '{"text": "more"}'),
        ("bad.json", "{}"),
        ("orphan.txt", "nobody"),
        ("broken.txt", "was said"),
    ):
        written(tmp_path, name, text)
    rejected = [Unusable("broken.wav", "not a recording"), Unusable("a.txt", "text"), Unusable("notes.md", "text")]
    found = list(pairs(tmp_path, recordings, rejected))
    said = {each.name: each.reference.text() for each in found if isinstance(each, Recording)}
    assert said == {"a.wav": "of a", "a.b.wav": "of a.b", "deep/a.mp3": "of deep a", "two.wav": "more"}
    left_out = {each.name: each.reason for each in found if isinstance(each, Unusable)}
    assert left_out.keys() == {"alone.wav", "bad.wav", "orphan.txt", "broken.wav"}
    assert left_out["broken.wav"] == "not a recording"
    assert left_out["bad.wav"].startswith("bad.json: it has none of")
    with next(each for each in found if isinstance(each, Recording)).opened() as path:
        assert path == recordings[0]
