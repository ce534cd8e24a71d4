"""What is to be known of a transcription that succeeded: told in the resource, the transcript and the callback."""

import wave
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from callers import Front
from media_server import MediaServer, body
from odd_files import mp3
from sourcing import make_conversation_configuration

SPEECH = Path(__file__).parents[1] / "data" / "speech"


def test_a_header_of_another_length_is_told_everywhere(
    serve: Front, media: MediaServer, receiver: Any, call: bytes
) -> None:
    caller = serve.caller()
    third = (len(call) - 44) // 3 // 4 * 4
    media.paths["/stale.wav"] = body(call[:40] + third.to_bytes(4, "little") + call[44:])
    configuration = caller.configure(
        conversationConfigurationId=None, transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"}
    )
    job = caller.submit(configuration, media.url("/stale.wav"))
    resource = caller.ended(job)
    assert resource["status"] == "COMPLETED", resource
    assert resource["duration"] == 65
    (notice,) = resource["notices"]
    assert notice == {
        "code": "durationMismatch",
        "detail": "The file's header speaks of 21.8 s of audio, and it has 65.3 s. All of it was read.",
    }
    transcript = caller.http.get(resource["links"]["transcript"]).json()
    assert transcript["notices"] == [notice]
    assert transcript["sentences"][-1]["startTimeSeconds"] > 50
    (callback,) = receiver.wait()
    assert callback.json["notices"] == [notice]


def french_and_english(call: bytes) -> bytes:
    """A customer who speaks French beside the agent of the bundled call."""
    parties = []
    for source in (BytesIO((SPEECH / "fr.wav").read_bytes()), BytesIO(call)):
        with wave.open(source) as file:
            samples = np.frombuffer(file.readframes(12 * 8000), "<i2")
            parties.append(samples.reshape(-1, file.getnchannels())[:, -1])
    data = BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.stack(parties, axis=1).tobytes())
    return data.getvalue()


def test_another_language_is_told_everywhere(serve: Front, media: MediaServer, receiver: Any, call: bytes) -> None:
    caller = serve.caller()
    media.paths["/french.wav"] = body(french_and_english(call))
    configuration = caller.configure(
        transcriptionEngine="whisper",
        speechModel="base",
        transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
    )
    resource = caller.ended(caller.submit(configuration, media.url("/french.wav")))
    assert resource["status"] == "COMPLETED", resource
    (notice,) = resource["notices"]
    assert notice["code"] == "languageMismatch"
    assert (notice["audioChannelIndex"], notice["language"]) == (1, "fr-FR")
    assert 0.5 < notice["startTimeSeconds"] < 1.5
    assert 9 < notice["endTimeSeconds"] < 12
    assert 0.7 < notice["probability"] <= 1
    transcript = caller.http.get(resource["links"]["transcript"]).json()
    assert transcript["notices"] == [notice]
    assert {(each["audioChannelIndex"], each["language"]) for each in transcript["sentences"]} == {
        (1, "fr-FR"),
        (2, "en-US"),
    }
    (callback,) = receiver.wait()
    assert callback.json["notices"] == [notice]
    assert callback.json["sentences"] == transcript["sentences"]


def test_a_conversation_that_cannot_be_stored_is_told(serve: Front, media: MediaServer, receiver: Any) -> None:
    caller = serve.caller()
    conversation = make_conversation_configuration(caller)
    configuration = caller.configure(
        conversationConfigurationId=conversation,
        transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
    )
    participants = [
        {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100"},
        {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199"},
    ]
    job = caller.submit(configuration, media.url("/call.wav"), participants=participants)
    gone = caller.http.delete(f"/v2/ControlPlane/Configurations/{conversation}")
    assert gone.is_success, gone.text
    resource = caller.ended(job)
    assert resource["status"] == "COMPLETED", resource
    (notice,) = resource["notices"]
    assert notice["code"] == "conversationNotStored"
    assert conversation in notice["detail"]
    (callback,) = receiver.wait()
    assert callback.json["notices"] == [notice]


def test_a_recording_is_as_long_as_its_audio(serve: Front, tmp_path: Path) -> None:
    caller = serve.caller()
    audio = mp3(tmp_path, 2.5) + mp3(tmp_path, 6)
    fields = {"From": "+15550100", "Direction": "inbound", "StartTime": "2026-03-02T09:30:00Z"}
    answer = caller.http.post(
        f"/2010-04-01/Accounts/{caller.sid}/Recordings.json", data=fields, files={"Media": ("call.mp3", audio)}
    )
    assert answer.status_code == 201, answer.text
    recording = caller.twilio.recordings(answer.json()["sid"]).fetch()
    assert recording.duration in {"8", "9"}
    call = caller.twilio.calls(recording.call_sid).fetch()
    assert timedelta(seconds=8) <= call.end_time - recording.start_time <= timedelta(seconds=9)
