"""Rules for browsers that are signed in: a cookie in place of credentials, and a link that signs in once.

A cookie is 256 random bits, of which the database keeps a SHA-256 hash.
"""

import secrets
import time
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from callscribe.accounts import repository
from callscribe.accounts.actors import Actor, Way, acting, current
from callscribe.accounts.audit import Action, record
from callscribe.accounts.secrets import hash_token
from callscribe.accounts.service import MEMORY, Accounts, Identity
from callscribe.accounts.tables import BrowserSession
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError

LASTS = timedelta(hours=12)
"""For how long a browser is signed in: a working day."""
LINK_LASTS = timedelta(minutes=10)

_MOST_REMEMBERED = 1000
"""Sessions that a process remembers; more are looked up each time."""


class BrowserSessions:
    """The browsers that are signed in to the accounts of one database."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts
        self._remembered: dict[str, tuple[Identity, float]] = {}

    def sign_in(self, sid: str, secret: str) -> tuple[str, datetime] | None:
        """Open a session by the credentials of an account or an API key: its token, and when it ends.

        None where they are wrong.
        """
        identity = self._accounts.authenticate(sid, secret)
        if identity is None:
            return None
        with self._database.write() as session:
            _record(session, Action.SIGNED_IN, identity.account_sid, identity.key_sid)
            return _open(session, identity.account_sid, identity.key_sid, hash_token(secret))

    def make_link(self, account_sid: str) -> str:
        """A code with which somebody can sign in to an account, once, within `LINK_LASTS`."""
        secret_hash = self._accounts.known(account_sid).token_hash
        with self._database.write() as session:
            return _open(session, account_sid, None, secret_hash, is_link=True)[0]

    def follow_link(self, code: str) -> tuple[str, datetime]:
        """Open a session by the code of a link, which is used up by that: its token, and when it ends.

        Raises:
            RequestError: 20003, the code was used, is too old, or is none.
        """
        with self._database.write() as session:
            link = repository.take_link(session, hash_token(code))
            if link is None:
                detail = "The link was used already, or is older than ten minutes. Sign in by SID and token."
                raise RequestError(Code.AUTHENTICATE, detail)
            _record(session, Action.SIGNED_IN, link.account_sid, link.key_sid, link=True)
            return _open(session, link.account_sid, link.key_sid, link.secret_hash)

    def authenticate(self, token: str) -> Identity | None:
        """Who is signed in with this token; None where nobody is, any more."""
        token_hash = hash_token(token)
        with self._database.read() as session:
            row = repository.find_session(session, token_hash)
        if row is None:
            return None
        known = self._accounts.known(row.key_sid or row.account_sid)
        if known.identity is None or not known.fits(row.secret_hash):
            return None  # the token was changed, or the key taken back
        identity = replace(known.identity, expires_at=row.expires_at)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[token_hash] = identity, time.monotonic() + MEMORY
        return identity

    def remembered(self, token: str) -> Identity | None:
        """Who was signed in with this token a moment ago. Never waits, so an event loop may call it."""
        identity, until = self._remembered.get(hash_token(token), (None, 0.0))
        return identity if time.monotonic() < until else None

    def sign_out(self, token: str, identity: Identity) -> None:
        """End a session; other processes refuse it `MEMORY` seconds later at the latest."""
        token_hash = hash_token(token)
        with self._database.write() as session:
            repository.end_session(session, token_hash)
            _record(session, Action.SIGNED_OUT, identity.account_sid, identity.key_sid)
        self._remembered.pop(token_hash, None)


def _record(
    session: Session, action: Action, account_sid: str, key_sid: str | None, *, link: bool | None = None
) -> None:
    with acting(Actor(key_sid or account_sid, Way.SESSION, current().address)):
        record(session, account_sid, action, link=link)


def _open(
    session: Session, account_sid: str, key_sid: str | None, secret_hash: str, *, is_link: bool = False
) -> tuple[str, datetime]:
    repository.forget_expired_sessions(session)
    token = secrets.token_urlsafe(32)
    row = BrowserSession(
        token_hash=hash_token(token),
        account_sid=account_sid,
        key_sid=key_sid,
        secret_hash=secret_hash,
        is_link=is_link,
        expires_at=now() + (LINK_LASTS if is_link else LASTS),
    )
    session.add(row)
    return token, row.expires_at
