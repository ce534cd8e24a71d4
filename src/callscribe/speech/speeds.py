"""How fast models were measured to be on this machine, kept beside them in the models folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from callscribe.speech.model_files import put_json

_FILE: Final = ".speeds.json"


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of a call that a model recognises in one second, by some way to compute, and seconds until it is loaded.

    The seconds are those of the recording, whose two channels are both recognised.
    """

    times: float
    loading: float
    compute: str


def speeds(models_dir: Path) -> dict[str, Speed]:
    """What was measured, by model; nothing where nothing was."""
    try:
        return {name: Speed(**each) for name, each in json.loads((models_dir / _FILE).read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def keep_speed(models_dir: Path, model: str, speed: Speed) -> None:
    """Write down what was measured last."""
    kept = speeds(models_dir) | {model: speed}
    models_dir.mkdir(parents=True, exist_ok=True)
    put_json(models_dir / _FILE, {name: asdict(each) for name, each in kept.items()})
