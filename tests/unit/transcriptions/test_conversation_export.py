"""Transcripts as conversations keep them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from callscribe.speech.interface import Word
from callscribe.transcriptions.conversation_export import half_stored, stored_transcript
from callscribe.transcriptions.documents import Participant, RecordedAudio
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import Sentence, Transcript
from resolved import resolved

CREATED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EIGHT_HOURS = 8 * 3600.0
WORD = Word("Goodbye.", EIGHT_HOURS - 1, EIGHT_HOURS, 0.9)
TRANSCRIPT = Transcript(EIGHT_HOURS, "en-US", (Sentence(1, 0, WORD.start, WORD.end, WORD.text, 0.9, (WORD,)),))
RECORDED = RecordedAudio(sid="RE1", channels=2, media=None, call_sid="CA1")


def row(**fields: Any) -> Transcription:
    usual: dict[str, Any] = {
        "id": "voice_transcription_1",
        "status": Status.RUNNING,
        "participants": [Participant(audio_channel_index=1, type=None, address=None, name="Ada")],
        "resolved_configuration": resolved(conversationConfigurationId="conv_configuration_1"),
        "created_at": CREATED,
    }
    return Transcription(**usual | fields)


def test_sentence_id_is_job_and_index() -> None:
    stored = stored_transcript(row(), TRANSCRIPT)
    assert (stored.channel_id, stored.started_at) == ("voice_transcription_1", CREATED)
    assert (stored.id, stored.engine) == ("voice_transcription_1", "whisper/base")
    assert stored.participants[0].type is None


def test_call_gives_channel_recording_time() -> None:
    started = CREATED - timedelta(days=1)
    stored = stored_transcript(row(recording=RECORDED, audio_started_at=started), TRANSCRIPT)
    assert (stored.channel_id, stored.started_at) == ("CA1", started)


def test_call_at_end_of_time_has_end() -> None:
    stored = stored_transcript(row(audio_started_at=datetime.max.replace(tzinfo=UTC)), TRANSCRIPT)
    (sentence,) = stored.sentences
    assert (stored.started_at + timedelta(seconds=sentence.end)).year == 9999


def test_half_stored_only_if_to_be_stored() -> None:
    assert half_stored(row()) == "voice_transcription_1"
    assert half_stored(row(recording=RECORDED)) == "CA1"
    assert half_stored(row(conversation_id="conv_conversation_1")) is None
    nowhere = resolved(conversationConfigurationId=None)
    assert half_stored(row(resolved_configuration=nowhere)) is None
