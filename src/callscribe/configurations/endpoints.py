"""HTTP: `/v2/Configurations/Transcription`, its default, and the account's own options."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.configurations.schemas import (
    AccountDefaultRequest,
    AccountDefaultResource,
    ConfigurationList,
    ConfigurationRequest,
    ConfigurationResource,
    DefaultRequest,
    ListMeta,
)
from callscribe.configurations.service import Configurations
from callscribe.web.pagination import carrying_query
from callscribe.web.problems import legacy_responses

router = APIRouter(tags=["Transcription configurations"], route_class=AuthenticatedRoute)

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 100


def _service(request: Request) -> Configurations:
    service: Configurations = request.app.state.configurations
    return service


Service = Annotated[Configurations, Depends(_service)]


@router.post(
    "/v2/Configurations/Transcription",
    status_code=201,
    summary="Create a transcription configuration",
    responses=legacy_responses(400, 409, 413),
)
def create(account: AccountSid, body: ConfigurationRequest, service: Service) -> ConfigurationResource:
    """Neither a callback nor a conversation configuration is required: the transcript can be fetched."""
    return ConfigurationResource.of(service.create(account, body))


@router.get(
    "/v2/Configurations/Transcription",
    summary="List transcription configurations",
    responses=legacy_responses(400),
)
def list_configurations(
    request: Request,
    account: AccountSid,
    service: Service,
    page_size: Annotated[int, Query(alias="pageSize", ge=1)] = DEFAULT_PAGE_SIZE,
    page_token: Annotated[str | None, Query(alias="pageToken")] = None,
) -> ConfigurationList:
    """Newest first. A `pageSize` above 100 is taken as 100."""
    size = min(page_size, MAX_PAGE_SIZE)
    page = service.page(account, page_token, size)
    return ConfigurationList(
        content=[ConfigurationResource.of(row) for row in page.rows],
        meta=ListMeta(
            previous_token=carrying_query(request, page.previous_token),
            next_token=carrying_query(request, page.next_token),
            page_size=size,
        ),
    )


@router.get(
    "/v2/Configurations/Transcription/Default",
    summary="Fetch the default transcription configuration",
    responses=legacy_responses(404),
)
def fetch_default(account: AccountSid, service: Service) -> ConfigurationResource:
    """The configuration that was made the default."""
    return ConfigurationResource.of(service.default(account))


@router.post(
    "/v2/Configurations/Transcription/Default",
    status_code=204,
    summary="Set the default transcription configuration",
    responses=legacy_responses(400, 404, 413),
)
def set_default(account: AccountSid, body: DefaultRequest, service: Service) -> Response:
    """Takes an id or a unique name."""
    service.set_default(account, body.configuration_id)
    return Response(status_code=204)


@router.get(
    "/v2/Configurations/Transcription/{id_or_unique_name}",
    summary="Fetch a transcription configuration",
    responses=legacy_responses(404),
)
def fetch(account: AccountSid, id_or_unique_name: str, service: Service) -> ConfigurationResource:
    """By id or unique name."""
    return ConfigurationResource.of(service.fetch(account, id_or_unique_name))


@router.put(
    "/v2/Configurations/Transcription/{id_or_unique_name}",
    summary="Replace a transcription configuration",
    responses=legacy_responses(400, 404, 409, 413),
)
def update(
    account: AccountSid, id_or_unique_name: str, body: ConfigurationRequest, service: Service
) -> ConfigurationResource:
    """Takes the full body. It holds for later transcriptions only."""
    return ConfigurationResource.of(service.update(account, id_or_unique_name, body))


@router.delete(
    "/v2/Configurations/Transcription/{id_or_unique_name}",
    status_code=204,
    summary="Delete a transcription configuration",
    responses=legacy_responses(404),
)
def delete(account: AccountSid, id_or_unique_name: str, service: Service) -> Response:
    """Transcriptions that exist keep their snapshot of it."""
    service.delete(account, id_or_unique_name)
    return Response(status_code=204)


@router.post(
    "/v2/AccountDefaultConfiguration/Transcription",
    status_code=201,
    summary="Create the account's transcription options",
    responses=legacy_responses(400, 409, 413),
)
def create_account_default(
    account: AccountSid, body: AccountDefaultRequest, service: Service
) -> AccountDefaultResource:
    """One document for each type."""
    return AccountDefaultResource.of(service.create_account_default(account, body))


@router.get(
    "/v2/AccountDefaultConfiguration/Transcription",
    summary="Fetch the account's transcription options",
    responses=legacy_responses(404),
)
def fetch_account_default(account: AccountSid, service: Service) -> AccountDefaultResource:
    """The document as it was set."""
    return AccountDefaultResource.of(service.account_default(account))


@router.put(
    "/v2/AccountDefaultConfiguration/Transcription",
    summary="Replace the account's transcription options",
    responses=legacy_responses(400, 404, 413),
)
def update_account_default(
    account: AccountSid, body: AccountDefaultRequest, service: Service
) -> AccountDefaultResource:
    """Takes the full body."""
    return AccountDefaultResource.of(service.update_account_default(account, body))


@router.delete(
    "/v2/AccountDefaultConfiguration/Transcription",
    status_code=204,
    summary="Delete the account's transcription options",
    responses=legacy_responses(404),
)
def delete_account_default(account: AccountSid, service: Service) -> Response:
    """They can be created again."""
    service.delete_account_default(account)
    return Response(status_code=204)
