"""HTTP: `/v3/System`, for the operator's account alone. An addition of ours."""

from typing import Annotated

from fastapi import APIRouter, Path

import callscribe
from callscribe.accounts.authentication import AuthenticatedRoute, Operator
from callscribe.accounts.retention import of_settings
from callscribe.errors import found
from callscribe.settings import Settings
from callscribe.speech.prices import Prices
from callscribe.system.schemas import (
    DueResource,
    HealthResource,
    ModelList,
    ModelResource,
    PolicyResource,
    PullResource,
    QueuesResource,
    RetentionResource,
    SystemAccount,
    SystemAccountList,
    SystemEnginesResource,
    SystemResource,
    WorkerResource,
)
from callscribe.system.status import System
from callscribe.web.application import of_application
from callscribe.web.pagination import Paging
from callscribe.web.problems import problem_responses
from callscribe.web.wire import ListMeta

router = APIRouter(prefix="/v3/System", tags=["System"], route_class=AuthenticatedRoute)

Service = Annotated[System, of_application("system")]
OfServer = Annotated[Settings, of_application("settings")]
ModelName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


@router.get("", summary="Fetch how the installation stands", responses=problem_responses(403))
async def fetch(_: Operator, system: Service, settings: OfServer) -> SystemResource:
    """What is wrong and what to do, who works, what waits, and what retention does."""
    report, findings = await system.health()
    fleet = await system.fleet()
    return SystemResource(
        version=callscribe.__version__,
        health=HealthResource.of(report, findings),
        workers=[WorkerResource.of(worker, fleet.in_hand) for worker in fleet.workers],
        queues=QueuesResource.of(fleet.queues, fleet.unserved),
        retention=RetentionResource(
            policy=PolicyResource.of(of_settings(settings)),
            last_swept_at=fleet.swept_at,
            next_due=DueResource(**fleet.next_due),
        ),
    )


@router.get("/Accounts", summary="List accounts with limits and use", responses=problem_responses(400, 403))
def list_accounts(_: Operator, system: Service, settings: OfServer, paging: Paging) -> SystemAccountList:
    """Oldest first. What belongs to them is not shown."""
    page, standings = system.accounts(paging.token, paging.size)
    retention = of_settings(settings)
    return SystemAccountList(
        accounts=[SystemAccount.of(*each, retention) for each in zip(page.rows, standings, strict=True)],
        meta=ListMeta(key="accounts", **paging.place(page)),
    )


@router.get("/Engines", summary="List engines, routes and what was sent", responses=problem_responses(403))
async def list_engines(_: Operator, system: Service, settings: OfServer) -> SystemEnginesResource:
    """Where each engine runs, who serves Twilio's names, and what was sent to providers, for whom."""
    return SystemEnginesResource.of(await system.engines(), Prices.parse(settings.prices))


@router.get("/Models", summary="List models", responses=problem_responses(403))
async def list_models(_: Operator, system: Service) -> ModelList:
    """Those of the catalogue, and of the models folder of the server that answers."""
    return ModelList(models=[ModelResource.of(model) for model in await system.models()])


@router.get("/Models/{model_name}/Pull", summary="Fetch how far a model is", responses=problem_responses(403, 404))
def fetch_pull(_: Operator, model_name: ModelName, system: Service) -> PullResource:
    """The last time that it was got for this server; 404 where it never was."""
    return PullResource.of(found(system.pulls.state(model_name), f"pull of {model_name}"))


@router.post("/Models/{model_name}/Pull", status_code=202, summary="Get a model", responses=problem_responses(403, 404))
def pull(_: Operator, model_name: ModelName, system: Service) -> PullResource:
    """Into the models folder of the server that answers, as `callscribe models pull` does.

    Answers at once; where it is under way already, nothing else begins.
    """
    return PullResource.of(system.pulls.start(model_name))
