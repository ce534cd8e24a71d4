"""An engine that takes whole recordings does jobs and files, without anything outside of it knowing its name."""

import json
import wave
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

import callscribe
import second_engine
from callscribe.cancellation import NEVER
from callscribe.cli import app
from callscribe.db.engine import Database
from callscribe.durable.tables import Worker
from callscribe.media.decoding import Decoder
from callscribe.media.peaks import PeakMeter
from callscribe.speech.interface import SAMPLE_RATE, Span
from callscribe.speech.pipeline import divide_file
from harness import Receiver, running
from media_server import MediaServer, body
from second_engine import CALLS, SERVED_BY, LoudnessDeclaration, LoudnessEngine, ProviderDeclaration, registered

RATE = 8000
LOUD = {0: range(2, 12), 1: range(14, 25)}
"""The seconds in which each channel has a tone, which nobody would take for speech."""

SENTENCES = [
    (channel + 1, f"Loud second {second}.", float(second)) for channel, seconds in LOUD.items() for second in seconds
]


def write_tones(path: Path, loud: Mapping[int, Iterable[int]]) -> Path:
    """30 s of two channels."""
    samples = np.zeros((30 * RATE, 2))
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    for channel, seconds in loud.items():
        for second in seconds:
            samples[second * RATE : (second + 1) * RATE, channel] = tone
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_tones(tmp_path / "tones.wav", LOUD)


def said(transcript: dict[str, Any]) -> list[tuple[int, str, float]]:
    return [(each["audioChannelIndex"], each["text"], each["startTimeSeconds"]) for each in transcript["sentences"]]


def test_one_call_both_channels_labelled(tmp_path: Path, recording: Path) -> None:
    program = (second_engine.__file__,)
    common = {
        "CALLSCRIBE_DATABASE_URL": f"sqlite:///{tmp_path / 'jobs.db'}",
        "CALLSCRIBE_BLOBS_URL": (tmp_path / "blobs").as_uri(),
        "CALLSCRIBE_SECRET_KEY": "0" * 43 + "=",
        "CALLSCRIBE_CHUNK_SECONDS": "10",  # a third of the recording
        CALLS: str(tmp_path / "calls"),
    }
    with (
        MediaServer().running() as media,
        Receiver().listening() as receiver,
        running(tmp_path / "api", command="api", program=program, **common) as server,
        running(tmp_path / "worker", command="worker", program=program, **common),
    ):
        media.paths["/tones.wav"] = body(recording.read_bytes())
        configuration = server.configure(
            transcriptionEngine=SERVED_BY.engine,
            speechModel=SERVED_BY.model,
            transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        )
        job = server.submit(configuration, media.url("/tones.wav"))
        ended = server.ended(job)
        assert ended["status"] == "COMPLETED", ended
        transcript = server.transcript(job)
        (callback,) = receiver.wait()
        with closing(Database(common["CALLSCRIBE_DATABASE_URL"])) as database, database.read() as session:
            assert session.scalars(sa.select(Worker.models)).one()[-1] == str(SERVED_BY)
    assert said(transcript) == SENTENCES
    assert {each["audioChannelIndex"]: each["type"] for each in ended["participants"]} == {
        1: "CUSTOMER",
        2: "HUMAN_AGENT",
    }
    assert [word["startTimeSeconds"] for word in transcript["sentences"][0]["words"]] == [2.0, 2.333, 2.833]
    assert callback.json["status"] == "completed"
    assert (tmp_path / "calls").read_text() == f"{SERVED_BY.model} (0, 1) 30.0\n"


def test_a_file_is_written_down(recording: Path) -> None:
    arguments = ["transcribe", str(recording), "--model", str(SERVED_BY), "--language", "en-US", "--format", "json"]
    with registered(LoudnessDeclaration()):
        result = CliRunner().invoke(app, arguments)
        refused = CliRunner().invoke(app, [*arguments, "--keyterm", "Loud"])
        as_said = CliRunner().invoke(app, [*arguments, "--verbatim"])
    assert result.exit_code == 0, result.output
    assert said(json.loads(result.stdout)) == SENTENCES
    assert refused.exit_code == 2
    assert "takes no keyterms" in refused.output
    assert (as_said.exit_code, "--verbatim" in as_said.output) == (2, True)


def test_an_engine_is_named_as_configurations_name_it(recording: Path) -> None:
    """The provider of the tests, which is served by itself, and not at all where its routes say so."""
    arguments = ["transcribe", str(recording), "--language", "en-US", "--format", "json", "--engine"]
    with registered(ProviderDeclaration()):
        result = CliRunner().invoke(app, [*arguments, "deepgram"])
        refused = CliRunner().invoke(app, [*arguments, "deepgram"], env={"CALLSCRIBE_ROUTES": "none"})
        unknown = CliRunner().invoke(app, [*arguments, "nobody"])
    assert result.exit_code == 0, result.output
    assert said(json.loads(result.stdout)) == SENTENCES
    assert (refused.exit_code, "CALLSCRIBE_ROUTES forbids it" in " ".join(refused.output.split())) == (2, True)
    assert (unknown.exit_code, "There is no engine 'nobody'" in " ".join(unknown.output.split())) == (2, True)


def test_copied_channel_asked_for_once(tmp_path: Path) -> None:
    copies = write_tones(tmp_path / "copies.wav", {0: LOUD[0], 1: LOUD[0]})
    arguments = ["transcribe", str(copies), "--model", str(SERVED_BY), "--language", "en-US", "--format", "json"]
    with registered(LoudnessDeclaration()):
        result = CliRunner().invoke(app, arguments)
    assert said(json.loads(result.stdout)) == SENTENCES[: len(LOUD[0])]


def test_voices_sought_only_if_wanted() -> None:
    call = Path(callscribe.__file__).parent / "demo" / "call.wav"
    with closing(Decoder()) as decoder:
        for voices in (False, True):
            peaks = PeakMeter()
            segmentation, spans = divide_file(
                decoder, call, LoudnessEngine(), NEVER, chunk=10.0, voices=voices, listener=peaks.push
            )
            assert peaks.finish().samples == round(segmentation.duration * SAMPLE_RATE)
            assert spans == [Span(0.0, segmentation.duration)]
            assert [bool(channel.spans) for channel in segmentation.channels] == [voices, voices]
