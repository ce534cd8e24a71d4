"""Accounts and their API keys."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, Dated, now


class Account(Base):
    """Who owns jobs and configurations.

    The token is kept twice: as a SHA-256 hash, against which requests are checked, and encrypted, since
    callbacks are signed with it (see docs/security.md).
    """

    __tablename__ = "accounts"
    __table_args__ = (sa.Index("ix_accounts_list", "created_at", "sid"),)

    sid: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    token_encrypted: Mapped[str] = mapped_column(sa.String(255))
    # The secondary auth token, which is as good while there is one, but signs nothing.
    secondary_hash: Mapped[str | None] = mapped_column(sa.String(64))
    secondary_encrypted: Mapped[str | None] = mapped_column(sa.String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    # Its own limits; see `accounts.limits`. None is the server's default, below zero (or `none`) is no limit.
    limit_jobs_waiting: Mapped[int | None]
    limit_jobs_running: Mapped[int | None]
    limit_requests: Mapped[str | None] = mapped_column(sa.String(32))
    limit_stored_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    limit_audio_hours: Mapped[float | None]
    retention: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """How long its things are kept where a configuration does not say; see `accounts.retention`."""


class ApiKey(Dated, Base):
    """Another way into an account, which can be taken back alone. The secret is kept as a SHA-256 hash only."""

    __tablename__ = "api_keys"
    __table_args__ = (sa.Index("ix_api_keys_list", "account_sid", "created_at", "sid"),)

    sid: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    friendly_name: Mapped[str] = mapped_column(sa.String(64))
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    """Where it has roles, the hash of the hash: versions before roles, which would let it do everything, refuse it."""
    roles: Mapped[list[str] | None] = mapped_column(sa.JSON(none_as_null=True))
    """What it may do, see `roles.Role`; NULL is a standard key."""


class BrowserSession(Base):
    """A browser that is signed in to an account, or a link with which one can sign in, once.

    It holds as long as the token or key that opened it: `secret_hash` is compared with theirs.
    """

    __tablename__ = "browser_sessions"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    """SHA-256 of the cookie, or of the link's code."""
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    key_sid: Mapped[str | None] = mapped_column(sa.String(34))
    """The API key that opened it; None is the account's auth token."""
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    is_link: Mapped[bool]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AccountStorage(Base):
    """How much an account stores: what its transcriptions and recordings say of themselves, added up.

    Kept in the transactions that change those; counted anew once a day.
    """

    __tablename__ = "account_storage"

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    stored_bytes: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    counted_at: Mapped[float | None]
    """Seconds since 1970 by the database's clock; None where it was never counted."""


class AccountActivity(Base):
    """What was done for an account in ten minutes. Gone when the period is of no more use."""

    __tablename__ = "account_activity"
    __table_args__ = (sa.Index("ix_account_activity_period", "period"),)

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    period: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Number of the ten minutes since 1970, by the database's clock."""
    audio_seconds: Mapped[float] = mapped_column(default=0.0, server_default="0")
    """Seconds of audio whose transcription began."""
    jobs_ended: Mapped[int] = mapped_column(default=0, server_default="0")


class ProviderActivity(Base):
    """Audio that was sent for an account to a provider of speech recognition in an hour. Stays: it was paid for."""

    __tablename__ = "provider_activity"
    __table_args__ = (sa.Index("ix_provider_activity_hour", "hour"),)

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    engine: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    model: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Number of the hour since 1970, by the database's clock."""
    seconds: Mapped[float]


class AuditEvent(Base):
    """That somebody read, changed, exported or deleted something, or tried to get in. Rows are only added, and expire.

    There is nothing in it of what was read or written: ids, names of fields, figures.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        sa.Index("ix_audit_events_list", "account_sid", "created_at", "id"),
        sa.Index("ix_audit_events_subject", "account_sid", "subject", "created_at", "id"),
        sa.Index("ix_audit_events_actor", "account_sid", "actor", "created_at", "id"),
        sa.Index("ix_audit_events_action", "account_sid", "action", "created_at", "id"),
        sa.Index("ix_audit_events_age", "created_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.String(34))
    created_at: Mapped[datetime] = mapped_column(default=now)
    action: Mapped[str] = mapped_column(sa.String(40))
    """One of `audit.Action`; a later version may write others."""
    subject: Mapped[str | None] = mapped_column(sa.String(64))
    """The id of what it was done to; None is the account, or a list."""
    actor: Mapped[str] = mapped_column(sa.String(34))
    """The SID of the account (by its auth token) or of the API key; `operator` is the command line."""
    way: Mapped[str] = mapped_column(sa.String(16))
    """One of `audit.Way`."""
    address: Mapped[str | None] = mapped_column(sa.String(45))
    """Of the client, as far as the server knows it."""
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    detail: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
