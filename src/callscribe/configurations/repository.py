"""Queries for configurations."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.configurations.tables import AccountDefaultConfiguration, Configuration, DefaultConfiguration
from callscribe.db.paging import Page, fetch_page

# Put together once: every create asks it, and putting it together takes longer than the answer.
_FIND = sa.select(Configuration).where(
    Configuration.account_sid == sa.bindparam("account_sid"),
    Configuration.type == sa.bindparam("type"),
    sa.or_(Configuration.id == sa.bindparam("id_or_name"), Configuration.unique_name == sa.bindparam("id_or_name")),
)


def find(session: Session, account_sid: str, type_: str, id_or_name: str) -> Configuration | None:
    """A configuration of the account by id or unique name."""
    return session.scalars(_FIND, {"account_sid": account_sid, "type": type_, "id_or_name": id_or_name}).first()


def page(session: Session, account_sid: str, type_: str, token: str | None, size: int) -> Page[Configuration]:
    """Configurations of the account, newest first."""
    query = sa.select(Configuration).where(Configuration.account_sid == account_sid, Configuration.type == type_)
    return fetch_page(session, query, (Configuration.date_created, Configuration.id), token, size)


def default(session: Session, account_sid: str, type_: str) -> Configuration | None:
    """The account's default of a type."""
    return session.scalars(
        sa.select(Configuration)
        .join(DefaultConfiguration, DefaultConfiguration.configuration_id == Configuration.id)
        .where(DefaultConfiguration.account_sid == account_sid, DefaultConfiguration.type == type_)
    ).first()


def set_default(session: Session, account_sid: str, type_: str, configuration_id: str) -> None:
    """Make a configuration the default of its type."""
    session.merge(DefaultConfiguration(account_sid=account_sid, type=type_, configuration_id=configuration_id))


def account_default(session: Session, account_sid: str, type_: str) -> AccountDefaultConfiguration | None:
    """The account's own options for a type."""
    return session.get(AccountDefaultConfiguration, (account_sid, type_))
