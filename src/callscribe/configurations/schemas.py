"""The wire format of configurations: outer keys in snake_case, inner ones in camelCase."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx2
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from callscribe.configurations.tables import AccountDefaultConfiguration, Configuration
from callscribe.ids import CONFIGURATION_ID
from callscribe.speech.diarization.turns import MOST_SPEAKERS, SpeakerRange
from callscribe.speech.keyterms import LONGEST_KEYTERM, MOST_KEYTERMS, keyterm, vocabulary

UNIQUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")


def _unique_name(value: str) -> str:
    # `Default` is the path of the default configuration.
    if not UNIQUE_NAME.fullmatch(value) or CONFIGURATION_ID.fullmatch(value) or value == "Default":
        raise PydanticCustomError(
            "unique_name", "must be 1 to 50 letters, digits, hyphens and underscores, no id, and not Default"
        )
    return value


def _callback_url(value: str) -> str:
    try:
        url = httpx2.URL(value)
        urlsplit(value).port  # noqa: B018  raises where it is none
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL()
    if url.scheme not in {"http", "https"} or not url.host or re.search(r"\s", value):
        raise PydanticCustomError("url", "must be an absolute http or https URL")
    return value


class _Inner(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class StatusCallback(_Inner):
    """Where the end of a transcription is told. `events` may be left out: the one event is COMPLETED."""

    url: Annotated[StrictStr, Field(max_length=2048), AfterValidator(_callback_url)]
    method: Literal["POST"] = "POST"
    events: Annotated[list[Literal["COMPLETED"]], Field(max_length=1)] | None = None


class ParticipantDefault(_Inner):
    """Who speaks on a channel when the request does not say."""

    audio_channel_index: Annotated[StrictInt, Field(ge=1, le=2)]
    type: Literal["CUSTOMER", "HUMAN_AGENT", "AI_AGENT"]


def _two_channels(defaults: list[ParticipantDefault]) -> list[ParticipantDefault]:
    if sorted(each.audio_channel_index for each in defaults) != [1, 2]:
        raise PydanticCustomError("participant_defaults", "must be exactly two, for channels 1 and 2")
    return defaults


def _keyterm(value: str) -> str:
    try:
        return keyterm(value)
    except ValueError as error:
        raise PydanticCustomError("keyterm", "{reason}", {"reason": str(error)}) from error


def _each_once(terms: list[str]) -> list[str]:
    return list(vocabulary(terms))


class DiarizationOptions(_Inner):
    """Whether, and among how many, speakers are told apart where several share one channel."""

    enabled: StrictBool = False
    min_speakers: Annotated[StrictInt, Field(ge=1, le=MOST_SPEAKERS)] | None = None
    max_speakers: Annotated[StrictInt, Field(ge=1, le=MOST_SPEAKERS)] | None = None

    @model_validator(mode="after")
    def _defaults(self) -> "DiarizationOptions":
        try:
            speakers = SpeakerRange.of(self.min_speakers, self.max_speakers)
        except ValueError:
            raise PydanticCustomError("speakers", "minSpeakers must not be greater than maxSpeakers") from None
        self.min_speakers, self.max_speakers = speakers.least, speakers.most
        return self


class TranscriptionOptions(_Inner):
    """The inner document of a transcription configuration.

    Which models and languages go together is checked by `configurations.service`.
    """

    configuration_type: Literal["Transcription"] = "Transcription"
    transcription_engine: StrictStr
    speech_model: StrictStr | None = None
    language: StrictStr = "en-US"
    transcription_status_callback: StatusCallback | None = None
    conversation_configuration_id: Annotated[StrictStr, Field(pattern=r"^conv_configuration_[0-9a-z]{26}$")] | None = (
        None
    )
    participant_defaults: Annotated[list[ParticipantDefault], AfterValidator(_two_channels)] | None = None
    keyterms: (
        Annotated[
            list[Annotated[StrictStr, AfterValidator(_keyterm)]],
            Field(max_length=MOST_KEYTERMS),
            AfterValidator(_each_once),
        ]
        | None
    ) = Field(
        None,
        exclude_if=lambda value: value is None,  # an addition: a document without it is as Twilio's
        description="Words and names that are likely to be said, as they are to be written: up to "
        f"{MOST_KEYTERMS}, each of 1 to {LONGEST_KEYTERM} characters.",
    )

    diarization: DiarizationOptions | None = Field(
        None,
        exclude_if=lambda value: value is None,  # likewise
        description="Who says what on mono recordings, and on stereo ones whose channels are copies. Off by default.",
    )


class ConfigurationRequest(BaseModel):
    """Body of POST and PUT."""

    model_config = ConfigDict(extra="forbid")

    # Twilio's SDKs for typed languages send the name in camel case.
    unique_name: Annotated[StrictStr, AfterValidator(_unique_name)] | None = Field(
        None, validation_alias=AliasChoices("unique_name", "uniqueName")
    )
    description: Annotated[StrictStr, Field(max_length=512)] | None = None
    configuration: TranscriptionOptions


class AccountDefaultRequest(BaseModel):
    """Body of POST and PUT for the account's own options."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[StrictStr, Field(max_length=512)] | None = None
    configuration: TranscriptionOptions


class DefaultRequest(BaseModel):
    """Body that makes a configuration the default of its type."""

    model_config = ConfigDict(extra="forbid")

    configuration_id: StrictStr


class ConfigurationResource(BaseModel):
    """A configuration as it is answered."""

    id: str
    account_sid: str
    unique_name: str | None
    description: str | None
    date_created: datetime
    date_updated: datetime
    configuration: dict[str, Any]

    @classmethod
    def of(cls, row: Configuration) -> "ConfigurationResource":
        """From its row."""
        return cls(
            id=row.id,
            account_sid=row.account_sid,
            unique_name=row.unique_name,
            description=row.description,
            date_created=row.date_created.replace(microsecond=0),
            date_updated=row.date_updated.replace(microsecond=0),
            configuration=row.configuration,
        )


class AccountDefaultResource(BaseModel):
    """The account's own options as they are answered."""

    account_sid: str
    description: str | None
    date_created: datetime
    date_updated: datetime
    configuration: dict[str, Any]

    @classmethod
    def of(cls, row: AccountDefaultConfiguration) -> "AccountDefaultResource":
        """From its row."""
        return cls(
            account_sid=row.account_sid,
            description=row.description,
            date_created=row.date_created.replace(microsecond=0),
            date_updated=row.date_updated.replace(microsecond=0),
            configuration=row.configuration,
        )


class ListMeta(BaseModel):
    """Where a page stands in its list."""

    list_key: Literal["content"] = "content"
    previous_token: str | None
    next_token: str | None
    direct_token: str | None = None
    page_size: int


class ConfigurationList(BaseModel):
    """A page of configurations."""

    content: list[ConfigurationResource]
    meta: ListMeta
