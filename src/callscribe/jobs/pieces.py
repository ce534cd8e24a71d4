"""The pieces of work that a job is divided into: names and ids of their workflows, and their turns in a queue."""

from datetime import UTC, datetime
from typing import Final

from callscribe.durable.queues import rank
from callscribe.transcriptions.tables import Transcription

TRANSCRIBE: Final = "transcribe"
RECOGNIZE: Final = "recognize"
RECOGNIZE_CHUNK: Final = "recognize_chunk"

ALL: Final = (TRANSCRIBE, RECOGNIZE, RECOGNIZE_CHUNK)
"""The names of the workflows."""

_FETCH: Final = "-fetch-"
_RECOGNITION: Final = "-recognition"
_CHUNK: Final = "-chunk-"
_AGAIN: Final = "-again-"
_STAND_IN: Final = "-stand-in"

MOST_AGAIN: Final = 300
"""Times that a recording is offered to its provider, whatever the settings say."""

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


def fetch_id(transcription_id: str, attempt: int) -> str:
    """The id of the workflow `transcribe` that makes a further attempt to fetch; the first has the job's own."""
    return f"{transcription_id}{_FETCH}{attempt}"


def recognition_id(transcription_id: str) -> str:
    """The id of a job's workflow `recognize`."""
    return f"{transcription_id}{_RECOGNITION}"


def chunk_id(transcription_id: str, number: int) -> str:
    """The id of a chunk's workflow `recognize_chunk`."""
    return f"{transcription_id}{_CHUNK}{number}"


def again_id(transcription_id: str, attempt: int) -> str:
    """The id of the workflow `recognize_chunk` that offers a recording once more to its provider, from 1."""
    return f"{transcription_id}{_AGAIN}{attempt}"


def stand_in_id(transcription_id: str) -> str:
    """The id of the workflow `recognize` with the engine that stands in for a provider."""
    return f"{transcription_id}{_STAND_IN}"


def job_of(workflow_id: str) -> str:
    """The transcription that a workflow works for."""
    for kind in (_RECOGNITION, _CHUNK, _FETCH, _AGAIN, _STAND_IN):
        workflow_id = workflow_id.partition(kind)[0]
    return workflow_id


def turn(row: Transcription, number: int = 0) -> int:
    """Where a piece of a job stands among those of its account: by the job's priority, then by turn.

    The first chunk has the turn of the minute in which its job came, and each further one that of a minute later. So
    calls that come together advance together, a shorter one need not wait for the end of a longer one, and what has
    waited long enough comes before anything new.
    """
    minute = int((row.created_at - _EPOCH).total_seconds() // 60)
    return rank(row.resolved_configuration.priority, minute + number)
