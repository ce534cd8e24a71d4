"""The wire format of conversation configurations and operations."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from callscribe.callbacks.urls import CallbackUrl
from callscribe.conversations.documents import ConversationOptions
from callscribe.conversations.tables import ConversationConfiguration, Grouping, Operation
from callscribe.conversations.wire import Channel, ConversationListMeta, Name, Reference, Text
from callscribe.db.url_credentials import Cipher, masked, sealed
from callscribe.web.wire import ClosedWire, Timestamp, optional

MAX_CALLBACKS = 20
MAX_INTELLIGENCE_CONFIGURATIONS = 5
MOST_MINUTES = 5_256_000
"""Ten years."""

Minutes = Annotated[StrictInt, Field(ge=1, le=MOST_MINUTES)]
DisplayName = Annotated[Text, StringConstraints(pattern=r"^[a-zA-Z0-9_ -]+$"), Field(min_length=1, max_length=32)]
Description = Annotated[Text, Field(max_length=512)]
IntelligenceIds = Annotated[list[Reference], Field(max_length=MAX_INTELLIGENCE_CONFIGURATIONS)]


class StatusTimeouts(ClosedWire):
    """Minutes without activity after which a conversation becomes INACTIVE, and CLOSED."""

    inactive: Minutes | None = None
    closed: Minutes | None = None


class CaptureRule(ClosedWire):
    """Which traffic Twilio captures. Kept, though no traffic passes here."""

    from_: Annotated[Name | None, Field(alias="from")] = None
    to: Name | None = None
    metadata: dict[Reference, Name] | None = None


class ChannelSetting(ClosedWire):
    """What holds for one channel."""

    status_timeouts: StatusTimeouts | None = None
    capture_rules: list[CaptureRule] | None = None


class ConversationCallback(ClosedWire):
    """Where changes of a conversation are told."""

    url: CallbackUrl
    method: Literal["POST"] | None = "POST"


ChannelSettings = dict[Channel, ChannelSetting]
Callbacks = Annotated[list[ConversationCallback], Field(max_length=MAX_CALLBACKS)]


class _Settings(ClosedWire):
    # What stands for a missing member is null, since Twilio's SDK sends every member that it knows.
    memory_store_id: Reference | None = None
    intelligence_configuration_ids: IntelligenceIds | None = None
    memory_extraction_enabled: StrictBool | None = None
    status_callbacks: Callbacks | None = None


class ConversationConfigurationRequest(_Settings):
    """A configuration to be created, or to stand in another's place.

    `version` (an addition) is that of the configuration which an update was made from; a stale one is refused.
    """

    display_name: DisplayName
    description: Description | None = None
    conversation_grouping_type: Grouping
    channel_settings: ChannelSettings | None = None
    conversations_v1_bridge: Annotated[None, Field(alias="conversationsV1Bridge")] = None
    version: StrictInt | None = None


class ConversationConfigurationPatch(_Settings):
    """What is to change; a member that is missing or null stays. Channels are merged, one that is null is removed."""

    display_name: DisplayName | None = None
    description: Description | None = None
    conversation_grouping_type: Grouping | None = None
    channel_settings: dict[Channel, ChannelSetting | None] | None = None
    conversations_v1_bridge: Annotated[None, Field(alias="conversationsV1Bridge")] = None
    version: StrictInt | None = None


class ConversationConfigurationResource(ClosedWire):
    """A configuration as it is answered."""

    id: str
    display_name: str
    description: str | None = optional()
    conversation_grouping_type: Grouping
    memory_store_id: str | None = optional()
    channel_settings: dict[str, Any]
    status_callbacks: list[ConversationCallback]
    intelligence_configuration_ids: list[str]
    memory_extraction_enabled: bool
    created_at: Timestamp
    updated_at: Timestamp
    version: int

    @classmethod
    def of(cls, row: ConversationConfiguration) -> "ConversationConfigurationResource":
        """From its row."""
        return cls(
            id=row.id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            version=row.version,
            **masked(row.document.document()),
        )


class ConversationConfigurationList(ClosedWire):
    """A page of configurations."""

    configurations: list[ConversationConfigurationResource]
    meta: ConversationListMeta


class AcceptedOperation(ClosedWire):
    """A change that was made. `status` is an addition: it is done when it is answered."""

    status: Literal["COMPLETED"] = "COMPLETED"
    status_url: str
    related: dict[str, str]


class OperationResource(ClosedWire):
    """An operation as it is answered."""

    operation_id: str
    status: Literal["COMPLETED"] = "COMPLETED"
    created_at: Timestamp
    completed_at: Timestamp
    status_url: str
    error: None = None
    related: dict[str, str]

    @classmethod
    def of(cls, row: Operation, base_url: str) -> "OperationResource":
        """From its row."""
        return cls(
            operation_id=row.id,
            created_at=row.created_at,
            completed_at=row.created_at,
            status_url=status_url(row.id, base_url),
            related=row.related,
        )


def status_url(operation_id: str, base_url: str) -> str:
    """Where an operation is looked up."""
    return f"{base_url}/v2/ControlPlane/Operations/{operation_id}"


def kept_options(
    request: ConversationConfigurationRequest, cipher: Cipher | None, kept: ConversationOptions | None = None
) -> ConversationOptions:
    """The options as they are kept, with defaults filled in; in the place of `kept`, where there were some."""
    given = request.model_dump(
        mode="json", by_alias=True, exclude={"version", "conversations_v1_bridge"}, exclude_none=False
    )
    filled = {
        "channelSettings": channel_settings(request.channel_settings or {}),
        "statusCallbacks": status_callbacks(request.status_callbacks or [], cipher, kept),
        "intelligenceConfigurationIds": request.intelligence_configuration_ids or [],
        "memoryExtractionEnabled": bool(request.memory_extraction_enabled),
    }
    return ConversationOptions.model_validate(given | filled)


def snapshot(row: ConversationConfiguration) -> ConversationOptions:
    """The options as a conversation keeps them: as they are answered."""
    answer = ConversationConfigurationResource.of(row).model_dump(mode="json", by_alias=True)
    return ConversationOptions.model_validate(answer | {"statusCallbacks": row.document.document()["statusCallbacks"]})


def channel_settings(settings: Mapping[Channel, ClosedWire]) -> dict[str, Any]:
    """As they are kept: without what is null."""
    return {
        channel.value: setting.model_dump(mode="json", by_alias=True, exclude_none=True)
        for channel, setting in settings.items()
    }


def status_callbacks(
    callbacks: list[ConversationCallback], cipher: Cipher | None, kept: ConversationOptions | None
) -> list[dict[str, Any]]:
    """As they are kept."""
    given = [{"url": callback.url, "method": "POST"} for callback in callbacks]
    return sealed(given, cipher, None if kept is None else kept.document())
