"""HTTP: `/v2/ControlPlane`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.conversations.configuration_schemas import (
    ConversationConfigurationList,
    ConversationConfigurationPatch,
    ConversationConfigurationRequest,
    ConversationConfigurationResource,
    OperationResource,
)
from callscribe.conversations.control_plane import ConversationConfigurations
from callscribe.conversations.endpoints import Once, operation_answer, operation_started
from callscribe.conversations.wire import ConversationListMeta, Reference
from callscribe.web.application import of_application
from callscribe.web.pagination import Paging
from callscribe.web.problems import legacy_responses
from callscribe.web.urls import BaseUrl

router = APIRouter(tags=["Conversation configurations"], route_class=AuthenticatedRoute)


Service = Annotated[ConversationConfigurations, of_application("conversation_configurations")]
ConfigurationId = Annotated[str, Path(pattern=r"^conv_configuration_[0-9a-z]{26}$")]
OperationId = Annotated[str, Path(pattern=r"^conv_operation_[0-9a-z]{26}$")]
_CONFIGURATIONS = "/v2/ControlPlane/Configurations"
_CONFIGURATION = f"{_CONFIGURATIONS}/{{configuration_id}}"


@router.post(_CONFIGURATIONS, summary="Create a conversation configuration", **operation_started(400, 413, 422))
def create(
    account: AccountSid, body: ConversationConfigurationRequest, service: Service, base_url: BaseUrl, once: Once
) -> Response:
    """`related.configurationId` is its id. It is there when this is answered."""
    return operation_answer(once, service.create(once.of(body), account, body, base_url=base_url))


@router.get(_CONFIGURATIONS, summary="List conversation configurations", responses=legacy_responses(400))
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


@router.get(_CONFIGURATION, summary="Fetch a conversation configuration", responses=legacy_responses(404))
def fetch(
    account: AccountSid, configuration_id: ConfigurationId, service: Service
) -> ConversationConfigurationResource:
    """`version` counts its updates."""
    return ConversationConfigurationResource.of(service.fetch(account, configuration_id))


@router.put(
    _CONFIGURATION, summary="Replace a conversation configuration", **operation_started(400, 404, 409, 413, 422)
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
    answer = service.replace(once.of(body), account, configuration_id, body, base_url=base_url)
    return operation_answer(once, answer)


@router.patch(
    _CONFIGURATION, summary="Change a conversation configuration", **operation_started(400, 404, 409, 413, 422)
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
    answer = service.patch(once.of(body), account, configuration_id, body, base_url=base_url)
    return operation_answer(once, answer)


@router.delete(_CONFIGURATION, summary="Delete a conversation configuration", **operation_started(400, 404, 422))
def delete(
    account: AccountSid, configuration_id: ConfigurationId, service: Service, base_url: BaseUrl, once: Once
) -> Response:
    """Its conversations stay, and their timeouts run on."""
    answer = service.delete(once.of(), account, configuration_id, base_url=base_url)
    return operation_answer(once, answer)


@router.get("/v2/ControlPlane/Operations/{operation_id}", summary="Fetch an operation", responses=legacy_responses(404))
def fetch_operation(
    account: AccountSid, operation_id: OperationId, service: Service, base_url: BaseUrl
) -> OperationResource:
    """Operations of the last 30 days. All are COMPLETED: they are done when they are answered."""
    return OperationResource.of(service.operation(account, operation_id), base_url)
