"""HTTP Basic authentication: `AccountSid:AuthToken`."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from callscribe.accounts.service import Accounts
from callscribe.errors import Code, RequestError

_basic = HTTPBasic(auto_error=False, description="Account SID and auth token.")


def _account(request: Request, credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> str:
    accounts: Accounts = request.app.state.accounts
    if credentials is None or not accounts.authenticate(credentials.username, credentials.password):
        raise RequestError(Code.AUTHENTICATE, "Send the account SID and its auth token by HTTP Basic authentication.")
    return credentials.username


AccountSid = Annotated[str, Depends(_account)]
"""The SID of the account that makes the request."""
