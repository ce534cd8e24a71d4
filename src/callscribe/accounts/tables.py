"""Accounts."""

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
