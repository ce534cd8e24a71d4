"""The wire format of configurations: outer keys in snake_case, inner ones in camelCase."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, StrictStr
from pydantic_core import PydanticCustomError

from callscribe.characters import TEXT
from callscribe.configurations.options import RecordingOptions, TranscriptionOptions
from callscribe.ids import CONFIGURATION_ID, RECORDING_CONFIGURATION_ID, UNIQUE_NAME
from callscribe.web.wire import MaskedDocument, OfRow, Timestamp, optional

OptionsT = TypeVar("OptionsT", TranscriptionOptions, RecordingOptions)

Description = Annotated[StrictStr, Field(max_length=512, pattern=TEXT)]


def _unique_name(value: str) -> str:
    # `Default` is the path of the default configuration.
    taken = CONFIGURATION_ID.fullmatch(value) or RECORDING_CONFIGURATION_ID.fullmatch(value) or value == "Default"
    if taken or not UNIQUE_NAME.fullmatch(value):
        raise PydanticCustomError(
            "unique_name", "must be 1 to 50 letters, digits, hyphens and underscores, no id, and not Default"
        )
    return value


class AccountOptions(BaseModel, Generic[OptionsT]):
    """Body of POST and PUT for the account's own options."""

    model_config = ConfigDict(extra="forbid")

    description: Description | None = None
    configuration: OptionsT


class NamedOptions(BaseModel, Generic[OptionsT]):
    """Body of POST and PUT of a configuration."""

    model_config = ConfigDict(extra="forbid")

    # Twilio's SDKs for typed languages send the name in camel case.
    unique_name: Annotated[StrictStr, AfterValidator(_unique_name)] | None = Field(
        None, validation_alias=AliasChoices("unique_name", "uniqueName")
    )
    description: Description | None = None
    configuration: OptionsT


class ConfigurationRequest(NamedOptions[TranscriptionOptions]):
    """Body of POST and PUT of a transcription configuration."""


class RecordingConfigurationRequest(NamedOptions[RecordingOptions]):
    """Body of POST and PUT of a recording configuration."""


class AccountDefaultRequest(AccountOptions[TranscriptionOptions]):
    """Body of POST and PUT for the account's own transcription options."""


class RecordingAccountDefaultRequest(AccountOptions[RecordingOptions]):
    """Body of POST and PUT for the account's own recording options."""


class DefaultRequest(BaseModel):
    """Body that makes a configuration the default of its type."""

    model_config = ConfigDict(extra="forbid")

    configuration_id: StrictStr = Field(validation_alias=AliasChoices("configuration_id", "configurationId"))


class ConfigurationResource(OfRow):
    """A configuration as it is answered."""

    id: str
    account_sid: str
    unique_name: str | None
    description: str | None
    date_created: Timestamp
    date_updated: Timestamp
    configuration: MaskedDocument


class AccountDefaultResource(OfRow):
    """The account's own options as they are answered."""

    account_sid: str
    description: str | None
    date_created: Timestamp
    date_updated: Timestamp
    configuration: MaskedDocument


class ConfigurationListMeta(BaseModel):
    """Where a page stands in its list."""

    list_key: Literal["content"] = "content"
    previous_token: str | None = optional()
    next_token: str | None = optional()
    direct_token: bool = False
    page_size: int


class ConfigurationList(BaseModel):
    """A page of configurations."""

    content: list[ConfigurationResource]
    meta: ConfigurationListMeta
