"""The wire format of `/v3/System`, an addition of ours."""

from typing import Annotated, Literal, Self

from pydantic import Field

from callscribe.accounts.retention import KINDS, Layer, Retention
from callscribe.accounts.tables import Account
from callscribe.durable import workers
from callscribe.durable.queue_stats import InHand, QueueStats
from callscribe.durable.tables import Worker
from callscribe.monitoring.readiness import Report
from callscribe.speech.catalogue import Source
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.models import Task
from callscribe.speech.prices import Prices
from callscribe.system.engines import SystemEngine, SystemEngines
from callscribe.system.findings import Finding
from callscribe.system.limits import LimitOfAccount, limits_of
from callscribe.system.models import SystemModel
from callscribe.system.pulls import Pull, Status, Step
from callscribe.transcriptions.quotas import Standing
from callscribe.transcriptions.retention import SWEEP_EVERY
from callscribe.web.wire import ListMeta, Timestamp, Wire, from_row

Count = Annotated[int, Field(ge=0)]


class FindingResource(Wire):
    """What was looked at, and what was seen there; where it is not well, what to do."""

    subject: str
    well: bool
    detail: str

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """From what was found."""
        return cls(subject=finding.subject, well=finding.well, detail=finding.text)


class HealthResource(Wire):
    """Whether jobs are taken and done (`ready`, as `/readyz` has it), and what `callscribe doctor` says."""

    ready: bool
    problems: list[str]
    findings: list[FindingResource]

    @classmethod
    def of(cls, report: Report, findings: list[Finding]) -> Self:
        """From both."""
        return cls(
            ready=report.ready, problems=report.problems, findings=[FindingResource.of(each) for each in findings]
        )


class RefusalResource(Wire):
    """That a provider did not take its key the last time that it was asked."""

    detail: str
    refused_at: Timestamp


class SystemEngineResource(Wire):
    """An engine of this installation."""

    name: str
    runs: Literal["here", "provider"]
    models: list[str] = Field(description="None where it cannot be used: a provider without a key, for instance.")
    sends_to: str | None = Field(description="The host that gets the recordings of jobs which ask for it.")
    refusal: RefusalResource | None

    @classmethod
    def of(cls, engine: SystemEngine) -> Self:
        """From what is known of it."""
        refusal = engine.refusal
        return cls(
            name=engine.name,
            runs="provider" if engine.is_provider else "here",
            models=list(engine.models),
            sends_to=engine.sends_to,
            refusal=None if refusal is None else RefusalResource(detail=refusal[0], refused_at=refusal[1]),
        )


class RouteResource(Wire):
    """Who serves what asks for one of Twilio's engines."""

    engine: str
    order: list[Literal["local", "provider"]] = Field(
        description="Who is asked first, and who when that one is out. Empty where it is refused."
    )


class SentResource(Wire):
    """Audio that was sent to a provider for an account."""

    account_id: str
    engine: str
    model: str
    seconds: float
    cost: float | None = Field(description="By `CALLSCRIBE_PRICES`; null without a price.")


class SystemEnginesResource(Wire):
    """The engines, who serves Twilio's names, and what was sent to providers in the last 30 days, the most first."""

    engines: list[SystemEngineResource]
    routes: list[RouteResource]
    sent: list[SentResource]
    currency: str | None = Field(description="Of the costs, where `CALLSCRIBE_PRICES` names one.")

    @classmethod
    def of(cls, found: SystemEngines, prices: Prices) -> Self:
        """As they are now, with what it cost."""
        return cls(
            engines=[SystemEngineResource.of(each) for each in found.engines],
            routes=[
                RouteResource.model_validate({"engine": name, "order": order}) for name, order in found.routes.items()
            ],
            sent=[
                SentResource(
                    account_id=each.account_sid,
                    engine=each.engine,
                    model=each.model,
                    seconds=round(each.seconds, 1),
                    cost=prices.cost(ServedBy(each.engine, each.model), each.seconds),
                )
                for each in found.sent
            ],
            currency=prices.currency,
        )


class InHandResource(Wire):
    """Pieces of work of one queue, and since when a worker has the first of them."""

    queue: str
    count: Count
    since: Timestamp


class WorkerResource(Wire):
    """A worker that was seen in the last 15 seconds, and what it says of itself."""

    id: str
    version: str
    started_at: Timestamp
    seen_at: Timestamp
    roles: list[str] = Field(description="The queues that it serves.")
    models: list[str] = Field(description="Those that it recognises with, as `ENGINE/MODEL`.")
    device: str | None = Field(description="`cpu` or `cuda`; null where it does not recognise.")
    recognized_at: Timestamp | None = Field(description="When its model last answered, to a job or a trial.")
    failing: bool = Field(description="Whether the last that is known of its recognition is that it failed.")
    check_error: str | None = Field(description="What was wrong at its last trial of recognition.")
    in_hand: list[InHandResource]

    @classmethod
    def of(cls, row: Worker, in_hand: list[InHand]) -> Self:
        """From its row, and what all have in hand."""
        own = [
            InHandResource(queue=each.queue, count=each.count, since=each.since)
            for each in in_hand
            if each.worker == row.id
        ]
        return from_row(cls, row, failing=workers.failing(row), in_hand=own)


class QueueResource(Wire):
    """A queue in which something waits or is in hand. What waits for its time, a second attempt, say, is not in it."""

    queue: str
    waiting: Count
    running: Count
    oldest_waiting_seconds: float | None = Field(description="For how long the oldest waits; null where none does.")
    unserved: bool = Field(description="Whether no live worker has the model that it waits for.")


