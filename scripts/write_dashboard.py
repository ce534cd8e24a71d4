"""Write deploy/grafana/callscribe.json anew: a dashboard over the metrics of `callscribe.observability.metrics`."""

import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "deploy" / "grafana" / "callscribe.json"

RATE = "[$__rate_interval]"
FACTOR = "callscribe_real_time_factor_bucket"

FAILED_SHARE = (
    'sum(increase(callscribe_jobs_total{status="FAILED"}[1h])) / '
    'clamp_min(sum(increase(callscribe_jobs_total{status=~"COMPLETED|FAILED"}[1h])), 1)'
)
SLOWEST = (
    "topk(8, histogram_quantile(0.95, sum by (method, route, le) "
    f"(rate(callscribe_http_request_seconds_bucket{RATE}))))"
)
_POST = '{method="POST",route="/v3/Transcriptions"}'
MEAN_POST = (
    f"sum(rate(callscribe_http_request_seconds_sum{_POST}{RATE})) / "
    f"sum(rate(callscribe_http_request_seconds_count{_POST}{RATE}))"
)

# Title, unit, queries with their legends; a row begins where there is a title alone. What every server says of the
# whole fleet (queues, workers) is taken once, by `max`; what each process says of itself is summed.
PANELS: list[tuple[str, str, list[tuple[str, str]]] | str] = [
    "Now",
    ("Waiting", "short", [("sum(max by (queue, account) (callscribe_queue_waiting))", "waiting")]),
    ("Oldest", "s", [("max(callscribe_queue_oldest_seconds)", "oldest")]),
    ("In hand", "short", [("sum(max by (queue) (callscribe_queue_running))", "in hand")]),
    (
        "Workers",
        "short",
        [
            ('max(sum by (instance) (callscribe_workers{role="recognition"}))', "there for recognition"),
            ("max(callscribe_workers_failing)", "of which recognition fails"),
        ],
    ),
    (
        "Since the last recognition",
        "s",
        [("time() - max(callscribe_last_recognition_timestamp_seconds)", "by any worker")],
    ),
    (
        "Failed",
        "percentunit",
        [
            (
                FAILED_SHARE,
                "of those that ended within an hour",
            )
        ],
    ),
    "Jobs",
    ("Jobs by status", "ops", [(f"sum by (status) (rate(callscribe_jobs_total{RATE}))", "{{status}}")]),
    ("Failures by code", "ops", [(f"sum by (code) (rate(callscribe_job_failures_total{RATE}))", "{{code}}")]),
    (
        "Waiting by queue",
        "short",
        [("sum by (queue) (max by (queue, account) (callscribe_queue_waiting))", "{{queue}}")],
    ),
    (
        "Waiting by account",
        "short",
        [("sum by (account) (max by (queue, account) (callscribe_queue_waiting))", "{{account}}")],
    ),
    ("Age of the oldest by queue", "s", [("max by (queue) (callscribe_queue_oldest_seconds)", "{{queue}}")]),
    ("In hand by queue", "short", [("max by (queue) (callscribe_queue_running)", "{{queue}}")]),
    "Recognition",
    (
        "Stages, 95 of 100",
        "s",
        [
            (
                f"histogram_quantile(0.95, sum by (stage, le) (rate(callscribe_stage_seconds_bucket{RATE})))",
                "{{stage}}",
            )
        ],
    ),
    (
        "Stages that fail",
        "ops",
        [(f'sum by (stage) (rate(callscribe_stage_seconds_count{{outcome="failed"}}{RATE}))', "{{stage}}")],
    ),
    (
        "Real-time factor",
        "short",
        [
            (
                f"histogram_quantile({share}, sum by (engine, model, le) (rate({FACTOR}{RATE})))",
                f"{{{{engine}}}}/{{{{model}}}}, {share:.0%}",
            )
            for share in (0.5, 0.95)
        ],
    ),
    (
        "Audio a second",
        "s",
        [(f"sum by (engine, model) (rate(callscribe_audio_seconds_total{RATE}))", "{{engine}}/{{model}}")],
    ),
    ("Words", "wps", [(f"sum by (engine, model) (rate(callscribe_words_total{RATE}))", "{{engine}}/{{model}}")]),
    (
        "Requests to providers",
        "reqps",
        [
            (
                f"sum by (engine, outcome) (rate(callscribe_provider_requests_total{RATE}))",
                "{{engine}}, {{outcome}}",
            )
        ],
    ),
    (
        "Audio sent to providers, a second",
        "s",
        [
            (
                f"sum by (engine, model) (rate(callscribe_provider_audio_seconds_total{RATE}))",
                "{{engine}}/{{model}}",
            )
        ],
    ),
    (
        "Cost at providers, an hour",
        "short",
        [
            (
                f"sum by (engine, model) (rate(callscribe_provider_cost_total{RATE})) * 3600",
                "{{engine}}/{{model}}",
            )
        ],
    ),
    (
        "Audio sent in 24 h, by account",
        "s",
        [("max by (account, engine) (callscribe_provider_day_audio_seconds)", "{{account}}, {{engine}}")],
    ),
    (
        "Models",
        "short",
        [
            ("sum(callscribe_model_loaded)", "loaded"),
            ("sum(increase(callscribe_model_starts_total[5m]))", "started within 5 min"),
            ('sum(increase(callscribe_recognition_checks_total{outcome="failed"}[5m]))', "trials failed within 5 min"),
        ],
    ),
    "Callbacks",
    (
        "Attempts by outcome",
        "ops",
        [(f"sum by (outcome) (rate(callscribe_callback_attempt_seconds_count{RATE}))", "{{outcome}}")],
    ),
    (
        "Attempts by number",
        "ops",
        [(f"sum by (attempt) (rate(callscribe_callback_attempt_seconds_count{RATE}))", "{{attempt}}")],
    ),
    (
        "Time of an attempt, 95 of 100",
        "s",
        [
            (
                f"histogram_quantile(0.95, sum by (le) (rate(callscribe_callback_attempt_seconds_bucket{RATE})))",
                "all outcomes",
            )
        ],
    ),
    "Requests",
    (
        "Requests by status",
        "reqps",
        [(f"sum by (status) (rate(callscribe_http_request_seconds_count{RATE}))", "{{status}}")],
    ),
    (
        "Slowest routes, 95 of 100",
        "s",
        [
            (
                SLOWEST,
                "{{method}} {{route}}",
            )
        ],
    ),
    (
        "Mean time of a POST of a transcription",
        "s",
        [
            (
                MEAN_POST,
                "mean",
            )
        ],
    ),
    "Processes",
    ("Memory (PSS)", "bytes", [('sum by (process) (callscribe_memory_bytes{kind="pss"})', "{{process}}")]),
    (
        "Connections to the database",
        "short",
        [("sum by (process, state) (callscribe_database_connections)", "{{process}}, {{state}}")],
    ),
    (
        "Takeovers",
        "short",
        [
            ("sum(increase(callscribe_takeovers_total[5m]))", "dead workers"),
            ("sum(increase(callscribe_taken_over_total[5m]))", "pieces of work"),
        ],
    ),
    ("Versions", "short", [("sum by (process, version) (callscribe_build_info)", "{{process}} {{version}}")]),
]

