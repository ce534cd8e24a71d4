"""Rules for API keys: other ways into an account, each of which can be taken back alone."""

from collections.abc import Iterable

from callscribe.accounts import repository
from callscribe.accounts.audit import Action, record
from callscribe.accounts.roles import STANDARD, Role, in_order, lacking
from callscribe.accounts.secrets import hash_token
from callscribe.accounts.service import Identity
from callscribe.accounts.tables import ApiKey
from callscribe.db.base import now
from callscribe.db.engine import Database, begin_writing
from callscribe.db.paging import Page
from callscribe.errors import Code, RequestError, found
from callscribe.ids import new_api_key_secret, new_api_key_sid


class ApiKeys:
    """The API keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        account_sid: str,
        friendly_name: str,
        roles: Iterable[Role] | None = None,
        *,
        by: Identity | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key; return it with its secret, which is to be shown once. `roles` None makes a standard key.

        `by`: who asks for it, and gives no role but those that they have; None is the operator, who gives any.

        Raises:
            RequestError: 20404, there is no such account; 20403, they have not all of the roles.
        """
        given = in_order(STANDARD if roles is None else roles)
        if by is not None and (beyond := [role for role in given if not by.may(role)]):
            raise lacking(beyond)
        secret = new_api_key_secret()
        secret_hash = hash_token(secret)
        key = ApiKey(
            sid=new_api_key_sid(),
            account_sid=account_sid,
            friendly_name=friendly_name,
            secret_hash=secret_hash if roles is None else hash_token(secret_hash),
            roles=None if roles is None else [role.value for role in given],
        )
        with self._database.write() as session:
            found(repository.find(session, account_sid), f"account {account_sid}")
            session.add(key)
            detail = {"roles": [role.value for role in given]} | ({"standard": True} if roles is None else {})
            record(session, account_sid, Action.KEY_CREATED, key.sid, **detail)
        return key, secret

    def fetch(self, account_sid: str, sid: str) -> ApiKey:
        """One key of the account.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            return _known(repository.find_key(session, sid), account_sid, sid)

    def page(self, account_sid: str, token: str | None, size: int) -> Page[ApiKey]:
        """A page of the account's keys, newest first."""
        with self._database.read() as session:
            return repository.page_of_keys(session, account_sid, token, size)

    def every(self, account_sid: str | None = None) -> list[ApiKey]:
        """All keys, of one account or of all."""
        with self._database.read() as session:
            return list(repository.every_key(session, account_sid))

    def rename(self, account_sid: str, sid: str, friendly_name: str) -> ApiKey:
        """Give a key another name.

        Raises:
            RequestError: 20404.
        """
        with self._database.write() as session:
            begin_writing(session)
            key = _known(repository.find_key(session, sid, lock=True), account_sid, sid)
            key.friendly_name = friendly_name
            key.updated_at = now()
            record(session, key.account_sid, Action.KEY_CHANGED, sid)
        return key

    def revoke(self, account_sid: str | None, sid: str) -> None:
        """End a key, of the account or of any; servers refuse it `service.MEMORY` seconds later at the latest.

        Raises:
            RequestError: 20404.
        """
        with self._database.write() as session:
            begin_writing(session)
            key = _known(repository.find_key(session, sid, lock=True), account_sid, sid)
            session.delete(key)
            record(session, key.account_sid, Action.KEY_REVOKED, sid)


def _known(key: ApiKey | None, account_sid: str | None, sid: str) -> ApiKey:
    if key is None or account_sid not in {None, key.account_sid}:
        raise RequestError(Code.NOT_FOUND, f"There is no API key {sid}.")
    return key
