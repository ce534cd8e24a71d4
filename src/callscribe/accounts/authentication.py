"""HTTP Basic: an account's SID and auth token, or an API key `SK…` and its secret; or the cookie of a browser."""

import inspect
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Path, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from callscribe.accounts.actors import UNKNOWN, Actor, Way, acting, begin_acting
from callscribe.accounts.addresses import client_address
from callscribe.accounts.attempts import FailedAttempts
from callscribe.accounts.audit import Action, AuditLog
from callscribe.accounts.browser_sessions import BrowserSessions
from callscribe.accounts.permissions import Need, need_of
from callscribe.accounts.service import Accounts, Identity
from callscribe.errors import Code, RequestError
from callscribe.observability.context import bind_account
from callscribe.waiting import DATABASE
from callscribe.web.methods import is_head
from callscribe.web.origins import refuse_foreign

COOKIE = "callscribe_session"
"""The cookie of a browser that is signed in. Credentials in a request go before it."""

SID = re.compile(r"(AC|SK)[0-9a-f]{32}")

Result = TypeVar("Result")

_basic = HTTPBasic(auto_error=False, description="Account SID and auth token, or API key and secret.")


class AuthenticatedRoute(APIRoute):
    """Authenticates before the body is read: a stranger learns nothing and costs nothing.

    Where the path names an account (`{account_sid}`), it must be the caller's own: any other is not found. An endpoint
    that is no coroutine asks the database, and runs in the threads for that.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        awaited = inspect.iscoroutinefunction(endpoint)
        super().__init__(path, endpoint if awaited else DATABASE.running(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the check."""
        handler = super().get_route_handler()

        async def authenticated(request: Request) -> Response:
            accounts: Accounts = request.app.state.accounts
            try:
                credentials = await _basic(request)
            except HTTPException:  # a header that is not what it says
                credentials = None
            identity = None
            if credentials is not None:
                known = credentials.username, credentials.password
                identity = accounts.remembered(*known) or await tried(request, *known, accounts.authenticate)
            elif token := request.cookies.get(COOKIE):
                refuse_foreign(request, by_cookie=True)
                sessions: BrowserSessions = request.app.state.browser_sessions
                identity = sessions.remembered(token) or await DATABASE.run(sessions.authenticate, token)
            if identity is None:
                detail = "Send the account SID and its auth token, or an API key and its secret, by HTTP Basic."
                raise RequestError(Code.AUTHENTICATE, detail)
            bind_account(identity.account_sid)
            begin_acting(actor_of(identity, request))
            request.app.state.rate_limit.take(identity.account_sid, identity.rate_limit)
            if request.path_params.get("account_sid", identity.account_sid) != identity.account_sid:
                raise RequestError(Code.NOT_FOUND, "There is nothing at this address.")
            need = need_of(request.method, self.path_format)
            need.check(identity)
            request.state.identity = identity
            response = await handler(request)
            _note(request, identity, need, response)
            response.headers.setdefault("Cache-Control", "no-store")  # what was said is not left on a browser's disk
            return response

        return authenticated


async def tried(request: Request, sid: str, secret: str, open_: Callable[[str, str], Result | None]) -> Result | None:
    """What `open_` gives for credentials that may be wrong, unless too many were.

    Raises:
        RequestError: 20429, see `attempts`.
    """
    state = request.app.state
    attempts: FailedAttempts = state.attempts
    address = client_address(request)
    if not state.accounts.was_right(sid, secret):
        attempts.check(sid, address)
    opened = await DATABASE.run(open_, sid, secret)
    if opened is None:
        is_last = attempts.failed(sid, address)
        await DATABASE.run(_note_failure, request, sid, address, is_last=is_last)
    return opened


def _note_failure(request: Request, sid: str, address: str | None, *, is_last: bool) -> None:
    """In the log of the account that the SID is of; in the operator's where it is of none."""
    accounts: Accounts = request.app.state.accounts
    known = accounts.known(sid).identity
    owner = known.account_sid if known else accounts.operator_sid(request.app.state.settings)
    log: AuditLog = request.app.state.audit
    # What is no SID may be a secret in the wrong place.
    with acting(Actor(sid if SID.fullmatch(sid) else UNKNOWN, Way.NONE, address)):
        log.note(owner, Action.SIGN_IN_FAILED)
        if is_last:
            log.note(owner, Action.SIGN_IN_BLOCKED)


def actor_of(identity: Identity, request: Request) -> Actor:
    """Who a request is made by, for the audit log."""
    by_key = Way.KEY if identity.key_sid else Way.TOKEN
    way = by_key if identity.expires_at is None else Way.SESSION
    return Actor(identity.key_sid or identity.account_sid, way, client_address(request))


def _note(request: Request, identity: Identity, need: Need, response: Response) -> None:
    """Have the audit log say what is read, before any of it is sent."""
    if need.action is None or is_head(request.scope) or not 200 <= response.status_code < 300:
        return
    given = {**request.query_params, **request.path_params}
    if need.only_with is not None and not given.get(need.only_with, "").strip():
        return
    log: AuditLog = request.app.state.audit
    detail = {name.strip("_"): str(given[name]) for name in need.detail if name in given}
    log.note(identity.account_sid, need.action, given.get(need.subject or ""), **detail)


async def _account(request: Request, _: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> str:
    # The dependency on the credentials is for the OpenAPI document.
    identity: Identity = request.state.identity
    return identity.account_sid


async def _identity(request: Request, _: Annotated[str, Depends(_account)]) -> Identity:
    identity: Identity = request.state.identity
    return identity


Caller = Annotated[Identity, Depends(_identity)]
"""Who makes the request, on an `AuthenticatedRoute`."""

AccountSid = Annotated[str, Depends(_account)]
"""The SID of the account that makes the request, on an `AuthenticatedRoute`."""


async def _account_in_path(
    account: AccountSid,
    account_sid: Annotated[str, Path(description="The caller's own account; any other is not found.")],
) -> str:
    assert account_sid == account  # the route has compared them; the parameter is for the OpenAPI document
    return account


AccountInPath = Annotated[str, Depends(_account_in_path)]
"""The same on a path with `{account_sid}`."""


async def _operator(request: Request, account: AccountSid) -> str:
    accounts: Accounts = request.app.state.accounts
    if account != await DATABASE.run(accounts.operator_sid, request.app.state.settings):
        raise RequestError(Code.FORBIDDEN, "This is for the operator's account alone, and its API keys.")
    return account


Operator = Annotated[str, Depends(_operator)]
"""The same where it must be the account of whoever runs the server, see `Accounts.operator_sid`; 20403."""
