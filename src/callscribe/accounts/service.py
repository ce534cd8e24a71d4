"""Rules for accounts: the first one, checking who asks, a new token."""

import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from callscribe.accounts import repository
from callscribe.accounts.audit import Action, record
from callscribe.accounts.roles import ALL, Role, lacking, roles_of
from callscribe.accounts.secrets import TokenCipher, hash_token
from callscribe.accounts.tables import Account, ApiKey
from callscribe.db.engine import Database, begin_writing
from callscribe.db.paging import Page
from callscribe.errors import Code, RequestError, SetupError, found
from callscribe.ids import new_account_sid, new_auth_token
from callscribe.settings import Settings

MEMORY = 2.0
"""Seconds for which a token or key that was right once is taken to be so still, without a look at the database."""

_MOST_REMEMBERED = 10_000
"""Tokens and secrets of which a process knows that they were right."""


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
    roles: frozenset[Role] = ALL
    is_standard: bool = False
    """Whether it is a key that was made without roles, see `roles`."""

    def may(self, role: Role) -> bool:
        """Whether it has this role."""
        return role in self.roles

    @property
    def manages_access(self) -> bool:
        """Whether it may see and change who has access."""
        return Role.ADMINISTER in self.roles and not self.is_standard

    def demand(self, role: Role) -> None:
        """Make sure that it has this role.

        Raises:
            RequestError: 20403, it has not.
        """
        if not self.may(role):
            raise lacking([role])


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has of a SID: whose it is, and the hashes of what is right with it."""

    identity: Identity | None
    token_hash: str
    secondary_hash: str | None = None
    """Of the account's other auth token, while it is changed for a new one."""

    @classmethod
    def of_key(cls, key: ApiKey, owner: Account | None) -> "Known":
        """That of an API key."""
        rate = None if owner is None else owner.limit_requests
        roles = frozenset(roles_of(key.roles))
        return cls(
            Identity(key.account_sid, key.sid, rate, roles=roles, is_standard=key.roles is None), key.secret_hash
        )

    def fits(self, given: str) -> bool:
        """Whether a secret with this hash is right."""
        if self.identity is not None and self.identity.key_sid is not None and not self.identity.is_standard:
            given = hash_token(given)  # see `ApiKey.secret_hash`
        fits = hmac.compare_digest(self.token_hash, given)
        return fits | hmac.compare_digest(self.secondary_hash or self.token_hash, given)


