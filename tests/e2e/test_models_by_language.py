"""A server with a model for all languages and another for English, and a caller who speaks French."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from callscribe.demo import RECORDING
from harness import Server, running
from media_server import MediaServer, body

pytestmark = pytest.mark.timeout(300)

FRENCH = Path(__file__).parents[1] / "data" / "speech" / "fr.wav"
RATE = 8000


def conversation() -> bytes:
    """The French caller, and beside it the first 12 s of the bundled call's agent."""
    with wave.open(str(FRENCH)) as file:
        caller = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    with wave.open(str(RECORDING)) as file:
        agent = np.frombuffer(file.readframes(12 * RATE), "<i2").reshape(-1, 2)[:, 1]
    samples = np.zeros((len(caller), 2), "<i2")
    samples[:, 0], samples[: len(agent), 1] = caller, agent
    data = io.BytesIO()
    with wave.open(data, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes(samples.tobytes())
    return data.getvalue()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("models") / "data", CALLSCRIBE_MODEL="base,en=tiny.en") as started:
        yield started


@pytest.fixture
def media() -> Iterator[MediaServer]:
    with MediaServer().running() as started:
        started.paths["/call.wav"] = body(conversation())
        yield started


@pytest.mark.long
def test_each_party_is_heard_by_the_model_of_its_language(server: Server, media: MediaServer) -> None:
    jobs = {
        language: server.submit(server.configure(language=language), media.url("/call.wav"))
        for language in ("en-US", "multi")
    }
    found = {}
    for language, job in jobs.items():
        resource = server.ended(job, timeout=200)
        assert resource["status"] == "COMPLETED", resource
        resolved = resource["resolvedConfiguration"]
        transcript = server.transcript(job)
        assert sorted(transcript["models"]) == ["base", "tiny.en"]
        sentences = [(each["audioChannelIndex"], each["language"], each["text"]) for each in transcript["sentences"]]
        assert {each[:2] for each in sentences} == {(1, "fr-FR"), (2, "en-US")}
        found[language] = resolved["servedBy"]["model"], resolved["languageModels"], sentences
    assert found["multi"][:2] == ("base", {"en": "tiny.en"})
    assert found["en-US"][0] == "tiny.en"
    assert found["en-US"][1]["multi"] == found["en-US"][1]["fr"] == "base"
    assert found["multi"][2] == found["en-US"][2], "the same words, whichever is asked for"
