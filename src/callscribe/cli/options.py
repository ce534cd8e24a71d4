"""Options that several commands have, and the settings behind them."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from callscribe.errors import SetupError
from callscribe.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the database, media and models. The platform's user data folder by default, or "
        "CALLSCRIBE_DATA_DIR."
    ),
]


def load_settings(data: Path | None = None) -> Settings:
    """Settings from the environment; the data folder from the option where it is given.

    Raises:
        SetupError: a variable has a value that it cannot have.
    """
    try:
        return Settings(data_dir=data.absolute()) if data else Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        name = "_".join(str(part) for part in fault["loc"]).upper()
        raise SetupError(f"CALLSCRIBE_{name}: {fault['msg']}. See docs/configuration.md.") from None
