"""Speakers who share one channel: told apart by a job of several chunks; not on dual-channel calls."""

import json
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callers import Caller, Front
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.diarization.diarizer import MODEL
from harness import Receiver
from media_server import MediaServer, body

ROLES = [{"audioChannelIndex": 1, "type": "CUSTOMER"}, {"audioChannelIndex": 2, "type": "HUMAN_AGENT"}]
ASKED = {"enabled": True, "maxSpeakers": 3}


@pytest.fixture(scope="module")
def mono(call: bytes) -> Iterator[str]:
    """The URL of the bundled call with both channels mixed into one."""
    with wave.open(BytesIO(call)) as source:
        samples = np.frombuffer(source.readframes(source.getnframes()), "<i2").reshape(-1, source.getnchannels())
        rate = source.getframerate()
    mixed = BytesIO()
    with wave.open(mixed, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(np.clip(samples.astype(np.int32).sum(axis=1), -32768, 32767).astype("<i2").tobytes() * 2)
    with MediaServer().running() as server:
        server.paths["/mono.wav"] = body(mixed.getvalue())
        yield server.url("/mono.wav")


def transcript(caller: Caller, job: str, suffix: str = "") -> Any:
    answer = caller.http.get(f"/v3/Transcriptions/{job}/Transcript{suffix}")
    assert answer.is_success, answer.text
    return answer.text if suffix else answer.json()


@pytest.mark.skipif(
    not Catalogue(Path("nowhere")).has(MODEL), reason="needs the package that carries the model, see docs/models.md"
)
def test_mono_parties_told_apart_and_named(serve: Front, mono: str) -> None:
    caller = serve.caller()
    with Receiver().listening() as receiver:
        callback = {"url": f"{receiver.url}/done", "method": "POST"}
        configuration = caller.configure(
            diarization=ASKED, participantDefaults=ROLES, transcriptionStatusCallback=callback
        )
        job = caller.submit(configuration, mono)
        assert caller.ended(job)["status"] == "COMPLETED"
        sent = json.loads(receiver.wait()[0].body)
    document = transcript(caller, job)
    people = [{"speaker": 1, "participantIndex": 1}, {"speaker": 2, "participantIndex": 0}]
    assert document["diarization"] == {"applied": True, "detail": None, "speakers": people}
    assert {(each["speaker"], each["participantIndex"]) for each in document["sentences"]} == {(1, 1), (2, 0)}
    agent = " ".join(each["text"] for each in document["sentences"] if each["speaker"] == 1)
    customer = " ".join(each["text"] for each in document["sentences"] if each["speaker"] == 2)
    assert agent.count("Thank you for calling") == 2
    assert customer.count("ordered a tent") == 2
    assert [each["speaker"] for each in document["statistics"]["participants"]] == [1, 2]
    assert sent["diarization"] == document["diarization"]
    assert sent["sentences"] == document["sentences"]
    assert "Human Agent: Thank you for calling" in transcript(caller, job, ".txt")
    assert "<v Customer>" in transcript(caller, job, ".vtt")


@pytest.mark.long
def test_dual_channel_not_diarized(serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    job = caller.submit(caller.configure(diarization=ASKED), media.url("/call.wav"))
    assert caller.ended(job)["status"] == "COMPLETED"
    document = transcript(caller, job)
    assert document["diarization"]["applied"] is False
    assert "dual-channel" in document["diarization"]["detail"]
    assert "speaker" not in document["sentences"][0]
