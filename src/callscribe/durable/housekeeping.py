"""What becomes of workflows that have ended: those given up are named, old ones are forgotten."""

from collections.abc import Sequence
from datetime import timedelta

from dbos import DBOS

from callscribe.db.base import now
from callscribe.durable.system_tables import BROKEN, GIVEN_UP

KEPT = timedelta(days=1)
"""How long DBOS remembers a workflow that has ended; the job's own row stays for good."""

BATCH = 500


def abandoned(*names: str, statuses: Sequence[str] = (BROKEN, GIVEN_UP)) -> list[str]:
    """Ids of the workflows of these names that were given up, since every worker that took them died, or that broke."""
    workflows = DBOS.list_workflows(
        name=list(names),
        status=list(statuses),
        sort_desc=True,
        limit=BATCH,
        load_input=False,
        load_output=False,
    )
    return [workflow.workflow_id for workflow in workflows]


def forget_ended() -> int:
    """Delete a batch of workflows that ended longer than `KEPT` ago, with their checkpoints; returns how many."""
    workflows = DBOS.list_workflows(
        status=["SUCCESS", BROKEN, "CANCELLED", GIVEN_UP],
        completed_before=(now() - KEPT).isoformat(),
        limit=BATCH,
        load_input=False,
        load_output=False,
    )
    if workflows:
        DBOS.delete_workflows([workflow.workflow_id for workflow in workflows])
    return len(workflows)
