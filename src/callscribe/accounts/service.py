"""Rules for accounts: the first one, checking who asks, a new token."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from callscribe.accounts import repository
from callscribe.accounts.secrets import TokenCipher, hash_token
from callscribe.accounts.tables import Account
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.errors import SetupError, found
from callscribe.ids import new_account_sid, new_auth_token
from callscribe.settings import Settings

MEMORY = 2.0
"""Seconds for which a token or key that was right once is taken to be so still, without a look at the database."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A SID with its token, to be shown once."""

    sid: str
    token: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request: an account, by its auth token or by one of its API keys."""

    account_sid: str
    key_sid: str | None = None
    rate_limit: str | None = None
    """The account's own limit of requests, see `limits`; None is the server's."""
    expires_at: datetime | None = None
    """When the browser's session ends; None where the request has credentials of its own."""


class Accounts:
    """The accounts of one database. `cipher` is got, or made, when it is first needed."""

    def __init__(self, database: Database, cipher: TokenCipher | Callable[[], TokenCipher]) -> None:
        self._database = database
        self._given = cipher
        self._remembered: dict[str, tuple[str, Identity, float]] = {}

    @classmethod
    def of(cls, database: Database, settings: Settings, *, key_lost: bool = False) -> "Accounts":
        """Those of the settings, with the key that the accounts have; `key_lost` makes one although there are accounts.

        Whatever needs the key raises SetupError where it is not here, or there are two.
        """

        def cipher() -> TokenCipher:
            with database.read() as session:
                encrypted = None if key_lost else repository.first_token(session)
            return TokenCipher.from_settings(settings, encrypted)

        return cls(database, cipher)

    @cached_property
    def _cipher(self) -> TokenCipher:
        return self._given if isinstance(self._given, TokenCipher) else self._given()

    def ensure_first(self, settings: Settings) -> Credentials | None:
        """Have at least one account; return the credentials only when they were made up just now.

        Raises:
            SetupError: only one of `CALLSCRIBE_ACCOUNT_SID` and `CALLSCRIBE_AUTH_TOKEN` is set.
        """
        if (settings.account_sid is None) != (settings.auth_token is None):
            raise SetupError("Set CALLSCRIBE_ACCOUNT_SID and CALLSCRIBE_AUTH_TOKEN together, or neither.")
        with self._database.write() as session:
            if settings.account_sid is not None and settings.auth_token is not None:
                token = settings.auth_token.get_secret_value()
                account = repository.find(session, settings.account_sid)
                if account is None:
                    session.add(self._account(settings.account_sid, token, "default"))
                elif account.token_hash != hash_token(token):
                    self._set_token(account, token)
                return None
            if repository.first(session) is not None:
                return None
            credentials = Credentials(new_account_sid(), new_auth_token())
            session.add(self._account(credentials.sid, credentials.token, "default"))
            return credentials

    def create(self, name: str) -> Credentials:
        """Make an account with a random SID and token."""
        credentials = Credentials(new_account_sid(), new_auth_token())
        with self._database.write() as session:
            session.add(self._account(credentials.sid, credentials.token, name))
        return credentials

    def rotate(self, sid: str) -> Credentials | None:
        """Give an account a new token; servers refuse the old one `MEMORY` seconds later at the latest.

        None if there is no such account.
        """
        credentials = Credentials(sid, new_auth_token())
        with self._database.write() as session:
            account = repository.find(session, sid)
            if account is None:
                return None
            self._set_token(account, credentials.token)
        return credentials

    def every(self) -> list[Account]:
        """All accounts, oldest first."""
        with self._database.read() as session:
            return list(repository.every(session))

    def page(self, token: str | None, size: int) -> Page[Account]:
        """A page of them, oldest first."""
        with self._database.read() as session:
            return repository.page(session, token, size)

    def find(self, sid: str) -> Account | None:
        """The account with this SID."""
        with self._database.read() as session:
            return repository.find(session, sid)

    def operator_sid(self, settings: Settings) -> str:
        """Whose account is the operator's: `CALLSCRIBE_ACCOUNT_SID`, or else the first one."""
        if settings.account_sid is not None:
            return settings.account_sid
        with self._database.read() as session:
            return found(repository.first(session), "account").sid

    def authenticate(self, sid: str, secret: str) -> Identity | None:
        """Whose credentials these are: an account's SID and auth token, or an API key's SID and secret.

        Takes the same time for a wrong SID as for a wrong secret.
        """
        expected, identity = self.known(sid)
        given = hash_token(secret)
        if not hmac.compare_digest(expected, given) or identity is None:
            return None
        self._remembered[sid] = (given, identity, time.monotonic() + MEMORY)
        return identity

    def remembered(self, sid: str, secret: str) -> Identity | None:
        """Whose credentials these were a moment ago. Never waits, so an event loop may call it."""
        expected, identity, until = self._remembered.get(sid, ("", None, 0.0))
        return identity if time.monotonic() < until and hmac.compare_digest(expected, hash_token(secret)) else None

    def known(self, sid: str) -> tuple[str, Identity | None]:
        """The hash of the secret that belongs to the SID of an account or a key, and whose it is."""
        if "\0" not in sid:  # which PostgreSQL refuses to look for
            with self._database.read() as session:
                if sid.startswith("SK"):
                    key = repository.find_key(session, sid)
                    if key is not None:
                        owner = repository.find(session, key.account_sid)
                        rate = None if owner is None else owner.limit_requests
                        return key.secret_hash, Identity(key.account_sid, key.sid, rate)
                else:
                    account = repository.find(session, sid)
                    if account is not None:
                        return account.token_hash, Identity(account.sid, rate_limit=account.limit_requests)
        return hash_token(""), None

    def token(self, sid: str) -> str | None:
        """The account's token, to sign with. None if there is no such account."""
        with self._database.read() as session:
            account = repository.find(session, sid)
        return self._cipher.decrypt(account.token_encrypted) if account else None

    def encrypt(self, token: str) -> str:
        """With the key of the accounts; see `TokenCipher`."""
        return self._cipher.encrypt(token)

    def decrypt(self, encrypted: str) -> str:
        """The same back; see `TokenCipher`."""
        return self._cipher.decrypt(encrypted)

    def check_key(self) -> None:
        """Make sure that the secret key is the one that every token was encrypted with.

        Raises:
            SetupError: it is not, so that something could not be signed.
        """
        for account in self.every():
            self._cipher.decrypt(account.token_encrypted)

    def _account(self, sid: str, token: str, name: str) -> Account:
        account = Account(sid=sid, name=name)
        self._set_token(account, token)
        return account

    def _set_token(self, account: Account, token: str) -> None:
        account.token_hash = hash_token(token)
        account.token_encrypted = self._cipher.encrypt(token)
