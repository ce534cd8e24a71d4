"""HTTP Basic: an account's SID and auth token, or an API key `SK…` and its secret; or the cookie of a browser."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Path, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from callscribe.accounts.browser_sessions import BrowserSessions
from callscribe.accounts.service import Accounts, Identity
from callscribe.errors import Code, RequestError
from callscribe.observability.context import bind_account
from callscribe.waiting import DATABASE
from callscribe.web.origins import refuse_foreign

COOKIE = "callscribe_session"
"""The cookie of a browser that is signed in. Credentials in a request go before it."""

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
                identity = accounts.remembered(*known) or await DATABASE.run(accounts.authenticate, *known)
            elif token := request.cookies.get(COOKIE):
                refuse_foreign(request, by_cookie=True)
                sessions: BrowserSessions = request.app.state.browser_sessions
                identity = sessions.remembered(token) or await DATABASE.run(sessions.authenticate, token)
            if identity is None:
                detail = "Send the account SID and its auth token, or an API key and its secret, by HTTP Basic."
                raise RequestError(Code.AUTHENTICATE, detail)
            bind_account(identity.account_sid)
            request.app.state.rate_limit.take(identity.account_sid, identity.rate_limit)
            if request.path_params.get("account_sid", identity.account_sid) != identity.account_sid:
                raise RequestError(Code.NOT_FOUND, "There is nothing at this address.")
            request.state.identity = identity
            response = await handler(request)
            response.headers.setdefault("Cache-Control", "no-store")  # what was said is not left on a browser's disk
            return response

        return authenticated


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


async def _token_holder(request: Request, account: AccountInPath) -> str:
    identity: Identity = request.state.identity
    if identity.key_sid is not None:
        raise RequestError(Code.FORBIDDEN, "This needs the account's auth token; an API key may not do it.")
    return account


TokenHolder = Annotated[str, Depends(_token_holder)]
"""The same where an API key is not enough; 20403."""


async def _operator(request: Request, account: AccountSid) -> str:
    accounts: Accounts = request.app.state.accounts
    if account != await DATABASE.run(accounts.operator_sid, request.app.state.settings):
        raise RequestError(Code.FORBIDDEN, "This is for the operator's account alone, and its API keys.")
    return account


Operator = Annotated[str, Depends(_operator)]
"""The same where it must be the account of whoever runs the server, see `Accounts.operator_sid`; 20403."""
