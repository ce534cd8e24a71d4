"""The file with the key of a service account of Google Cloud. Imports nothing of Google's SDK."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError

from callscribe.errors import SetupError

SETTING = "CALLSCRIBE_GOOGLE_CREDENTIALS"

_MOST_BYTES = 64 * 1024


class KeyFile(BaseModel):
    """What Google writes into such a file, as far as it is used here."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    type: Literal["service_account"]
    project_id: str = Field(pattern=r"^[a-z0-9.:-]{1,100}$")
    private_key_id: str | None = None
    private_key: SecretStr
    client_email: str = Field(min_length=3)
    token_uri: HttpUrl = HttpUrl("https://oauth2.googleapis.com/token")


def read(path: Path) -> KeyFile:
    """The key in a file.

    Raises:
        SetupError: it cannot be read, or is none. Nothing of the key is in the message.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES)
    except OSError as error:
        raise SetupError(f"{SETTING} names {path}, which cannot be read: {error.strerror}.") from error
    try:
        return KeyFile.model_validate(json.loads(text))
    except (ValueError, RecursionError) as error:
        members = sorted({str(each["loc"][0]) for each in error.errors()}) if isinstance(error, ValidationError) else []
        wrong = f": look at {', '.join(members)}" if members else ""
        # Not the error itself, in which the file may be.
        raise SetupError(
            f"{SETTING} names {path}, which is not the JSON key of a service account{wrong}. "
            "Make one in the console of Google Cloud, under IAM, service accounts, keys."
        ) from None
