"""A transcript as plain values, for checkpoints and the blob store."""

from typing import Any

from callscribe.speech.serialization import word_from_json, word_to_json
from callscribe.transcripts.models import Diarization, Omission, Sentence, Transcript


def transcript_to_json(transcript: Transcript) -> dict[str, Any]:
    """Plain values that JSON can hold; nothing is lost."""
    return {
        "duration": transcript.duration,
        "language": transcript.language,
        "sentences": [
            {
                "channel": sentence.channel,
                "participant": sentence.participant,
                "start": sentence.start,
                "end": sentence.end,
                "text": sentence.text,
                "confidence": sentence.confidence,
                "words": [word_to_json(word) for word in sentence.words],
                "speaker": sentence.speaker,
            }
            for sentence in transcript.sentences
        ],
        "omissions": [[each.channel, each.start, each.end] for each in transcript.omissions],
        "channels": transcript.channels,
        "diarization": None
        if transcript.diarization is None
        else {"applied": transcript.diarization.applied, "participants": list(transcript.diarization.participants)},
    }


def transcript_from_json(data: dict[str, Any]) -> Transcript:
    """The inverse of `transcript_to_json`."""
    return Transcript(
        data["duration"],
        data["language"],
        tuple(
            Sentence(
                channel=sentence["channel"],
                participant=sentence["participant"],
                start=sentence["start"],
                end=sentence["end"],
                text=sentence["text"],
                confidence=sentence["confidence"],
                words=tuple(word_from_json(word) for word in sentence["words"]),
                speaker=sentence["speaker"],
            )
            for sentence in data["sentences"]
        ),
        tuple(Omission(*each) for each in data["omissions"]),
        data["channels"],
        None
        if data["diarization"] is None
        else Diarization(data["diarization"]["applied"], tuple(data["diarization"]["participants"])),
    )