WIDTH, HEIGHT, COLUMNS = 8, 8, 24


def dashboard() -> dict[str, Any]:
    """The document that Grafana imports; it asks which Prometheus to read."""
    panels: list[dict[str, Any]] = []
    x = y = 0
    heading = ""
    for number, panel in enumerate(PANELS, start=1):
        if isinstance(panel, str):
            heading = panel
            if x:
                x, y = 0, y + HEIGHT
            panels.append(
                {"id": number, "type": "row", "title": panel, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}}
            )
            y += 1
            continue
        stat = heading == "Now"
        width = COLUMNS // 6 if stat else WIDTH
        panels.append(_panel(number, panel, "stat" if stat else "timeseries", x, y, width))
        x += width
        if x >= COLUMNS:
            x, y = 0, y + HEIGHT
    return {
        "title": "callscribe",
        "uid": "callscribe",
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "tags": ["callscribe"],
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0}
            ]
        },
        "panels": panels,
    }


def _panel(
    number: int, panel: tuple[str, str, list[tuple[str, str]]], kind: str, x: int, y: int, width: int
) -> dict[str, Any]:
    title, unit, queries = panel
    source = {"type": "prometheus", "uid": "${datasource}"}
    return {
        "id": number,
        "type": kind,
        "title": title,
        "datasource": source,
        "gridPos": {"x": x, "y": y, "w": width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if kind == "timeseries" else {},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": source, "expr": query, "legendFormat": legend}
            for index, (query, legend) in enumerate(queries)
        ],
    }


def written() -> str:
    """The file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
