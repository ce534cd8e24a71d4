"""Accounts and their API keys."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now


class Account(Base):
    """Who owns jobs and configurations.

    The token is kept twice: as a SHA-256 hash, against which requests are checked, and encrypted, since
    callbacks are signed with it (see docs/security.md).
    """

    __tablename__ = "accounts"

    sid: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    token_encrypted: Mapped[str] = mapped_column(sa.String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ApiKey(Base):
    """Another way into an account, which can be taken back alone. The secret is kept as a SHA-256 hash only."""

    __tablename__ = "api_keys"
    __table_args__ = (sa.Index("ix_api_keys_list", "account_sid", "created_at", "sid"),)

    sid: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    friendly_name: Mapped[str] = mapped_column(sa.String(64))
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
