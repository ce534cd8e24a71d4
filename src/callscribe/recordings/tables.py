"""Calls, their recordings, and recordings that are being taken in.

A SID names a call or a recording within its account: two accounts may read the same one through from Twilio.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now
from callscribe.db.sealed import SealedTerm

COMPLETED = "completed"
"""The status of a recording that has all of its media."""

UNFINISHED = frozenset({"in-progress", "paused", "stopped", "processing"})
"""Twilio's words for a recording that may still be completed."""

UPLOAD, TWILIO = "upload", "twilio"
"""Where a recording is from: given to this server, or read through from a Twilio account."""


class Call(Base):
    """A call, as far as its recordings need it. `direction` and `status` are Twilio's words."""

    __tablename__ = "calls"
    # Every filter of the list together with its order, so that a page costs the same however deep it is.
    __table_args__ = (
        sa.Index("ix_calls_list", "account_sid", "date_created", "sid"),
        sa.Index("ix_calls_started", "account_sid", "start_time", "sid"),
        sa.Index("ix_calls_from", "account_sid", "from", "date_created", "sid"),
        sa.Index("ix_calls_to", "account_sid", "to", "date_created", "sid"),
        sa.Index("ix_calls_status", "account_sid", "status", "date_created", "sid"),
        sa.Index("ix_calls_parent", "account_sid", "parent_call_sid", "date_created", "sid"),
    )

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    sid: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    parent_call_sid: Mapped[str | None] = mapped_column(sa.String(34))
    from_: Mapped[str | None] = mapped_column("from", SealedTerm(255))
    to: Mapped[str | None] = mapped_column(SealedTerm(255))
    direction: Mapped[str | None] = mapped_column(sa.String(32))
    """`inbound`, `outbound-api`, `outbound-dial`, `trunking-originating` or `trunking-terminating`."""
    status: Mapped[str] = mapped_column(sa.String(16), default=COMPLETED)
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    duration: Mapped[float | None]
    """Seconds."""
    date_created: Mapped[datetime] = mapped_column(default=now)
    date_updated: Mapped[datetime] = mapped_column(default=now)


class Recording(Base):
    """A recording. Its media is in the blob store, under the folder `blobs`."""

    __tablename__ = "recordings"
    __table_args__ = (
        sa.Index("ix_recordings_list", "account_sid", "date_created", "sid"),
        sa.Index("ix_recordings_call", "account_sid", "call_sid", "date_created", "sid"),
        sa.Index("ix_recordings_conference", "account_sid", "conference_sid", "date_created", "sid"),
    )

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    sid: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    call_sid: Mapped[str | None] = mapped_column(sa.String(34))
    conference_sid: Mapped[str | None] = mapped_column(sa.String(34))
    channels: Mapped[int]
    duration: Mapped[float | None]
    """Seconds."""
    start_time: Mapped[datetime | None]
    """When its audio began; None where nobody said."""
    status: Mapped[str] = mapped_column(sa.String(16), default=COMPLETED)
    source: Mapped[str] = mapped_column(sa.String(32))
    error_code: Mapped[int | None]
    encryption_details: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    external: Mapped[bool] = mapped_column(default=False)
    """Whether its media is in a store of the customer's, out of reach."""
    origin: Mapped[str] = mapped_column(sa.String(16), default=UPLOAD)
    container: Mapped[str | None] = mapped_column(sa.String(16))
    codec: Mapped[str | None] = mapped_column(sa.String(32))
    sample_rate: Mapped[int | None]
    """Hz."""
    size: Mapped[int | None] = mapped_column(sa.BigInteger)
    """Bytes."""
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    """Of the media, in hexadecimal."""
    blobs: Mapped[str | None] = mapped_column(sa.String(128))
    """Folder in the blob store that holds everything of this recording and nothing else; None as long as it is not
    here."""
    date_created: Mapped[datetime] = mapped_column(default=now)
    date_updated: Mapped[datetime] = mapped_column(default=now)


class Intake(Base):
    """Media that is coming in. Written before its first byte, gone with the commit that makes it a recording.

    What a killed process leaves in the blob store is found by it: who takes media in says so again and again.
    """

    __tablename__ = "recording_intakes"

    folder: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    seen_at: Mapped[datetime] = mapped_column(default=now, index=True)