class Accounts:
    """The accounts of one database. `cipher` is got, or made, when it is first needed."""

    def __init__(self, database: Database, cipher: TokenCipher | Callable[[], TokenCipher]) -> None:
        self._database = database
        self._given = cipher
        self._remembered: dict[tuple[str, str], tuple[Identity, float]] = {}

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
                    self._add(session, settings.account_sid, token, "default")
                elif account.token_hash != hash_token(token):
                    self._set_token(account, token)
                    if account.secondary_hash == account.token_hash:
                        _take_secondary(account)
                    record(session, account.sid, Action.TOKEN_CHANGED, what="set")
                return None
            if repository.first(session) is not None:
                return None
            credentials = Credentials(new_account_sid(), new_auth_token())
            self._add(session, credentials.sid, credentials.token, "default")
            return credentials

    def create(self, name: str) -> Credentials:
        """Make an account with a random SID and token."""
        credentials = Credentials(new_account_sid(), new_auth_token())
        with self._database.write() as session:
            self._add(session, credentials.sid, credentials.token, name)
        return credentials

    def rotate(self, sid: str) -> Credentials | None:
        """Give an account a new token; servers refuse the old one, and a secondary one, `MEMORY` seconds later.

        None if there is no such account.
        """
        credentials = Credentials(sid, new_auth_token())
        with self._database.write() as session:
            account = repository.find(session, sid)
            if account is None:
                return None
            self._set_token(account, credentials.token)
            _take_secondary(account)
            record(session, sid, Action.TOKEN_CHANGED, what="replaced")
        return credentials

    def add_secondary(self, sid: str) -> tuple[Account, str]:
        """Give an account a second token, which is as good as the first but signs nothing; the account, and the token.

        Raises:
            RequestError: 20404, there is no such account; 20409, it has one.
        """
        token = new_auth_token()
        with self._changing_token(sid, "secondary_created") as account:
            if account.secondary_hash is not None:
                detail = "The account has a secondary auth token already: promote it, or delete it, first."
                raise RequestError(Code.CONFLICT, detail, conflicting=sid)
            account.secondary_hash, account.secondary_encrypted = hash_token(token), self._cipher.encrypt(token)
        return account, token

    def delete_secondary(self, sid: str) -> None:
        """Take the second token back; servers refuse it `MEMORY` seconds later at the latest.

        Raises:
            RequestError: 20404, there is none.
        """
        with self._changing_token(sid, "secondary_deleted") as account:
            _take_secondary(account)

    def promote_secondary(self, sid: str) -> tuple[Account, str]:
        """Put the second token in the place of the first, which servers refuse `MEMORY` seconds later at the latest.

        The account, and the token that it has now, with which callbacks are signed from then on.

        Raises:
            RequestError: 20404, there is none.
        """
        with self._changing_token(sid, "promoted") as account:
            token = self._cipher.decrypt(account.secondary_encrypted or "")
            self._set_token(account, token)
            _take_secondary(account)
        return account, token

    @contextmanager
    def _changing_token(self, sid: str, what: str) -> Iterator[Account]:
        """An account that nobody else changes; with its second token, unless that is to be made."""
        with self._database.write() as session:
            begin_writing(session)
            account = found(repository.find(session, sid, lock=True), f"account {sid}")
            if what != "secondary_created":
                found(account.secondary_hash, "secondary auth token")
            yield account
            record(session, sid, Action.TOKEN_CHANGED, what=what)

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

    def behind(self, identity: Identity) -> tuple[Account, ApiKey | None]:
        """The account of whoever makes a request, and the API key that it is made with.

        Raises:
            RequestError: 20404, it is gone.
        """
        with self._database.read() as session:
            account = found(repository.find(session, identity.account_sid), "such account")
            sid = identity.key_sid
            return account, None if sid is None else found(repository.find_key(session, sid), "such API key")

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
        known, given = self.known(sid), hash_token(secret)
        if not known.fits(given) or known.identity is None:
            return None
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[sid, given] = known.identity, time.monotonic() + MEMORY
        return known.identity

    def remembered(self, sid: str, secret: str) -> Identity | None:
        """Whose credentials these were a moment ago. Never waits, so an event loop may call it."""
        identity, until = self._remembered.get((sid, hash_token(secret)), (None, 0.0))
        return identity if time.monotonic() < until else None

    def was_right(self, sid: str, secret: str) -> bool:
        """Whether these credentials were right in this process before, which they need not be any more."""
        return (sid, hash_token(secret)) in self._remembered

    def known(self, sid: str) -> Known:
        """What is known of the SID of an account or a key."""
        if "\0" not in sid:  # which PostgreSQL refuses to look for
            with self._database.read() as session:
                if sid.startswith("SK"):
                    key = repository.find_key(session, sid)
                    if key is not None:
                        return Known.of_key(key, repository.find(session, key.account_sid))
                else:
                    account = repository.find(session, sid)
                    if account is not None:
                        identity = Identity(account.sid, rate_limit=account.limit_requests)
                        return Known(identity, account.token_hash, account.secondary_hash)
        return Known(None, hash_token(""))

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

    def _add(self, session: Session, sid: str, token: str, name: str) -> None:
        account = Account(sid=sid, name=name)
        self._set_token(account, token)
        session.add(account)
        record(session, sid, Action.ACCOUNT_CREATED)

    def _set_token(self, account: Account, token: str) -> None:
        account.token_hash = hash_token(token)
        account.token_encrypted = self._cipher.encrypt(token)


def _take_secondary(account: Account) -> None:
    account.secondary_hash = account.secondary_encrypted = None
