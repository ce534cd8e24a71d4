"""A transcript as plain values, for checkpoints and the blob store."""

from typing import Any

from callscribe.speech.serialization import word_from_json, word_to_json
from callscribe.transcripts.models import Sentence, Transcript


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
            }
            for sentence in transcript.sentences
        ],
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
            )
            for sentence in data["sentences"]
        ),
    )
