"""The pieces of work that a job is divided into: names and ids of their workflows."""

from typing import Final

TRANSCRIBE: Final = "transcribe"
RECOGNIZE: Final = "recognize"
RECOGNIZE_CHUNK: Final = "recognize_chunk"

ALL: Final = (TRANSCRIBE, RECOGNIZE, RECOGNIZE_CHUNK)
"""The names of the workflows. `transcribe` has the id of its transcription."""

_RECOGNITION: Final = "-recognition"
_CHUNK: Final = "-chunk-"


def recognition_id(transcription_id: str) -> str:
    """The id of a job's workflow `recognize`."""
    return f"{transcription_id}{_RECOGNITION}"


def chunk_id(transcription_id: str, number: int) -> str:
    """The id of a chunk's workflow `recognize_chunk`."""
    return f"{transcription_id}{_CHUNK}{number}"


def job_of(workflow_id: str) -> str:
    """The transcription that a workflow works for."""
    return workflow_id.removesuffix(_RECOGNITION).partition(_CHUNK)[0]
