"""Rules for accounts: the first one, checking a token, a new token."""

import hmac
import time
from dataclasses import dataclass

from callscribe.accounts import repository
from callscribe.accounts.secrets import TokenCipher, hash_token
from callscribe.accounts.tables import Account
from callscribe.db.engine import Database
from callscribe.errors import SetupError
from callscribe.ids import new_account_sid, new_auth_token
from callscribe.settings import Settings

MEMORY = 2.0
"""Seconds for which a token that was right once is taken to be so still, without a look at the database."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A SID with its token, to be shown once."""

    sid: str
    token: str


class Accounts:
    """The accounts of one database."""

    def __init__(self, database: Database, cipher: TokenCipher) -> None:
        self._database = database
        self._cipher = cipher
        self._remembered: dict[str, tuple[str, float]] = {}

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

    def authenticate(self, sid: str, token: str) -> bool:
        """Whether the token is the account's. Takes the same time for a wrong SID as for a wrong token."""
        with self._database.read() as session:
            account = repository.find(session, sid)
        found, expected = hash_token(token), account.token_hash if account else hash_token("")
        if not hmac.compare_digest(expected, found) or account is None:
            return False
        self._remembered[sid] = (found, time.monotonic() + MEMORY)
        return True

    def remembers(self, sid: str, token: str) -> bool:
        """Whether the token was the account's a moment ago. Never waits, so an event loop may call it."""
        expected, until = self._remembered.get(sid, ("", 0.0))
        return time.monotonic() < until and hmac.compare_digest(expected, hash_token(token))

    def token(self, sid: str) -> str | None:
        """The account's token, to sign with. None if there is no such account."""
        with self._database.read() as session:
            account = repository.find(session, sid)
        return self._cipher.decrypt(account.token_encrypted) if account else None

    def _account(self, sid: str, token: str, name: str) -> Account:
        account = Account(sid=sid, name=name)
        self._set_token(account, token)
        return account

    def _set_token(self, account: Account, token: str) -> None:
        account.token_hash = hash_token(token)
        account.token_encrypted = self._cipher.encrypt(token)