class QueuesResource(Wire):
    """All of them."""

    complete: bool = Field(description="Whether everything was counted: no more than 100,000 pieces are.")
    queues: list[QueueResource]

    @classmethod
    def of(cls, stats: QueueStats, unserved: set[str]) -> Self:
        """From what was counted, and the queues that nobody serves."""
        names = sorted({each.queue for each in stats.waiting} | set(stats.running))
        queues = []
        for name in names:
            waiting = [each for each in stats.waiting if each.queue == name]
            queues.append(
                QueueResource(
                    queue=name,
                    waiting=sum(each.waiting for each in waiting),
                    running=stats.running.get(name, 0),
                    oldest_waiting_seconds=max((round(each.oldest, 1) for each in waiting), default=None),
                    unserved=name in unserved,
                )
            )
        return cls(complete=stats.complete, queues=queues)


KeptDays = float | Literal["forever"]


class PolicyResource(Wire):
    """For how many days what is kept, see docs/operations.md."""

    media_days: KeptDays
    transcript_days: KeptDays
    callback_days: KeptDays
    job_days: KeptDays
    recording_days: KeptDays
    conversation_days: KeptDays

    @classmethod
    def of(cls, *layers: Layer | None) -> Self:
        """What holds, the first layers before the others."""
        kept = Retention.of(*layers)
        days = {f"{kind}_days": getattr(kept, kind) for kind in KINDS}
        return cls(**{name: "forever" if each is None else each for name, each in days.items()})


class DueResource(Wire):
    """When something is due next, which is erased by the first sweep behind that; null where nothing ever is."""

    media: Timestamp | None
    transcript: Timestamp | None
    job: Timestamp | None
    callback: Timestamp | None


class RetentionResource(Wire):
    """How long things are kept where neither account nor configuration says, and when what is due is erased."""

    policy: PolicyResource
    sweep_every_seconds: float = SWEEP_EVERY
    last_swept_at: Timestamp | None = Field(description="By the live workers; null where none has swept yet.")
    next_due: DueResource


class LimitResource(Wire):
    """`limit` is null where there is none, `used` where it is not counted."""

    limit: str | int | float | None
    used: int | float | None
    is_own: bool = Field(description="Whether it is the account's own, and not the settings'.")

    @classmethod
    def of(cls, limit: LimitOfAccount) -> Self:
        """From what was looked up."""
        return cls(limit=limit.limit, used=limit.used, is_own=limit.is_own)


class LimitsResource(Wire):
    """What an account may use, and uses; see docs/operations.md."""

    requests: LimitResource
    jobs_waiting: LimitResource
    jobs_running: LimitResource
    audio_hours: LimitResource
    stored_bytes: LimitResource


class SystemAccount(Wire):
    """An account, its limits and how long its things are kept."""

    sid: str
    name: str
    created_at: Timestamp
    limits: LimitsResource
    retention: PolicyResource

    @classmethod
    def of(cls, account: Account, standing: Standing, retention: Layer) -> Self:
        """From its row, what it uses, and the server's own retention."""
        limits = {name: LimitResource.of(limit) for name, limit in limits_of(account, standing).items()}
        kept = PolicyResource.of(account.retention, retention)
        return from_row(cls, account, limits=LimitsResource(**limits), retention=kept)


class SystemAccountList(Wire):
    """A page of accounts, oldest first."""

    accounts: list[SystemAccount]
    meta: ListMeta


class PullResource(Wire):
    """How far a model is that is got. INTERRUPTED: what did it ended before it was done, and can be begun again."""

    model: str
    status: Status
    began_at: Timestamp
    step: Step
    done: Count = Field(description="Bytes while it is got, windows of speech while it is prepared.")
    total: Count | None = Field(description="Of how many; null where that is not known.")
    error: str | None = Field(description="Why it failed, and what to do.")

    @classmethod
    def of(cls, pull: Pull) -> Self:
        """From what was written down."""
        return from_row(cls, pull)


class WordErrorsResource(Wire):
    """Words of a hundred that a model gets wrong in a language, by its authors' figures."""

    language: str
    percent: float
    recordings: str


class ModelResource(Wire):
    """A model that this server knows: of the catalogue, or of its models folder."""

    name: str
    title: str
    task: Task
    languages: list[str] = Field(description="ISO 639-1; none is all.")
    serves: list[str] = Field(description="The locales, and `multi`, for which `CALLSCRIBE_MODEL` has it.")
    is_here: bool = Field(description="Whether it can be used without a network.")
    source: Source = Field(description="Where it is, or would be got from.")
    size: int | None = Field(description="Bytes; null where that is not known before it is got.")
    licence: str
    word_errors: list[WordErrorsResource]
    speed: float | None = Field(description="In times real time, by `callscribe models measure` on this machine.")
    workers: Count = Field(description="Live workers that recognise with it.")
    pull: PullResource | None

    @classmethod
    def of(cls, model: SystemModel) -> Self:
        """From what was looked up."""
        errors = [from_row(WordErrorsResource, each) for each in model.entry.word_errors]
        return from_row(
            cls,
            model.entry,
            word_errors=errors,
            serves=model.serves,
            is_here=model.is_here,
            speed=model.speed,
            workers=model.workers,
            pull=None if model.pull is None else PullResource.of(model.pull),
        )


class ModelList(Wire):
    """All of them."""

    models: list[ModelResource]


class SystemResource(Wire):
    """The installation, as the server that answers sees it."""

    version: str
    health: HealthResource
    workers: list[WorkerResource]
    queues: QueuesResource
    retention: RetentionResource
