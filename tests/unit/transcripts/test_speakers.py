import re
from dataclasses import replace
from typing import Any

import pytest

from callscribe.speech.diarization.turns import SpeakerTurn
from callscribe.speech.interface import Segment, Word
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.formats import to_text, to_vtt
from callscribe.transcripts.models import TRANSCRIPT, Diarization, Transcript
from callscribe.transcripts.wire import DiarizationResource, sentences

ROLES = ["CUSTOMER", "HUMAN_AGENT"]


def heard(text: str, start: float = 0.0) -> Segment:
    """Words of half a second each."""
    words = [Word(each, start + index / 2, start + index / 2 + 0.4, 0.9) for index, each in enumerate(text.split())]
    return Segment(0, words[0].start, words[-1].end, tuple(words), "en")


def told_apart(text: str, *turns: SpeakerTurn, roles: list[str | None] | None = None) -> Transcript:
    return assemble([heard(text)], duration=60.0, language="en-US", turns=turns, roles=roles or [])


def said(transcript: Transcript) -> list[tuple[int | None, str]]:
    return [(sentence.speaker, sentence.text) for sentence in transcript.sentences]


def answered(transcript: Transcript) -> dict[str, Any] | None:
    """The member `diarization`."""
    resource = DiarizationResource.of(transcript.diarization)
    return None if resource is None else resource.model_dump(by_alias=True)


def test_speaker_change_ends_sentence() -> None:
    transcript = told_apart("my number is four yes go on", SpeakerTurn(0, 2, 5), SpeakerTurn(2, 4, 3))
    assert said(transcript) == [(0, "my number is four"), (1, "yes go on")]


@pytest.mark.parametrize("change", [0.95, 1.5, 2.0])
def test_change_one_word_off_moved(change: float) -> None:
    transcript = told_apart("May I help? Yes, please do.", SpeakerTurn(0, change, 0), SpeakerTurn(change, 4, 1))
    assert said(transcript) == [(0, "May I help?"), (1, "Yes, please do.")]


def test_counted_by_appearance() -> None:
    transcript = told_apart("One. Two. Three.", SpeakerTurn(0, 0.5, 2), SpeakerTurn(0.5, 1, 7), SpeakerTurn(1, 2, 2))
    assert said(transcript) == [(0, "One."), (1, "Two."), (0, "Three.")]
    assert [each.speaker for each in sentences(transcript)] == [1, 2, 1]


def test_offering_help_means_agent() -> None:
    transcript = told_apart(
        "Hello? How can I help you? My tent is late.",
        SpeakerTurn(0, 0.5, 0),
        SpeakerTurn(0.5, 3.5, 1),
        SpeakerTurn(3.5, 9, 0),
    )
    assert [sentence.participant for sentence in transcript.sentences] == [None, None, None]
    transcript = told_apart(
        "Hello? How can I help you? My tent is late.",
        SpeakerTurn(0, 0.5, 0),
        SpeakerTurn(0.5, 3, 1),
        SpeakerTurn(3, 9, 0),
        roles=ROLES,
    )
    assert [sentence.participant for sentence in transcript.sentences] == [0, 1, 0]
    assert answered(transcript) == {
        "applied": True,
        "detail": None,
        "speakers": [{"speaker": 1, "participantIndex": 0}, {"speaker": 2, "participantIndex": 1}],
    }


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("Hello there. My tent is late.", ROLES),
        ("How can I help? How can I help?", ROLES),
        ("How can I help? My tent is late.", ["CUSTOMER", "CUSTOMER"]),
        ("How can I help? My tent is late.", [None, None]),
    ],
)
def test_unclear_maps_nobody(text: str, roles: list[str | None]) -> None:
    first = re.split(r"(?<=[.?]) ", text)[0]
    change = len(first.split()) / 2 - 0.05
    transcript = told_apart(text, SpeakerTurn(0, change, 0), SpeakerTurn(change, 9, 1), roles=roles)
    assert [sentence.participant for sentence in transcript.sentences] == [None, None]


def test_captions_number_unknown_speakers() -> None:
    transcript = told_apart("One. Two.", SpeakerTurn(0, 0.5, 0), SpeakerTurn(0.5, 1, 1))
    assert to_text(transcript) == "Speaker 1: One.\nSpeaker 2: Two.\n"
    one, other = transcript.sentences
    named = replace(transcript, sentences=(one, replace(other, participant=0)))
    assert to_text(named, {0: "Ada"}) == "Speaker 1: One.\nAda: Two.\n"
    assert "<v Speaker 1>One." in to_vtt(transcript)
    assert to_text(told_apart("One. Two.", SpeakerTurn(0, 2, 0))) == "One.\nTwo.\n"


def test_one_speaker_keeps_participant() -> None:
    transcript = assemble([heard("One. Two.")], duration=2.0, participants={0: 0}, turns=[SpeakerTurn(0, 2, 0)])
    assert [(each.speaker, each.participant) for each in transcript.sentences] == [(0, 0), (0, 0)]


def test_nothing_heard_is_nobody() -> None:
    transcript = assemble([], duration=2.0, turns=[])
    assert transcript.diarization == Diarization(applied=True)


def test_dual_channel_says_why_none() -> None:
    transcript = Transcript(2.0, "en-US", (), diarization=Diarization(applied=False))
    document = answered(transcript)
    assert document is not None
    assert document["applied"] is False
    assert "dual-channel" in document["detail"]
    assert answered(Transcript(2.0, "en-US", ())) is None


def test_speakers_survive_store() -> None:
    transcript = told_apart("Hello? How can I help?", SpeakerTurn(0, 0.5, 0), SpeakerTurn(0.5, 3, 1), roles=ROLES)
    assert TRANSCRIPT.validate_json(TRANSCRIPT.dump_json(transcript)) == transcript
