"""HTTP: `/v3/System/Evaluations`, for the operator's account alone. An addition of ours."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from callscribe.accounts.authentication import AuthenticatedRoute, Operator
from callscribe.db.engine import Database
from callscribe.evaluation.documents import (
    EvaluationList,
    EvaluationResource,
    EvaluationSummary,
    EvaluationSummaryResult,
)
from callscribe.evaluation.service import Evaluations
from callscribe.evaluation.tables import Evaluation
from callscribe.web.application import of_application
from callscribe.web.pagination import Paging
from callscribe.web.problems import problem_responses
from callscribe.web.wire import ListMeta

router = APIRouter(prefix="/v3/System/Evaluations", tags=["System"], route_class=AuthenticatedRoute)


async def _evaluations(database: Annotated[Database, of_application("database")]) -> Evaluations:
    return Evaluations(database)


Service = Annotated[Evaluations, Depends(_evaluations)]
EvaluationId = Annotated[str, Path(alias="evaluation_id", pattern=r"^[a-z_]+_[0-9a-z]{26}$")]


@router.get("", summary="List evaluations of engines", responses=problem_responses(400, 403))
def list_evaluations(_: Operator, evaluations: Service, paging: Paging) -> EvaluationList:
    """What `callscribe evaluate` kept, newest first."""
    page = evaluations.page(paging.token, paging.size)
    return EvaluationList(
        evaluations=[_summary(row) for row in page.rows], meta=ListMeta(key="evaluations", **paging.place(page))
    )


@router.get("/{evaluation_id}", summary="Fetch an evaluation", responses=problem_responses(403, 404))
def fetch(_: Operator, evaluation_id: EvaluationId, evaluations: Service) -> EvaluationResource:
    """How many words each engine got wrong, how sure that is, how long it took, and which words they were."""
    row = evaluations.fetch(evaluation_id)
    return EvaluationResource(id=row.id, created_at=row.created_at, title=row.title, report=row.document)


@router.delete(
    "/{evaluation_id}", status_code=204, summary="Delete an evaluation", responses=problem_responses(403, 404)
)
def delete(operator: Operator, evaluation_id: EvaluationId, evaluations: Service) -> Response:
    """With the words that are in it."""
    evaluations.delete(operator, evaluation_id)
    return Response(status_code=204)


def _summary(row: Evaluation) -> EvaluationSummary:
    return EvaluationSummary(
        id=row.id,
        created_at=row.created_at,
        title=row.title,
        recordings=len(row.document.recordings),
        engines=[
            EvaluationSummaryResult(engine=each.engine, model=each.model, word_error_rate=each.word_error_rate)
            for each in row.document.engines
        ],
    )
