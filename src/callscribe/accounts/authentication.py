"""HTTP Basic authentication: `AccountSid:AuthToken`."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.concurrency import run_in_threadpool

from callscribe.accounts.service import Accounts
from callscribe.errors import Code, RequestError

_basic = HTTPBasic(auto_error=False, description="Account SID and auth token.")


class AuthenticatedRoute(APIRoute):
    """Authenticates before the body is read: a stranger learns nothing and costs nothing."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the check."""
        handler = super().get_route_handler()

        async def authenticated(request: Request) -> Response:
            accounts: Accounts = request.app.state.accounts
            try:
                credentials = await _basic(request)
            except HTTPException:  # a header that is not what it says
                credentials = None
            if credentials is None or not (
                accounts.remembers(credentials.username, credentials.password)
                or await run_in_threadpool(accounts.authenticate, credentials.username, credentials.password)
            ):
                detail = "Send the account SID and its auth token by HTTP Basic authentication."
                raise RequestError(Code.AUTHENTICATE, detail)
            request.app.state.rate_limit.take(credentials.username)
            request.state.account_sid = credentials.username
            return await handler(request)

        return authenticated


async def _account(request: Request, _: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> str:
    # The dependency on the credentials is for the OpenAPI document.
    account_sid: str = request.state.account_sid
    return account_sid


AccountSid = Annotated[str, Depends(_account)]
"""The SID of the account that makes the request, on an `AuthenticatedRoute`."""
