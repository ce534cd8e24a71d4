"""HTTP: `/v2/Configurations/{type}`, the default of each type, and the account's own options."""

from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.configurations.schemas import (
    AccountDefaultRequest,
    AccountDefaultResource,
    AccountOptions,
    ConfigurationList,
    ConfigurationListMeta,
    ConfigurationRequest,
    ConfigurationResource,
    DefaultRequest,
    NamedOptions,
    RecordingAccountDefaultRequest,
    RecordingConfigurationRequest,
)
from callscribe.configurations.service import RECORDING, TRANSCRIPTION, Configurations
from callscribe.web.application import of_application
from callscribe.web.pagination import Paging
from callscribe.web.problems import legacy_responses


def _body(model: type[BaseModel]) -> Any:
    """The dependency of a parameter that is a body of this model: the endpoints below are made for several."""

    async def read(body: Any) -> Any:
        return body

    read.__annotations__["body"] = model  # where FastAPI looks for it
    return Depends(read)


def _configurations(
    router: APIRouter, type_: str, service_name: str, model: type[NamedOptions[Any]], *, created: str, deleted: str
) -> None:
    """The endpoints of one type: with the name of its service, and the model of its bodies."""
    Service: TypeAlias = Annotated[Configurations[Any], of_application(service_name)]
    Body: TypeAlias = Annotated[NamedOptions[Any], _body(model)]
    name = type_.lower()
    path = f"/v2/Configurations/{type_}"
    one = f"{path}/{{id_or_unique_name}}"

    @router.post(
        path,
        status_code=201,
        summary=f"Create a {name} configuration",
        description=created,
        responses=legacy_responses(400, 409, 413),
    )
    def create(account: AccountSid, service: Service, body: Body) -> ConfigurationResource:
        return ConfigurationResource.of(service.create(account, body))

    @router.get(path, summary=f"List {name} configurations", responses=legacy_responses(400))
    def list_configurations(account: AccountSid, service: Service, paging: Paging) -> ConfigurationList:
        """Newest first. A `pageSize` above 100 is taken as 100."""
        page = service.page(account, paging.token, paging.size)
        return ConfigurationList(
            content=[ConfigurationResource.of(row) for row in page.rows],
            meta=ConfigurationListMeta(**paging.place(page)),
        )

    @router.get(f"{path}/Default", summary=f"Fetch the default {name} configuration", responses=legacy_responses(404))
    def fetch_default(account: AccountSid, service: Service) -> ConfigurationResource:
        """The configuration that was made the default."""
        return ConfigurationResource.of(service.default(account))

    @router.post(
        f"{path}/Default",
        status_code=204,
        summary=f"Set the default {name} configuration",
        responses=legacy_responses(400, 404, 413),
    )
    def set_default(account: AccountSid, service: Service, body: DefaultRequest) -> Response:
        """Takes an id or a unique name."""
        service.set_default(account, body.configuration_id)
        return Response(status_code=204)

    @router.get(one, summary=f"Fetch a {name} configuration", responses=legacy_responses(404))
    def fetch(account: AccountSid, service: Service, id_or_unique_name: str) -> ConfigurationResource:
        """By id or unique name."""
        return ConfigurationResource.of(service.fetch(account, id_or_unique_name))

    @router.put(one, summary=f"Replace a {name} configuration", responses=legacy_responses(400, 404, 409, 413))
    def update(account: AccountSid, service: Service, id_or_unique_name: str, body: Body) -> ConfigurationResource:
        """Takes the full body."""
        return ConfigurationResource.of(service.update(account, id_or_unique_name, body))

    @router.delete(
        one,
        status_code=204,
        summary=f"Delete a {name} configuration",
        description=f"It ends as a default, too. {deleted}",
        responses=legacy_responses(404),
    )
    def delete(account: AccountSid, service: Service, id_or_unique_name: str) -> Response:
        service.delete(account, id_or_unique_name)
        return Response(status_code=204)


def _account_options(router: APIRouter, type_: str, service_name: str, model: type[AccountOptions[Any]]) -> None:
    """The endpoints of the account's own options for one type."""
    Service: TypeAlias = Annotated[Configurations[Any], of_application(service_name)]
    Body: TypeAlias = Annotated[AccountOptions[Any], _body(model)]
    name = type_.lower()
    own = f"/v2/AccountDefaultConfiguration/{type_}"

    @router.post(
        own, status_code=201, summary=f"Create the account's {name} options", responses=legacy_responses(400, 409, 413)
    )
    def create_account_default(account: AccountSid, service: Service, body: Body) -> AccountDefaultResource:
        """One document for each type."""
        return AccountDefaultResource.of(service.create_account_default(account, body))

    @router.get(own, summary=f"Fetch the account's {name} options", responses=legacy_responses(404))
    def fetch_account_default(account: AccountSid, service: Service) -> AccountDefaultResource:
        """The document as it was set."""
        return AccountDefaultResource.of(service.account_default(account))

    @router.put(own, summary=f"Replace the account's {name} options", responses=legacy_responses(400, 404, 413))
    def update_account_default(account: AccountSid, service: Service, body: Body) -> AccountDefaultResource:
        """Takes the full body."""
        return AccountDefaultResource.of(service.update_account_default(account, body))

    @router.delete(
        own, status_code=204, summary=f"Delete the account's {name} options", responses=legacy_responses(404)
    )
    def delete_account_default(account: AccountSid, service: Service) -> Response:
        """They can be created again."""
        service.delete_account_default(account)
        return Response(status_code=204)


_of_transcriptions = APIRouter(tags=["Transcription configurations"], route_class=AuthenticatedRoute)
_configurations(
    _of_transcriptions,
    TRANSCRIPTION,
    "configurations",
    ConfigurationRequest,
    created="Neither a callback nor a conversation configuration is required: the transcript can be fetched.",
    deleted="Transcriptions that exist keep their snapshot of it.",
)
_account_options(_of_transcriptions, TRANSCRIPTION, "configurations", AccountDefaultRequest)

_of_recordings = APIRouter(tags=["Recording configurations"], route_class=AuthenticatedRoute)
_configurations(
    _of_recordings,
    RECORDING,
    "recording_configurations",
    RecordingConfigurationRequest,
    created="Its features are done with each completed recording, where it is the account's default.",
    deleted="Transcriptions that it has started go on.",
)
_account_options(_of_recordings, RECORDING, "recording_configurations", RecordingAccountDefaultRequest)

router = APIRouter(routes=[*_of_transcriptions.routes, *_of_recordings.routes])
