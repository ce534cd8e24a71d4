"""HTTP: `/v2/ControlPlane`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.conversations.configuration_schemas import (
    AcceptedOperation,
    ConversationConfigurationList,
    ConversationConfigurationPatch,
    ConversationConfigurationRequest,
    ConversationConfigurationResource,
    OperationResource,
)
from callscribe.conversations.control_plane import ConversationConfigurations
from callscribe.conversations.endpoints import (
    OPERATION_HEADERS,
    Once,
    operation_answer,
)
from callscribe.conversations.wire import ConversationListMeta, Reference
from callscribe.web.pagination import Paging
from callscribe.web.problems import legacy_responses
from callscribe.web.urls import BaseUrl

router = APIRouter(tags=["Conversation configurations"], route_class=AuthenticatedRoute)


async def _service(request: Request) -> ConversationConfigurations:  # not in a thread
    service: ConversationConfigurations = request.app.state.conversation_configurations
    return service


Service = Annotated[ConversationConfigurations, Depends(_service)]
ConfigurationId = Annotated[str, Path(pattern=r"^conv_configuration_[0-9a-z]{26}$")]
OperationId = Annotated[str, Path(pattern=r"^conv_operation_[0-9a-z]{26}$")]


@router.post(
    "/v2/ControlPlane/Configurations",
    status_code=202,
    summary="Create a conversation configuration",
    response_model=AcceptedOperation,
    responses=legacy_responses(400, 413, 422) | {202: {"headers": OPERATION_HEADERS}},
)
def create(
    account: AccountSid, body: ConversationConfigurationRequest, service: Service, base_url: BaseUrl, once: Once
) -> Response:
    """`related.configurationId` is its id. It is there when this is answered."""
    return operation_answer(once, service.create(account, body, base_url=base_url, repetition=once.of(body)))


@router.get(
    "/v2/ControlPlane/Configurations", summary="List conversation configurations", responses=legacy_responses(400)
)
def list_configurations(
    account: AccountSid,
    service: Service,
    paging: Paging,
    memory_store_id: Annotated[Reference | None, Query(alias="memoryStoreId")] = None,
) -> ConversationConfigurationList:
    """Newest first."""
    page = service.page(account, memory_store_id, paging.token, paging.size)
    return ConversationConfigurationList(
        configurations=[ConversationConfigurationResource.of(row) for row in page.rows],
        meta=ConversationListMeta(key="configurations", **paging.place(page)),
    )


@router.get(
    "/v2/ControlPlane/Configurations/{configuration_id}",
    summary="Fetch a conversation configuration",
    responses=legacy_responses(404),
)
def fetch(
    account: AccountSid, configuration_id: ConfigurationId, service: Service
) -> ConversationConfigurationResource:
    """`version` counts its updates."""
    return ConversationConfigurationResource.of(service.fetch(account, configuration_id))


@router.put(
    "/v2/ControlPlane/Configurations/{configuration_id}",
    status_code=202,
    summary="Replace a conversation configuration",
    response_model=AcceptedOperation,
    responses=legacy_responses(400, 404, 409, 413, 422) | {202: {"headers": OPERATION_HEADERS}},
)
def replace(
    account: AccountSid,
    configuration_id: ConfigurationId,
    body: ConversationConfigurationRequest,
    service: Service,
    base_url: BaseUrl,
    once: Once,
) -> Response:
    """The grouping cannot change. Conversations keep the options that they were opened with."""
    answer = service.replace(account, configuration_id, body, base_url=base_url, repetition=once.of(body))
    return operation_answer(once, answer)


@router.patch(
    "/v2/ControlPlane/Configurations/{configuration_id}",
    status_code=202,
    summary="Change a conversation configuration",
    response_model=AcceptedOperation,
    responses=legacy_responses(400, 404, 409, 413, 422) | {202: {"headers": OPERATION_HEADERS}},
)
def patch(
    account: AccountSid,
    configuration_id: ConfigurationId,
    body: ConversationConfigurationPatch,
    service: Service,
    base_url: BaseUrl,
    once: Once,
) -> Response:
    """What is left out stays. Channels of `channelSettings` are merged; one that is null is removed."""
    answer = service.patch(account, configuration_id, body, base_url=base_url, repetition=once.of(body))
    return operation_answer(once, answer)


@router.delete(
    "/v2/ControlPlane/Configurations/{configuration_id}",
    status_code=202,
    summary="Delete a conversation configuration",
    response_model=AcceptedOperation,
    responses=legacy_responses(400, 404, 422) | {202: {"headers": OPERATION_HEADERS}},
)
def delete(
    account: AccountSid, configuration_id: ConfigurationId, service: Service, base_url: BaseUrl, once: Once
) -> Response:
    """Its conversations stay, and their timeouts run on."""
    answer = service.delete(account, configuration_id, base_url=base_url, repetition=once.of())
    return operation_answer(once, answer)


@router.get("/v2/ControlPlane/Operations/{operation_id}", summary="Fetch an operation", responses=legacy_responses(404))
def fetch_operation(
    account: AccountSid, operation_id: OperationId, service: Service, base_url: BaseUrl
) -> OperationResource:
    """Operations of the last 30 days. All are COMPLETED: they are done when they are answered."""
    return OperationResource.of(service.operation(account, operation_id), base_url)
