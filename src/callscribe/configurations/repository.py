"""Queries for configurations."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.configurations.tables import AccountDefaultConfiguration, Configuration, DefaultConfiguration
from callscribe.db.paging import Page, fetch_page
from callscribe.db.upsert import upsert

# Put together once: every create asks it, and putting it together takes longer than the answer.
_FIND = sa.select(Configuration).where(
    Configuration.account_sid == sa.bindparam("account_sid"),
    Configuration.type == sa.bindparam("type"),
    sa.or_(Configuration.id == sa.bindparam("id_or_name"), Configuration.unique_name == sa.bindparam("id_or_name")),
)
_FIND_LOCKED = _FIND.with_for_update()


def find(
    session: Session, account_sid: str, type_: str, id_or_name: str, *, lock: bool = False
) -> Configuration | None:
    """A configuration of the account by id or unique name; with `lock` nobody else changes it in this transaction."""
    if "\0" in id_or_name:  # which PostgreSQL refuses to look for
        return None
    query = _FIND_LOCKED if lock else _FIND
    return session.scalars(query, {"account_sid": account_sid, "type": type_, "id_or_name": id_or_name}).first()


def page(session: Session, account_sid: str, type_: str, token: str | None, size: int) -> Page[Configuration]:
    """Configurations of the account, newest first."""
    query = sa.select(Configuration).where(Configuration.account_sid == account_sid, Configuration.type == type_)
    return fetch_page(session, query, (Configuration.date_created, Configuration.id), token, size)


def newest_names(session: Session, type_: str, most: int) -> list[tuple[str, str | None]]:
    """The `id` and `unique_name` of the newest configurations of all accounts."""
    columns = Configuration.id, Configuration.unique_name
    query = sa.select(*columns).where(Configuration.type == type_).order_by(Configuration.id.desc()).limit(most)
    return [(of, name) for of, name in session.execute(query)]


def default(session: Session, account_sid: str, type_: str) -> Configuration | None:
    """The account's default of a type."""
    return session.scalars(
        sa.select(Configuration)
        .join(DefaultConfiguration, DefaultConfiguration.configuration_id == Configuration.id)
        .where(DefaultConfiguration.account_sid == account_sid, DefaultConfiguration.type == type_)
    ).first()


def set_default(session: Session, account_sid: str, type_: str, configuration_id: str) -> None:
    """Make a configuration the default of its type."""
    change = {"configuration_id": configuration_id}
    upsert(session, DefaultConfiguration, {"account_sid": account_sid, "type": type_, **change}, change)


def account_default(
    session: Session, account_sid: str, type_: str, *, lock: bool = False
) -> AccountDefaultConfiguration | None:
    """The account's own options for a type; with `lock` nobody else changes them in this transaction."""
    return session.get(AccountDefaultConfiguration, (account_sid, type_), with_for_update=lock or None)
