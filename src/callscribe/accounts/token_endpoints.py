"""HTTP: `/v1/AuthTokens`, two valid auth tokens while an account changes from one to the other, as Twilio has it."""

from typing import Annotated

from fastapi import APIRouter, Response

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.accounts.schemas import PromotedToken, SecondaryToken
from callscribe.accounts.service import Accounts
from callscribe.errors import Code, RequestError
from callscribe.settings import Settings
from callscribe.web.application import of_application
from callscribe.web.problems import legacy_responses

router = APIRouter(prefix="/v1/AuthTokens", tags=["Accounts"], route_class=AuthenticatedRoute)

Service = Annotated[Accounts, of_application("accounts")]
OfServer = Annotated[Settings, of_application("settings")]


@router.post(
    "/Secondary", status_code=201, summary="Create a secondary auth token", responses=legacy_responses(403, 404, 409)
)
def create(account: AccountSid, service: Service) -> SecondaryToken:
    """The answer has it, this once. Both tokens are good from then on; callbacks are still signed with the primary."""
    row, token = service.add_secondary(account)
    return SecondaryToken.of(row, token)


@router.delete(
    "/Secondary", status_code=204, summary="Delete the secondary auth token", responses=legacy_responses(403, 404)
)
def delete(account: AccountSid, service: Service) -> Response:
    """Refused from then on, two seconds later at the latest."""
    service.delete_secondary(account)
    return Response(status_code=204)


@router.post("/Promote", summary="Promote the secondary auth token", responses=legacy_responses(403, 404, 409))
def promote(account: AccountSid, service: Service, settings: OfServer) -> PromotedToken:
    """It is the primary from then on, callbacks are signed with it, and the one before is refused.

    409 where `CALLSCRIBE_AUTH_TOKEN` sets the token of the account: promoted is what stands there at the next start.
    """
    if account == settings.account_sid:
        detail = (
            "CALLSCRIBE_AUTH_TOKEN sets the token of this account: put the secondary one there and start the server "
            "anew, which promotes it."
        )
        raise RequestError(Code.CONFLICT, detail, conflicting=account)
    row, token = service.promote_secondary(account)
    return PromotedToken.of(row, token)
