"""HTTP: `/2010-04-01/Accounts/{account_sid}.json` and its API keys."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from callscribe.accounts.authentication import AccountInPath, AuthenticatedRoute, Caller
from callscribe.accounts.keys import ApiKeys
from callscribe.accounts.schemas import AccountResource, KeyList, KeyRequest, KeyResource, NewKeyRequest, NewKeyResource
from callscribe.accounts.service import Accounts
from callscribe.errors import found
from callscribe.web.application import of_application
from callscribe.web.legacy_pages import Paging, legacy_page
from callscribe.web.problems import legacy_responses

router = APIRouter(prefix="/2010-04-01/Accounts/{account_sid}", tags=["Accounts"], route_class=AuthenticatedRoute)


Service = Annotated[ApiKeys, of_application("api_keys")]
KeySid = Annotated[str, Path(pattern=r"^SK[0-9a-f]{32}$")]


@router.get(".json", summary="Fetch the account", responses=legacy_responses(404))
def fetch_account(account: AccountInPath, accounts: Annotated[Accounts, of_application("accounts")]) -> AccountResource:
    """The caller's own account. The auth token is not part of it."""
    return AccountResource.of(found(accounts.find(account), f"account {account}"))


@router.post("/Keys.json", status_code=201, summary="Create an API key", responses=legacy_responses(400, 403, 404, 413))
def create(
    account: AccountInPath, caller: Caller, form: Annotated[NewKeyRequest, Form()], service: Service
) -> NewKeyResource:
    """The answer has the secret, this once. Nobody gives a key a role that they have not themselves."""
    key, secret = service.create(account, form.friendly_name or "", form.roles or None, by=caller)
    return NewKeyResource(**KeyResource.of(key).model_dump(), secret=secret)


@router.get("/Keys.json", summary="List API keys", responses=legacy_responses(400, 403, 404))
def list_keys(request: Request, account: AccountInPath, paging: Paging, service: Service) -> KeyList:
    """Newest first. Secrets are not shown."""
    page = service.page(account, paging.token, paging.size)
    return KeyList(**legacy_page(request, "keys", [KeyResource.of(row) for row in page.rows], page))


@router.get("/Keys/{key_sid}.json", summary="Fetch an API key", responses=legacy_responses(403, 404))
def fetch(account: AccountInPath, key_sid: KeySid, service: Service) -> KeyResource:
    """The secret is not shown."""
    return KeyResource.of(service.fetch(account, key_sid))


@router.post("/Keys/{key_sid}.json", summary="Rename an API key", responses=legacy_responses(400, 403, 404, 413))
def update(
    account: AccountInPath, key_sid: KeySid, form: Annotated[KeyRequest, Form()], service: Service
) -> KeyResource:
    """Without a name nothing changes."""
    if form.friendly_name is None:
        return KeyResource.of(service.fetch(account, key_sid))
    return KeyResource.of(service.rename(account, key_sid, form.friendly_name))


@router.delete(
    "/Keys/{key_sid}.json", status_code=204, summary="Revoke an API key", responses=legacy_responses(403, 404)
)
def delete(account: AccountInPath, key_sid: KeySid, service: Service) -> Response:
    """Refused from then on, two seconds later at the latest."""
    service.revoke(account, key_sid)
    return Response(status_code=204)
