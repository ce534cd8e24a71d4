"""The durable work of recordings: erasing them."""

from collections.abc import Callable

import structlog
from dbos import DBOS, DBOSConfiguredInstance

from callscribe.db.engine import Database
from callscribe.durable.at_work import step, workflow
from callscribe.durable.queues import WORKFLOW_INSTANCE, Queue, WorkQueue
from callscribe.media.blobs import BlobStore
from callscribe.recordings.intake import sweep

BeforeErasure = Callable[[str, str], None]
"""Given the account and the SID of a recording that is gone from the list, whose audio is about to be erased."""

LATE = 10.0
"""Seconds after which is erased once more what somebody wrote who had not noticed: a rendition, say."""

_log = structlog.get_logger(__name__)


def _nothing(_account_sid: str, _sid: str) -> None:
    pass


@DBOS.dbos_class()
class RecordingWorkflows(DBOSConfiguredInstance):
    """Workflows for recordings, with what they need."""

    def __init__(
        self, database: Database, queue: WorkQueue, blobs: BlobStore, before_erasure: BeforeErasure = _nothing
    ) -> None:
        self._database = database
        self._queue = queue
        self._blobs = blobs
        self._before_erasure = before_erasure
        super().__init__(WORKFLOW_INSTANCE)

    @workflow("erase_recording")
    def erase_recording(self, account_sid: str, sid: str | None, folder: str) -> None:
        """Erase the audio of a recording that was deleted, or that came to nothing; then there is no `sid`."""
        if sid is not None:
            self.hand_over(account_sid, sid)
        self.erase_folder(folder)
        self.queue_again(account_sid, folder)

    @workflow("erase_recording_late")
    def erase_recording_late(self, folder: str) -> None:
        """Erase what somebody wrote who had not noticed."""
        self.erase_folder(folder)

    @step(attempts=10)
    def queue_again(self, account_sid: str, folder: str) -> None:
        """Have the folder erased once more, `LATE` seconds later."""
        with self._database.write() as session:
            name = f"erase_{folder.replace('/', '_')}-late"
            arguments = (Queue.ERASURES, "RecordingWorkflows.erase_recording_late", name, account_sid, folder)
            self._queue.enqueue(session, *arguments, delay=LATE)

    @step(attempts=10, backoff=2.0)
    def hand_over(self, account_sid: str, sid: str) -> None:
        """Let those have the audio who were promised it."""
        self._before_erasure(account_sid, sid)

    @step(attempts=10, backoff=2.0)
    def erase_folder(self, folder: str) -> None:
        """Everything under the folder."""
        self._blobs.delete_prefix(folder)

    def sweep(self) -> None:
        """Have erased what killed processes left of recordings that were coming in."""
        if found := sweep(self._database, self._queue):
            _log.info("recordings.swept", intakes=found)
