import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import callscribe
from callscribe.cancellation import NEVER, Cancellation
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine

DEMO = Path(callscribe.__file__).parent / "demo"


@dataclass
class Window:
    start: float
    samples: npt.NDArray[np.float32]


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def settings(models_dir: Path) -> Settings:
    return Settings(models_dir=models_dir, model="tiny.en", threads=2)


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture(scope="session")
def warm_engine(settings: Settings) -> Iterator[WhisperEngine]:
    engine = WhisperEngine(settings)
    yield engine
    engine.close()


@pytest.fixture
def engine(settings: Settings) -> Iterator[WhisperEngine]:
    """One whose child may be killed."""
    engine = WhisperEngine(settings)
    yield engine
    engine.close()


@pytest.fixture
def wanted() -> Cancellation:
    """A cancellation that never comes."""
    return NEVER


@pytest.fixture(scope="session")
def call() -> Path:
    """The bundled call: two synthesised voices, dual-channel, 8 kHz."""
    return DEMO / "call.wav"


@dataclass(frozen=True)
class Turn:
    channel: int
    start: float
    end: float
    text: str


@pytest.fixture(scope="session")
def turns() -> list[Turn]:
    """What is said in the bundled call."""
    data = json.loads((DEMO / "call.json").read_text())
    return [
        Turn(each["audioChannelIndex"] - 1, each["startTimeSeconds"], each["endTimeSeconds"], each["text"])
        for each in data["turns"]
    ]


@pytest.fixture(scope="session")
def call_samples(call: Path) -> npt.NDArray[np.float32]:
    decoder = Decoder()
    samples = np.hstack([window.samples for window in decoder.windows(call)])
    decoder.close()
    return samples
