"""HTTP: `/v3/Sessions`, with which a browser signs in and out. An addition of ours, for the console."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from callscribe.accounts.actors import UNKNOWN, Actor, Way, begin_acting
from callscribe.accounts.addresses import client_address
from callscribe.accounts.authentication import COOKIE, AuthenticatedRoute, Caller, tried
from callscribe.accounts.browser_sessions import BrowserSessions
from callscribe.accounts.schemas import SessionRequest, SessionResource
from callscribe.accounts.service import Accounts
from callscribe.errors import Code, RequestError
from callscribe.settings import Settings
from callscribe.waiting import DATABASE
from callscribe.web.application import of_application
from callscribe.web.origins import refuse_foreign
from callscribe.web.problems import problem_responses
from callscribe.web.urls import BaseUrl

router = APIRouter(tags=["Sessions"], route_class=AuthenticatedRoute)

Service = Annotated[BrowserSessions, of_application("browser_sessions")]
AllAccounts = Annotated[Accounts, of_application("accounts")]
OfServer = Annotated[Settings, of_application("settings")]

_CURRENT = "/v3/Sessions/Current"


async def create(request: Request, body: SessionRequest, service: Service, base_url: BaseUrl) -> Response:
    """By the SID and token of an account, the SID and secret of an API key, or the code of a link.

    The answer sets a cookie that scripts cannot read, good for twelve hours.
    """
    refuse_foreign(request, by_cookie=False)
    begin_acting(Actor(UNKNOWN, Way.NONE, client_address(request)))
    if body.code is not None:
        token, expires_at = await DATABASE.run(service.follow_link, body.code)
    else:
        opened = await tried(request, str(body.sid), str(body.secret), service.sign_in)
        if opened is None:
            raise RequestError(Code.AUTHENTICATE, "There is no account or API key with this SID and secret.")
        token, expires_at = opened
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE, token, expires=expires_at, httponly=True, samesite="strict", secure=base_url.startswith("https:")
    )
    return answer


@router.get(_CURRENT, summary="Fetch who is signed in", responses=problem_responses())
def fetch(caller: Caller, accounts: AllAccounts, settings: OfServer) -> SessionResource:
    """Whose account it is, what may be done in it, until when, and whether it is the operator's."""
    return SessionResource.of(caller, *accounts.behind(caller), accounts.operator_sid(settings))


@router.delete(_CURRENT, status_code=204, summary="Sign a browser out", responses=problem_responses())
def delete(request: Request, caller: Caller, service: Service) -> Response:
    """Ends the session; what was sent with credentials has none."""
    if caller.expires_at is not None:
        service.sign_out(request.cookies[COOKIE], caller)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE)
    return answer


router.add_api_route(
    "/v3/Sessions",
    create,
    methods=["POST"],
    status_code=204,
    summary="Sign a browser in",
    responses=problem_responses(400, 403, 413),
    route_class_override=APIRoute,  # for those who have nothing yet to be known by
)
