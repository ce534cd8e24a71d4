"""What a callback says of a transcript."""

from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from callscribe.jobs.callback_payload import CallbackBody
from callscribe.speech.interface import Word
from callscribe.transcriptions.documents import Failure, Participant
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import Diarization, Omission, Sentence, Transcript
from resolved import resolved


def row(**fields: Any) -> Transcription:
    usual: dict[str, Any] = {"participants": []}
    return Transcription(
        id="voice_transcription_01k9v6x8m3e5rt0q2w4y6z8abc",
        account_sid="AC0123456789abcdef0123456789abcdef",
        status=Status.RUNNING,
        configuration_id="voice_transcriptionconfiguration_01k9v6x8m3e5rt0q2w4y6z8abc",
        resolved_configuration=resolved(),
        base_url="https://calls.example.com",
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        **usual | fields,
    )


ADA = Participant(audio_channel_index=1, type=None, address="+15550100", name="Ada")
WORDS = (Word("Grüße!", 0.5, 0.9, 0.875), Word('"Ja\\n"', 1.0, 1.25, 1.0))
SAID = Sentence(0, 1, 0.5, 1.25, 'Grüße! "Ja\\n"', 0.938, WORDS, speaker=1, language="de-DE")


def test_body_same_to_last_byte() -> None:
    transcript = Transcript(9.4, "de-DE", (SAID,), (Omission(1, 4.25, 6.5),), 1, Diarization(True, (None, 1)))
    at = datetime(2026, 3, 2, 9, 30, 59, 999_999, tzinfo=UTC)
    body = CallbackBody.of(row(participants=[ADA], conversation_id="conv_conversation_1"), transcript=transcript)
    assert to_json(body.model_copy(update={"updated_at": at.replace(microsecond=0)})).decode() == (
        '{"id":"voice_transcription_01k9v6x8m3e5rt0q2w4y6z8abc","accountId":"AC0123456789abcdef0123456789abcdef",'
        '"status":"completed",'
        '"transcriptionConfigurationId":"voice_transcriptionconfiguration_01k9v6x8m3e5rt0q2w4y6z8abc",'
        '"sourceId":null,"mediaUrl":null,"duration":9,"participants":[{"audioChannelIndex":1,"address":"+15550100","name":"Ada"}],"createdAt":"2026-03-02T00:00:00Z",'
        '"updatedAt":"2026-03-02T09:30:59Z","language":"de-DE",'
        '"links":{"self":"https://calls.example.com/v3/Transcriptions/voice_transcription_01k9v6x8m3e5rt0q2w4y6z8abc",'
        '"transcript":"https://calls.example.com/v3/Transcriptions/voice_transcription_01k9v6x8m3e5rt0q2w4y6z8abc/Transcript",'
        '"conversation":"https://calls.example.com/v2/Conversations/conv_conversation_1"},'
        '"sentences":[{"audioChannelIndex":1,"sentenceIndex":0,"participantIndex":1,"startTimeSeconds":0.5,'
        '"endTimeSeconds":1.25,"text":"Grüße! \\"Ja\\\\n\\"","confidence":0.938,"speaker":2,"language":"de-DE",'
        '"words":['
        '{"text":"Grüße!","startTimeSeconds":0.5,"endTimeSeconds":0.9,"confidence":0.875},'
        '{"text":"\\"Ja\\\\n\\"","startTimeSeconds":1.0,"endTimeSeconds":1.25,"confidence":1.0}]}],'
        '"conversationId":"conv_conversation_1",'
        '"omissions":[{"audioChannelIndex":2,"startTimeSeconds":4.25,"endTimeSeconds":6.5,"reason":"notRecognized"}],'
        '"diarization":{"applied":true,"detail":null,"speakers":[{"speaker":1,"participantIndex":null},'
        '{"speaker":2,"participantIndex":1}]}}'
    )


def test_failure_told_with_code() -> None:
    error = Failure(code=17554, title="Recording not found", detail="it is gone", type="about:blank")
    body = CallbackBody.of(row(), error=error).model_dump(by_alias=True)
    assert (body["status"], body["sentences"], body["language"]) == ("failed", [], None)
    assert (body["errorCode"], body["errorMessage"]) == (17554, "Recording not found: it is gone")
    assert "transcript" not in body["links"]


def test_missing_is_no_member() -> None:
    body = CallbackBody.of(row(), transcript=Transcript(9.0, "en-US", ())).model_dump(by_alias=True)
    assert not {"omissions", "notices", "diarization", "conversationId", "errorCode", "errorMessage"} & set(body)
