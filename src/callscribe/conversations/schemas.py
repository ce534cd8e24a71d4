"""The wire format of conversations, participants and communications."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt

from callscribe.conversations.configuration_schemas import Callbacks, IntelligenceIds, StatusTimeouts
from callscribe.conversations.tables import Conversation, ConversationParticipant, ConversationStatus, Grouping
from callscribe.conversations.wire import (
    Channel,
    ConversationListMeta,
    Metadata,
    MetadataKey,
    MetadataValue,
    Name,
    ParticipantType,
    Reference,
    ShortText,
    Text,
)
from callscribe.web.wire import (
    ClosedWire,
    Instant,
    MaskedDocument,
    Milliseconds,
    OfRow,
    Timestamp,
    from_row,
    milliseconds,
    optional,
)

MAX_PARTICIPANTS = 50
MAX_ADDRESSES = 20
MAX_TEXT = 100_000
MAX_WORDS = 10_000

ConversationIdText = Annotated[Text, Field(max_length=64)]
Confidence = Annotated[StrictFloat | StrictInt, AfterValidator(float), Field(ge=0, le=1)]


class AddressRequest(ClosedWire):
    """Where somebody is reached: a number in E.164, an address of e-mail, `whatsapp:` or `rcs:` and a number."""

    channel: Channel
    address: ShortText
    channel_id: ShortText | None = None


class ConversationParticipantRequest(ClosedWire):
    """Somebody who is to take part."""

    name: Name | None = None
    type: ParticipantType | None = None
    profile_id: Reference | None = None
    addresses: Annotated[list[AddressRequest], Field(max_length=MAX_ADDRESSES)] | None = None


class InlineChannelSetting(ClosedWire):
    """What holds for one channel of one conversation."""

    status_timeouts: StatusTimeouts | None = None


class InlineConfiguration(ClosedWire):
    """Options of one conversation alone. What is null comes from the configuration, where one is named."""

    conversation_grouping_type: Grouping | None = None
    memory_store_id: Reference | None = None
    channel_settings: dict[Channel, InlineChannelSetting] | None = None
    memory_extraction_enabled: StrictBool | None = None
    intelligence_configuration_ids: IntelligenceIds | None = None
    trait_extraction_strategy_ids: None = None
    observation_extraction_strategy_ids: None = None
    status_callbacks: Callbacks | None = None
    workflows: None = None


class ConversationRequest(ClosedWire):
    """A conversation to be opened: `configurationId`, or the options in `configuration`, or both."""

    configuration_id: ConversationIdText | None = None
    name: Name | None = None
    configuration: InlineConfiguration | None = None
    participants: Annotated[list[ConversationParticipantRequest], Field(max_length=MAX_PARTICIPANTS)] | None = None
    metadata: Metadata | None = None


class ConversationUpdate(ClosedWire):
    """What is to stand in the place of name and metadata; a status that is null stays."""

    name: Name | None = None
    status: ConversationStatus | None = None
    metadata: Metadata | None = None


class ConfigurationOfConversationPatch(ClosedWire):
    """Other callbacks for one conversation; an empty list ends them."""

    status_callbacks: Callbacks | None = None


class ConversationPatch(ClosedWire):
    """What is to change; what is null stays. Keys of metadata are merged, and removed by null."""

    name: Name | None = None
    status: ConversationStatus | None = None
    configuration: ConfigurationOfConversationPatch | None = None
    metadata: dict[MetadataKey, MetadataValue | None] | None = None


class PartyRequest(ClosedWire):
    """Who said something or is to hear it: a participant by its id, or by one of its addresses."""

    address: ShortText | None = None
    channel: Channel | None = None
    participant_id: ConversationIdText | None = None


class SpokenWord(ClosedWire):
    """A word with its times."""

    text: ShortText
    start_time: Instant | None = None
    end_time: Instant | None = None


class Transcribed(ClosedWire):
    """How speech became text. `channel` counts from 0."""

    channel: Annotated[StrictInt, Field(ge=0, le=1)] | None = None
    confidence: Confidence | None = None
    engine: ShortText | None = None
    words: Annotated[list[SpokenWord], Field(max_length=MAX_WORDS)] | None = None


class TextContent(ClosedWire):
    """Something written."""

    type: Literal["TEXT"]
    text: Annotated[Text, Field(max_length=MAX_TEXT)]
    transcription: None = None


class TranscriptionContent(ClosedWire):
    """Something said."""

    type: Literal["TRANSCRIPTION"]
    text: Annotated[Text, Field(max_length=MAX_TEXT)]
    transcription: Transcribed | None = None


class CommunicationRequest(ClosedWire):
    """Something that was said or written. Without recipients, all others are."""

    author: PartyRequest
    content: Annotated[TextContent | TranscriptionContent, Field(discriminator="type")]
    channel_id: ShortText | None = None
    resource_id: ShortText | None = None
    recipients: Annotated[list[PartyRequest], Field(max_length=MAX_PARTICIPANTS)] | None = None
    occurred_at: Instant | None = None


def kept_content(content: TextContent | TranscriptionContent) -> dict[str, Any]:
    """Content as it is kept and answered."""
    document: dict[str, Any] = {"type": content.type, "text": content.text}
    if isinstance(content, TranscriptionContent):
        given = content.transcription or Transcribed()
        document["transcription"] = {
            "channel": given.channel,
            "confidence": given.confidence,
            "engine": given.engine,
            "words": [kept_word(word.text, word.start_time, word.end_time) for word in given.words or []],
        }
    return document


def kept_word(text: str, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """A word as it is kept and answered."""
    return {"text": text, "startTime": start and milliseconds(start), "endTime": end and milliseconds(end)}


class AddressResource(ClosedWire):
    """An address as it is answered."""

    channel: str
    address: str
    channel_id: str | None = optional()


class ConversationParticipantResource(OfRow, ClosedWire):
    """A participant as it is answered."""

    id: str
    conversation_id: str
    account_id: str = Field(validation_alias="account_sid")
    name: str | None
    type: ParticipantType
    profile_id: str | None = optional()
    addresses: list[AddressResource]
    created_at: Timestamp
    updated_at: Timestamp


class ConversationResource(ClosedWire):
    """A conversation as it is answered. `configuration` is a snapshot from when it was opened."""

    id: str
    account_id: str
    configuration_id: str | None = optional()
    status: ConversationStatus
    name: str | None
    configuration: MaskedDocument
    metadata: dict[str, str]
    participants: list[ConversationParticipantResource]
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, row: Conversation, participants: list[ConversationParticipant]) -> "ConversationResource":
        """From its row and those of its participants."""
        return from_row(
            cls,
            row,
            account_id=row.account_sid,
            configuration=row.configuration.document(),
            metadata=row.custom,
            participants=[ConversationParticipantResource.of(participant) for participant in participants],
        )


class AuthorResource(ClosedWire):
    """Who said it, or was to hear it."""

    address: str | None = optional()
    channel: str | None = optional()
    participant_id: str


class WordOfCommunication(ClosedWire):
    """A word; its times are instants, not offsets."""

    text: str
    start_time: str | None = optional()
    end_time: str | None = optional()


class TranscriptionOfCommunication(ClosedWire):
    """How speech became text."""

    channel: int | None = optional()
    confidence: float | None = optional()
    engine: str | None = optional()
    words: list[WordOfCommunication]


class ContentResource(ClosedWire):
    """What was said or written; `transcription` where it was said."""

    type: Literal["TEXT", "TRANSCRIPTION"]
    text: str
    transcription: TranscriptionOfCommunication | None = optional()


class CommunicationResource(OfRow, ClosedWire):
    """A communication as it is answered. `occurredAt` has milliseconds: sentences follow each other quickly."""

    id: str
    conversation_id: str
    account_id: str = Field(validation_alias="account_sid")
    author: AuthorResource
    content: ContentResource
    channel_id: str | None = optional()
    resource_id: str | None = optional()
    recipients: list[AuthorResource]
    occurred_at: Milliseconds
    created_at: Timestamp
    updated_at: Timestamp


class ConversationList(ClosedWire):
    """A page of conversations, newest first."""

    conversations: list[ConversationResource]
    meta: ConversationListMeta


class ConversationParticipantList(ClosedWire):
    """A page of participants, in the order in which they joined."""

    participants: list[ConversationParticipantResource]
    meta: ConversationListMeta


class CommunicationList(ClosedWire):
    """A page of communications, in the order in which they were said."""

    communications: list[CommunicationResource]
    meta: ConversationListMeta
