"""What is measured, by its Prometheus name; every name and label is here.

The instruments are of the process, as its log is: what does something counts it. What is
known only when somebody asks (queues, memory, connections) is a family of which a collector gives the values.
Labels have few values each: no ids of jobs, and of accounts only the busiest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from callscribe.errors import Code

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

REGISTRY = CollectorRegistry()

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_FACTORS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0)

HTTP_SECONDS = Histogram(
    "callscribe_http_request_seconds",
    "Time that requests took, by the template of their path.",
    ["method", "route", "status"],
    buckets=_QUICK,
    registry=REGISTRY,
)
JOBS = Counter(
    "callscribe_jobs_total",
    "Jobs that came into a status; PENDING are the new ones.",
    ["status"],
    registry=REGISTRY,
)
FAILURES = Counter("callscribe_job_failures_total", "Jobs that failed, by code.", ["code"], registry=REGISTRY)
STAGE_SECONDS = Histogram(
    "callscribe_stage_seconds",
    "Time that each attempt at a stage of a job took.",
    ["stage", "outcome"],
    buckets=_LONG,
    registry=REGISTRY,
)
AUDIO_SECONDS = Counter(
    "callscribe_audio_seconds_total",
    "Seconds of recordings that were recognised.",
    ["engine", "model"],
    registry=REGISTRY,
)
WORDS = Counter("callscribe_words_total", "Words that were recognised.", ["engine", "model"], registry=REGISTRY)
REAL_TIME_FACTOR = Histogram(
    "callscribe_real_time_factor",
    "Time that the recognition of a chunk took, over the length of the chunk; waiting for the model included.",
    ["engine", "model"],
    buckets=_FACTORS,
    registry=REGISTRY,
)
PROVIDER_REQUESTS = Counter(
    "callscribe_provider_requests_total",
    "Requests to providers of speech recognition: sent, answered, refused; what is neither is not known.",
    ["engine", "outcome"],
    registry=REGISTRY,
)
PROVIDER_SECONDS = Counter(
    "callscribe_provider_audio_seconds_total",
    "Seconds of audio that were sent to providers of speech recognition, those that were refused with them.",
    ["engine", "model"],
    registry=REGISTRY,
)
PROVIDER_COST = Counter(
    "callscribe_provider_cost_total",
    "What that cost by `CALLSCRIBE_PRICES`.",
    ["engine", "model"],
    registry=REGISTRY,
)
CALLBACK_SECONDS = Histogram(
    "callscribe_callback_attempt_seconds",
    "Time that each attempt to deliver a callback took, by its outcome and number.",
    ["outcome", "attempt"],
    buckets=_LONG[:10],
    registry=REGISTRY,
)
MODEL_STARTS = Counter("callscribe_model_starts_total", "Processes of the model that were started.", registry=REGISTRY)
TAKEOVERS = Counter("callscribe_takeovers_total", "Dead workers whose work was taken over.", registry=REGISTRY)
TAKEN_OVER = Counter("callscribe_taken_over_total", "Pieces of work taken over from them.", registry=REGISTRY)
CHECKS = Counter(
    "callscribe_recognition_checks_total", "Trials whether recognition works.", ["outcome"], registry=REGISTRY
)

# What an alert looks at begins at zero, or its first time would not be seen as an increase.
for _status in ("PENDING", "RUNNING", "COMPLETED", "FAILED"):
    JOBS.labels(_status)
for _code in Code:
    if 17550 <= _code <= 17566 and _code not in {Code.ADDRESSES_UNRESOLVED, Code.CALLBACK_TOO_LARGE}:
        FAILURES.labels(str(int(_code)))
for _outcome in ("well", "failed"):
    CHECKS.labels(_outcome)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure that is looked up when somebody asks."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def family(self, *values: tuple[tuple[str, ...], float]) -> GaugeMetricFamily:
        """The figure with its values, each with those of its labels."""
        family = GaugeMetricFamily(self.name, self.help, labels=self.labels)
        for labels, value in values:
            family.add_metric(labels, value)
        return family


QUEUE_WAITING = Gauge(
    "callscribe_queue_waiting",
    "Pieces of work that wait, of the busiest accounts and of all others.",
    ("queue", "account"),
)
QUEUE_OLDEST = Gauge("callscribe_queue_oldest_seconds", "Age of the oldest of them.", ("queue", "account"))
QUEUE_RUNNING = Gauge("callscribe_queue_running", "Pieces of work in hand on all workers.", ("queue",))
QUEUE_COUNTED = Gauge(
    "callscribe_queue_counted_all", "1 where all that waits was counted, 0 where there is more than is ever counted."
)
QUEUE_UNSERVED = Gauge(
    "callscribe_queue_unserved", "1 for each model that work waits for and no live worker has.", ("engine", "model")
)
PROVIDER_DAY = Gauge(
    "callscribe_provider_day_audio_seconds",
    "Seconds of audio that were sent to providers in 24 hours, of the accounts that sent the most.",
    ("account", "engine", "model"),
)
DATABASE_UP = Gauge("callscribe_database_up", "Whether the database answered.")
WORKERS = Gauge("callscribe_workers", "Workers that are alive, by role, engine and model.", ("role", "engine", "model"))
WORKERS_FAILING = Gauge("callscribe_workers_failing", "Live workers whose last trial of recognition failed.")
RECOGNIZED_AT = Gauge(
    "callscribe_last_recognition_timestamp_seconds", "When any live worker recognised something last."
)
CONNECTIONS = Gauge(
    "callscribe_database_connections", "Connections of a process to the database, by state.", ("process", "state")
)
MEMORY = Gauge(
    "callscribe_memory_bytes",
    "Memory of a process: rss all that it has in memory, pss with what it shares counted in part.",
    ("process", "kind"),
)
MODEL_LOADED = Gauge("callscribe_model_loaded", "Whether a process with the model runs.")
WORKER_UP = Gauge("callscribe_worker_up", "Whether the worker beside this server answered just now.")
BUILD = Gauge("callscribe_build_info", "The version that runs.", ("process", "version"))

GAUGES = tuple(each for each in list(globals().values()) if isinstance(each, Gauge))


class Relayed(Collector):
    """The metrics of another process, as it wrote them."""

    def __init__(self, text: str) -> None:
        self._text = text

    def collect(self) -> Iterator[Metric]:
        """What it measured."""
        yield from text_string_to_metric_families(self._text)


class Fixed(Collector):
    """A family that is known already."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        """It."""
        yield self._family


class _Of(Collector):
    """The instruments of this process, each series with its name as a label: one server may show two processes."""

    def __init__(self, process: str) -> None:
        self._process = process

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            family.samples = [
                sample._replace(labels={**sample.labels, "process": self._process})
                for sample in family.samples
                if not sample.name.endswith("_created")  # as many series again, and of no use to a rate
            ]
            yield family


class _Merged(Collector):
    """Families of several collectors, each name once, as the format wants it."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for collector in self._collectors:
            for family in collector.collect():
                known = families.setdefault(family.name, family)
                if known is not family:
                    known.samples += family.samples
        yield from families.values()


def exposition(process: str, *collectors: Collector) -> bytes:
    """What the instruments of this process and these collectors say, in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged([_Of(process), *collectors]))
    return generate_latest(registry)


def names() -> dict[str, frozenset[str]]:
    """Every series by name with its labels, as queries name them."""
    found = {each.name: frozenset(each.labels) for each in GAUGES}
    for family in REGISTRY.collect():
        instrument = REGISTRY._names_to_collectors[family.name]  # noqa: SLF001  for tests of dashboards
        labels = frozenset(instrument._labelnames) | {"process"}  # type: ignore[attr-defined]  # noqa: SLF001
        if family.type == "histogram":
            found |= {f"{family.name}_{suffix}": labels for suffix in ("count", "sum")}
            found[f"{family.name}_bucket"] = labels | {"le"}
        else:
            found[f"{family.name}_total" if family.type == "counter" else family.name] = labels
    return found
