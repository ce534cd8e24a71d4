"""What becomes of workflows that have ended: those that broke are named, old ones are forgotten."""

from datetime import timedelta
from typing import Final

from dbos import DBOS

from callscribe.db.base import now

KEPT: Final = timedelta(days=1)
"""How long DBOS remembers a workflow that has ended; the job's own row stays for good."""

BROKEN: Final = "ERROR"
"""Ended with an exception that nothing in it had reckoned with."""

KEPT_BROKEN: Final = timedelta(days=7)
"""The same for one that broke: time enough to end what it was for, though no worker runs for days."""

BATCH: Final = 500


def broken(*names: str) -> list[str]:
    """Ids of the workflows of these names that broke.

    Oldest first, and all of them: also those whose work was ended since.
    """
    found: list[str] = []
    while True:
        workflows = DBOS.list_workflows(
            name=list(names),
            status=BROKEN,
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
    kept = {("SUCCESS", "CANCELLED"): KEPT, (BROKEN,): KEPT_BROKEN}
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
