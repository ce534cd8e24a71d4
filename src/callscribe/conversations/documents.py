"""What is kept of conversations as JSON."""

from callscribe.db.documents import Document


class Address(Document):
    """Where a participant is reached."""

    channel: str
    address: str
    channel_id: str | None = None


class Party(Document):
    """Who said something, or was to hear it."""

    address: str | None
    channel: str | None
    participant_id: str


class IdleMinutes(Document):
    """Minutes without activity after which a conversation becomes INACTIVE, and CLOSED."""

    inactive: int | None = None
    closed: int | None = None


class ChannelOptions(Document):
    """What holds for one channel."""

    status_timeouts: IdleMinutes | None = None


class EventTarget(Document):
    """Where changes of a conversation are told."""

    url: str


class ConversationOptions(Document):
    """The options of a configuration, and of a conversation from when it was opened."""

    conversation_grouping_type: str
    memory_store_id: str | None = None
    channel_settings: dict[str, ChannelOptions] | None = None
    status_callbacks: list[EventTarget] | None = None
