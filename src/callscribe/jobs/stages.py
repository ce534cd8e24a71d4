"""What is seen of the work on a job: its ids in the log, the time of each stage, the speed of recognition."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from callscribe.db.engine import Database
from callscribe.errors import Cancelled, JobError
from callscribe.observability import metrics, tracing
from callscribe.observability.context import bound
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.interface import Segment
from callscribe.transcriptions import repository
from callscribe.transcriptions.tables import Chunk, Transcription

Self_ = TypeVar("Self_")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Step = Callable[Concatenate[Self_, str, Parameters], Result]
"""A method that does a stage of the job whose id it is given."""


@contextmanager
def working_on(database: Database, transcription_id: str) -> Iterator[None]:
    """Let the block be about a job: its lines in the log, also those of libraries, and its spans.

    Works without the database as well, when there is less to say.
    """
    known: dict[str, Any] = {}
    # What is done for the job says so itself, and waits.
    with suppress(Exception), database.read() as session:
        known = repository.origin(session, transcription_id)
    with bound(transcription=transcription_id, **known):
        yield


def stage(name: str) -> Callable[[Step[Self_, Parameters, Result]], Step[Self_, Parameters, Result]]:
    """Time each attempt at a stage of a job, and make it a span of the job's trace."""

    def observed(step: Step[Self_, Parameters, Result]) -> Step[Self_, Parameters, Result]:
        @wraps(step)
        def run(self: Self_, transcription_id: str, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            outcome, begin = "failed", time.perf_counter()
            with tracing.span(name, callscribe__transcription=transcription_id) as span:
                try:
                    result = step(self, transcription_id, *args, **kwargs)
                    outcome = "done"
                except Cancelled:
                    outcome = "cancelled"
                    raise
                except JobError as error:
                    span.set(callscribe__code=int(error.code))
                    raise
                else:
                    return result
                finally:
                    span.set(callscribe__outcome=outcome)
                    metrics.STAGE_SECONDS.labels(name, outcome).observe(time.perf_counter() - begin)

        return cast("Step[Self_, Parameters, Result]", run)

    return observed


Recognition = Callable[[Self_, Transcription, Chunk], list[Segment]]
"""A method that recognises a chunk of a job."""


def recognition(recognize: Recognition[Self_]) -> Recognition[Self_]:
    """Count what is recognised, and say how fast it was."""

    @wraps(recognize)
    def run(self: Self_, row: Transcription, chunk: Chunk) -> list[Segment]:
        begin = time.perf_counter()
        segments = recognize(self, row, chunk)
        _count(row.served_by, chunk, segments, time.perf_counter() - begin)
        return segments

    return run


def _count(served_by: ServedBy, chunk: Chunk, segments: Sequence[Segment], seconds: float) -> None:
    labels = served_by.engine, served_by.model
    metrics.AUDIO_SECONDS.labels(*labels).inc(chunk.length)
    metrics.WORDS.labels(*labels).inc(sum(len(segment.words) for segment in segments))
    if chunk.length > 0:
        metrics.REAL_TIME_FACTOR.labels(*labels).observe(seconds / chunk.length)
