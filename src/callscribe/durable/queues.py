"""The queues, and putting a workflow into one inside the caller's transaction."""

from enum import StrEnum
from typing import Any

from dbos import DBOS, DBOSClient, EnqueueOptions
from sqlalchemy.orm import Session

from callscribe.db.engine import Database
from callscribe.settings import Settings

WORKFLOW_INSTANCE = "callscribe"
"""Name under which the one instance of each workflow class is registered."""

PROTOCOL_VERSION = "2"
"""DBOS resumes a workflow only with code of the same version. Raise this when the steps of a workflow
change in a way that half-done work cannot follow; then let the old workers drain first."""


class Queue(StrEnum):
    """Where work waits. All are partitioned by account, so that no account starves another."""

    TRANSCRIPTIONS = "transcriptions"
    CHUNKS = "chunks"
    CALLBACKS = "callbacks"
    ERASURES = "erasures"
    READING = "reading"


class WorkQueue:
    """Puts workflows into queues from any process; runs none itself."""

    def __init__(self, database: Database) -> None:
        self._client = DBOSClient(system_database_engine=database.engine, lazy=True)

    def enqueue(
        self, session: Session, queue: Queue, workflow: str, workflow_id: str, account_sid: str, *arguments: Any
    ) -> None:
        """Queue `class.method` as part of the session's transaction. An id that is there already is left alone."""
        class_name, method = workflow.split(".")
        options: EnqueueOptions = {
            "queue_name": queue.value,
            "workflow_name": method,
            "class_name": class_name,
            "instance_name": WORKFLOW_INSTANCE,
            "workflow_id": workflow_id,
            "queue_partition_key": account_sid,
            "app_version": PROTOCOL_VERSION,
        }
        self._client.enqueue_in_transaction(session, options, *arguments)

    def close(self) -> None:
        """Let go of the client."""
        self._client.destroy()


def register_queues(settings: Settings) -> None:
    """Write the queues' limits to the database. Called once by each worker after DBOS is launched."""
    DBOS.register_queue(
        Queue.TRANSCRIPTIONS,
        worker_concurrency=settings.worker_concurrency,
        partition_concurrency=settings.account_concurrency,
        polling_interval_sec=0.25,
        on_conflict="always_update",
    )
    # Chunks of long calls have places of their own, so that short calls always find some, and few: the model takes
    # one request at a time, and each chunk in hand has a decoder.
    DBOS.register_queue(
        Queue.CHUNKS,
        worker_concurrency=settings.worker_chunks,
        partition_concurrency=settings.account_concurrency,
        polling_interval_sec=0.25,
        on_conflict="always_update",
    )
    # A callback mostly waits, for an answer or for its next attempt: many fit into one worker.
    DBOS.register_queue(
        Queue.CALLBACKS,
        worker_concurrency=64,
        partition_concurrency=32,
        polling_interval_sec=0.25,
        on_conflict="always_update",
    )
    DBOS.register_queue(
        Queue.ERASURES,
        worker_concurrency=8,
        partition_concurrency=4,
        polling_interval_sec=0.5,
        on_conflict="always_update",
    )
    # Each waits for Twilio, in an outage for long.
    DBOS.register_queue(
        Queue.READING,
        worker_concurrency=16,
        partition_concurrency=16,
        polling_interval_sec=0.5,
        on_conflict="always_update",
    )
