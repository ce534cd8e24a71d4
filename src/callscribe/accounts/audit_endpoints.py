"""HTTP: `/v3/Audit`, who did what in an account. An addition of ours."""

from typing import Annotated

from fastapi import APIRouter, Query

from callscribe.accounts.audit import Action, AuditLog
from callscribe.accounts.audit_repository import AuditFilters
from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.accounts.schemas import AuditEventList, AuditEventListMeta, AuditEventResource
from callscribe.characters import LINE
from callscribe.web.application import of_application
from callscribe.web.pagination import Paging
from callscribe.web.problems import problem_responses
from callscribe.web.wire import Instant

router = APIRouter(tags=["Audit log"], route_class=AuthenticatedRoute)

Named = Annotated[str | None, Query(max_length=64, pattern=LINE)]


@router.get("/v3/Audit", summary="List the audit log", responses=problem_responses(400))
def list_events(
    account: AccountSid,
    log: Annotated[AuditLog, of_application("audit")],
    paging: Paging,
    created_after: Annotated[Instant | None, Query(alias="createdAfter")] = None,
    created_before: Annotated[Instant | None, Query(alias="createdBefore")] = None,
    subject: Named = None,
    actor: Named = None,
    action: Annotated[Action | None, Query()] = None,
) -> AuditEventList:
    """Newest first: who read, changed, exported or deleted what, and who tried to get in.

    `createdAfter` is inclusive, `createdBefore` is not; a `pageSize` above 100 is taken as 100. `subject` is the id of
    what it was done to, `actor` the SID of the account (for its auth token) or of an API key, `operator` (the command
    line) or `callscribe` (the program itself).
    """
    filters = AuditFilters(created_after, created_before, subject, actor, None if action is None else action.value)
    page = log.page(account, filters, paging.token, paging.size)
    return AuditEventList(
        events=[AuditEventResource.of(row) for row in page.rows],
        meta=AuditEventListMeta(**paging.place(page)),
    )
