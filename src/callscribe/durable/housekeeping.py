"""What becomes of workflows that have ended: those given up are named, old ones are forgotten."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from dbos import DBOS

from callscribe.db.base import now
from callscribe.durable.system_tables import BROKEN, GIVEN_UP

KEPT: Final = timedelta(days=1)
"""How long DBOS remembers a workflow that has ended; the job's own row stays for good."""

KEPT_ABANDONED: Final = timedelta(days=7)
"""The same for one that was given up or broke: time enough to end what it was for, though no worker runs for days."""

BATCH: Final = 500


def abandoned(*names: str, statuses: Sequence[str] = (BROKEN, GIVEN_UP)) -> list[str]:
    """Ids of the workflows of these names that were given up, since every worker that took them died, or that broke.

    Oldest first, and all of them: also those whose work was ended since.
    """
    found: list[str] = []
    while True:
        workflows = DBOS.list_workflows(
            name=list(names),
            status=list(statuses),
            limit=BATCH,
            offset=len(found),
            load_input=False,
            load_output=False,
        )
        found += [workflow.workflow_id for workflow in workflows]
        if len(workflows) < BATCH:
            return found


def forget_ended() -> int:
    """Delete a batch of workflows that ended long enough ago, with their checkpoints; returns how many."""
    kept = {("SUCCESS", "CANCELLED"): KEPT, (BROKEN, GIVEN_UP): KEPT_ABANDONED}
    ended = [
        workflow.workflow_id
        for statuses, period in kept.items()
        for workflow in DBOS.list_workflows(
            status=list(statuses),
            completed_before=(now() - period).isoformat(),
            limit=BATCH,
            load_input=False,
            load_output=False,
        )
    ]
    if ended:
        DBOS.delete_workflows(ended)
    return len(ended)
