"""Configurations and defaults."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now


class Configuration(Base):
    """A named set of options. `configuration` is the inner document as it stands on the wire."""

    __tablename__ = "configurations"
    __table_args__ = (
        sa.UniqueConstraint("account_sid", "type", "unique_name"),
        sa.Index("ix_configurations_list", "account_sid", "type", "date_created", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    type: Mapped[str] = mapped_column(sa.String(32))
    unique_name: Mapped[str | None] = mapped_column(sa.String(50))
    description: Mapped[str | None] = mapped_column(sa.Text)
    configuration: Mapped[dict[str, Any]]
    date_created: Mapped[datetime] = mapped_column(default=now)
    date_updated: Mapped[datetime] = mapped_column(default=now)


class DefaultConfiguration(Base):
    """The configuration that an account uses where none is named; ends with the configuration."""

    __tablename__ = "default_configurations"

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    configuration_id: Mapped[str] = mapped_column(sa.ForeignKey("configurations.id", ondelete="CASCADE"), index=True)


class AccountDefaultConfiguration(Base):
    """Options of the account as a whole for one type; its own document, without an id."""

    __tablename__ = "account_default_configurations"

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    description: Mapped[str | None] = mapped_column(sa.Text)
    configuration: Mapped[dict[str, Any]]
    date_created: Mapped[datetime] = mapped_column(default=now)
    date_updated: Mapped[datetime] = mapped_column(default=now)
