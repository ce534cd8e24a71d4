"""`callscribe evaluate --corrected`: what people let stand in the calls of a server is what was said in them."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import second_engine
from callscribe.cli import app
from harness import ACCOUNT_SID, Server, running
from media_server import MediaServer, body
from second_engine import SERVED_BY, LoudnessDeclaration, registered

RATE = 8000
LOUD = {0: range(1, 4), 1: range(5, 8)}
"""The seconds in which each channel is loud."""


def tones(path: Path) -> bytes:
    """Ten seconds of two channels."""
    samples = np.zeros((10 * RATE, 2))
    for channel, seconds in LOUD.items():
        for second in seconds:
            samples[second * RATE : (second + 1) * RATE, channel] = 0.5 * np.sin(np.arange(RATE))
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path.read_bytes()


def evaluate(server: Server, **environment: str) -> Result:
    asked = ["--corrected", "--engine", str(SERVED_BY), "--format", "json", "--data", str(server.data)]
    with registered(LoudnessDeclaration()):
        return CliRunner().invoke(app, ["evaluate", *asked], env=environment)


def found(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.timeout(400)
def test_a_corrected_call_is_what_was_said(tmp_path: Path) -> None:
    program = (second_engine.__file__,)
    common = {
        "CALLSCRIBE_DATABASE_URL": f"sqlite:///{tmp_path / 'jobs.db'}",
        "CALLSCRIBE_BLOBS_URL": (tmp_path / "blobs").as_uri(),
        "CALLSCRIBE_SECRET_KEY": "0" * 43 + "=",
    }
    with (
        MediaServer().running() as media,
        running(tmp_path / "api", command="api", program=program, **common) as server,
        running(tmp_path / "worker", command="worker", program=program, **common),
        server.client() as client,
    ):
        media.paths["/tones.wav"] = body(tones(tmp_path / "tones.wav"))
        asked = {"transcriptionEngine": SERVED_BY.engine, "speechModel": SERVED_BY.model, "language": "en-US"}
        configuration = server.configure(**asked)
        job, untouched = (server.submit(configuration, media.url("/tones.wav")) for _ in range(2))
        for each in (job, untouched):
            assert server.ended(each)["status"] == "COMPLETED"
        nothing = evaluate(server, **common)
        assert (nothing.exit_code, json.loads(nothing.stdout)["recordings"]) == (1, [])

        path = f"/v3/Transcriptions/{job}/Transcript"
        edits = [{"sentenceIndex": 5, "text": "Loud second 7. Brontosaurus"}]
        assert client.patch(path, json={"baseVersion": 0, "edits": edits}).is_success
        document = found(evaluate(server, **common))
        assert [(each["name"], each["words"], each["errors"]) for each in document["recordings"]] == [(job, 25, [1])]
        (engine,) = document["engines"]
        assert (engine["substitutions"], engine["deletions"], engine["insertions"]) == (0, 1, 0)
        assert engine["mostWrong"] == [{"word": "Brontosaurus", "said": 1, "wrong": 1, "heard": []}]
        lines = client.get("/v3/Audit", params={"subject": job, "actor": "operator"}).json()["events"]
        assert sorted(each["action"] for each in lines) == ["media.read", "transcript.read"]

        (kept,) = client.get("/v3/System/Evaluations").json()["evaluations"]
        assert kept["title"] == f"Corrected calls of {ACCOUNT_SID}"
        path = f"/v3/System/Evaluations/{kept['id']}"
        assert client.get(path).json()["report"]["engines"][0]["mostWrong"] == engine["mostWrong"]
