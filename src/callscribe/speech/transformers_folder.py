"""Folders with a Whisper model as Hugging Face's transformers saves it: which files there are, and what they say.

Loads nothing that computes: commands that only look ask here.
"""

import json
from pathlib import Path
from typing import Any, Final

from callscribe.errors import SetupError

CONVERSION: Final = 1
"""Of what `conversion` makes of such a folder: where it is raised, models are converted anew."""

CONFIG: Final = "config.json"
GENERATION: Final = "generation_config.json"
TOKENIZER: Final = "tokenizer.json"
_WEIGHTS: Final = "model.safetensors"
_INDEX: Final = f"{_WEIGHTS}.index.json"
"""Where a model is in several files: it says which array is in which of them."""

_ENGLISH_ONLY: Final = 51_864
"""Tokens of the vocabulary that knows no languages; those that do have more."""


def can_convert(folder: Path) -> bool:
    """Whether a folder has such a model."""
    return (folder / CONFIG).is_file() and bool(weight_files(folder))


def weight_files(folder: Path) -> list[Path]:
    """The files that a folder's arrays are in; none where it has no such model."""
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    try:
        placed = json.loads((folder / _INDEX).read_text())["weight_map"]
        return [folder / Path(str(name)).name for name in sorted(set(placed.values()))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def source_files(folder: Path) -> list[Path]:
    """The files that the outcome depends on, those that are there."""
    names = (CONFIG, GENERATION, TOKENIZER, "vocab.json", "merges.txt", "added_tokens.json")
    return [*weight_files(folder), *(path for name in names if (path := folder / name).is_file())]


def is_multilingual(folder: Path) -> bool:
    """Whether such a model knows more than English.

    Raises:
        SetupError: its configuration does not say.
    """
    return number(read_json(folder / CONFIG), "vocab_size", folder / CONFIG) > _ENGLISH_ONLY


def read_json(path: Path, missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a file says, or `missing` where there is none and that is given.

    Raises:
        SetupError: it cannot be read, or is no object.
    """
    if missing is not None and not path.is_file():
        return missing
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SetupError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise SetupError(f"{path} cannot be read: it is no object")
    return found


def number(config: dict[str, Any], name: str, path: Path) -> int:
    """A size of the model, from what the file at `path` says.

    Raises:
        SetupError: it is missing, or no size.
    """
    value = config.get(name)
    if not isinstance(value, int) or value < 1:
        raise SetupError(f"{path}: {name} is missing, or no number")
    return value
