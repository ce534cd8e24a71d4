"""What comes of an evaluation, as it is kept, printed with `--format json`, and answered."""

from typing import Annotated, Literal

from pydantic import Field

from callscribe.web.wire import ListMeta, Timestamp, Wire

Count = Annotated[int, Field(ge=0)]


class IntervalResource(Wire):
    """From where to where a figure would be in 95 of 100 such samples of recordings."""

    low: float
    high: float


class WrongWordResource(Wire):
    """A word that is often wrong, and may do as a key term."""

    word: str
    said: Count = Field(description="How often it was said.")
    wrong: Count = Field(description="How often it was left out, or something else was heard.")
    heard: list[str] = Field(description="What was heard in its place, most often first; three at most.")


class FailureResource(Wire):
    """A recording that was left out, or that an engine failed on, and why."""

    recording: str
    reason: str


class EngineResult(Wire):
    """How one engine did with one model, over the recordings that every engine did."""

    engine: str
    model: str
    word_error_rate: float | None = Field(description="Errors for a word that was said; null where it did nothing.")
    interval: IntervalResource | None = Field(description="Of that rate; null where fewer than two are compared.")
    above_best: IntervalResource | None = Field(
        description="By how much that rate is above that of the first, over the same draws of recordings: an interval "
        "that has 0 in it says that these recordings cannot tell the two apart."
    )
    words: Count = Field(description="That were said.")
    substitutions: Count
    deletions: Count
    insertions: Count
    seconds: float = Field(ge=0, description="Of work; loading its model is not in it.")
    real_time_factor: float | None = Field(description="Seconds of work for a second of audio.")
    peak_memory_bytes: Count | None = Field(description="Of its own process; null where it has none here.")
    cost: float | None = Field(description="By `CALLSCRIBE_PRICES`, for each channel; null without a price.")
    failed: list[FailureResource]
    most_wrong: list[WrongWordResource] = Field(
        description="Wrong in half of the times that they were said, or more; most often wrong first."
    )


class RecordingResult(Wire):
    """One of the recordings that are compared."""

    name: str
    seconds: float
    words: Count
    errors: list[Count] = Field(description="Of each engine that did anything, in the order of `engines`.")


class EvaluationReport(Wire):
    """What came of it. The engines come with the least errors first; those that did nothing last."""

    version: str = Field(description="Of callscribe.")
    source: Literal["folder", "corrections"]
    language: str | None = Field(description="That was asked for; null where each recording was taken in its own.")
    keyterms: list[str]
    is_complete: bool = Field(description="False where it was interrupted: then this is what was done by then.")
    audio_seconds: float = Field(description="Of the recordings that are compared.")
    currency: str | None = Field(description="ISO 4217, of costs; null where none is said.")
    own_peak_memory_bytes: Count = Field(description="Of the process that ran the engines and compared.")
    engines: list[EngineResult]
    recordings: list[RecordingResult] = Field(description="That every engine did; rates are over these.")
    left_out: list[FailureResource]


class EvaluationSummaryResult(Wire):
    """An engine with its rate, in a list."""

    engine: str
    model: str
    word_error_rate: float | None


class EvaluationSummary(Wire):
    """An evaluation in a list."""

    id: str
    created_at: Timestamp
    title: str
    recordings: Count
    engines: list[EvaluationSummaryResult]


class EvaluationResource(Wire):
    """An evaluation that was kept."""

    id: str
    created_at: Timestamp
    title: str
    report: EvaluationReport


class EvaluationList(Wire):
    """A page of evaluations, newest first."""

    evaluations: list[EvaluationSummary]
    meta: ListMeta
