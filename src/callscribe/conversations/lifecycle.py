"""When a conversation becomes INACTIVE and CLOSED by itself.

Both timeouts count from the last activity, in minutes, and are those of the channel of that activity. Without a
timeout for it nothing happens by itself. https://www.twilio.com/docs/conversations/orchestrator/concepts/lifecycle
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from callscribe.conversations.documents import ConversationOptions
from callscribe.conversations.tables import ConversationStatus


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Times without activity; None where the status is not taken by itself."""

    inactive: timedelta | None = None
    closed: timedelta | None = None

    @classmethod
    def of(cls, configuration: ConversationOptions, channel: str | None) -> "Timeouts":
        """Those of a channel."""
        setting = (configuration.channel_settings or {}).get(channel or "")
        if setting is None or setting.status_timeouts is None:
            return cls()
        return cls(_minutes(setting.status_timeouts.inactive), _minutes(setting.status_timeouts.closed))

    def status(self, status: ConversationStatus, active_at: datetime, at: datetime) -> ConversationStatus:
        """What a conversation has become by `at`."""
        idle = at - active_at
        if status is ConversationStatus.CLOSED or (self.closed is not None and idle >= self.closed):
            return ConversationStatus.CLOSED
        if self.inactive is not None and idle >= self.inactive:
            return ConversationStatus.INACTIVE
        return status

    def due_at(self, status: ConversationStatus, active_at: datetime) -> datetime | None:
        """When the next timeout is over."""
        if status is ConversationStatus.CLOSED:
            return None
        waits = [self.closed] if status is ConversationStatus.INACTIVE else [self.inactive, self.closed]
        return min((active_at + wait for wait in waits if wait is not None), default=None)


def _minutes(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(minutes=value)
