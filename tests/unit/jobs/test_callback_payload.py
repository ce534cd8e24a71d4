"""What a callback says of a transcript."""

from datetime import UTC, datetime

from callscribe.jobs.callback_payload import callback_body
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import Omission, Transcript

ROW = Transcription(
    id="voice_transcription_01k9v6x8m3e5rt0q2w4y6z8abc",
    account_sid="AC0123456789abcdef0123456789abcdef",
    status=Status.RUNNING,
    configuration_id="voice_transcriptionconfiguration_01k9v6x8m3e5rt0q2w4y6z8abc",
    participants=[],
    resolved_configuration={},
    base_url="https://calls.example.com",
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
)


def test_what_was_left_out_is_told() -> None:
    body = callback_body(ROW, transcript=Transcript(9.0, "en-US", (), (Omission(1, 4.25, 6.5),)))
    assert body["omissions"] == [{"audioChannelIndex": 2, "startTimeSeconds": 4.25, "endTimeSeconds": 6.5}]


def test_where_nothing_was_left_out_there_is_no_such_member() -> None:
    assert "omissions" not in callback_body(ROW, transcript=Transcript(9.0, "en-US", ()))
