"""A finished transcript as a conversation keeps it."""

from datetime import UTC, datetime

from callscribe.conversations.transcripts import StoredParticipant, StoredTranscript
from callscribe.transcriptions.tables import Transcription
from callscribe.transcripts.models import Transcript

LATEST = datetime(9999, 12, 31, tzinfo=UTC)
"""Behind this an instant in a call may be one that no calendar has."""


def stored_transcript(row: Transcription, transcript: Transcript) -> StoredTranscript:
    """One communication a sentence, `{transcription id}:{sentence index}`.

    The channel is the call, or without one the transcription. Where nobody said when the audio began, times count from
    the creation of the transcription.
    """
    participants = [StoredParticipant(each.type, each.address, each.name) for each in row.participants]
    return StoredTranscript(
        id=row.id,
        engine=str(row.served_by),
        channel_id=_channel(row),
        started_at=min(row.audio_started_at or row.created_at, LATEST),
        participants=participants,
        sentences=transcript.sentences,
    )


def half_stored(row: Transcription) -> str | None:
    """The channel of which a conversation may have a part of the transcript; None where it has all or nothing."""
    wanted = row.resolved_configuration.conversation_configuration_id
    return None if wanted is None or row.conversation_id is not None else _channel(row)


def _channel(row: Transcription) -> str:
    return (row.recording.call_sid if row.recording else None) or row.id
