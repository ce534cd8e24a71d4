"""What Prometheus is shown."""

import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
from prometheus_client.parser import text_string_to_metric_families

from callscribe.observability import metrics
from harness import Server, eventually, running
from observed import METRICS_TOKEN, Seen


def shown(server: Server) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Each series by name and labels."""
    answer = httpx2.get(f"{server.url}/metrics", trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
    return found


def value(series: Mapping[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return sum(
        each for (found, having), each in series.items() if found == name and labels.items() <= dict(having).items()
    )


def test_whole_job_counted_once(seen: Seen) -> None:
    def delivered() -> bool:
        return value(shown(seen.server), "callscribe_callback_attempt_seconds_count", outcome="delivered") == 1

    eventually(delivered)
    series = shown(seen.server)
    for status in ("PENDING", "RUNNING", "COMPLETED"):
        assert value(series, "callscribe_jobs_total", status=status) == 1, status
    for stage in ("fetch", "inspect", "segment", "recognize", "finish"):
        assert value(series, "callscribe_stage_seconds_count", stage=stage, outcome="done", process="worker") == 1
    assert value(series, "callscribe_words_total", model="tiny.en") >= len(seen.words) * 0.9
    assert 60 < value(series, "callscribe_audio_seconds_total", model="tiny.en") < 70
    assert value(series, "callscribe_real_time_factor_count", model="tiny.en") == 1
    assert value(series, "callscribe_callback_attempt_seconds_count", outcome="retry", attempt="1") == 1
    assert value(series, "callscribe_callback_attempt_seconds_count", outcome="delivered", attempt="2") == 1
    assert value(series, "callscribe_http_request_seconds_count", route="/v3/Transcriptions", status="202") == 1
    assert value(series, "callscribe_model_starts_total", process="worker") == 1
    assert value(series, "callscribe_memory_bytes", process="model", kind="rss") > 50_000_000
    assert value(series, "callscribe_model_loaded") == 1
    assert value(series, "callscribe_worker_up") == 1
    assert value(series, "callscribe_workers", role="recognition", model="tiny.en") == 1
    assert value(series, "callscribe_database_up") == 1
    assert value(series, "callscribe_queue_counted_all") == 1


def test_series_are_as_declared(seen: Seen) -> None:
    known = metrics.names()
    for name, labels in shown(seen.server):
        assert name in known, name
        assert {label for label, _ in labels} == known[name], name


def test_for_machine_or_token(seen: Seen) -> None:
    url = f"{seen.server.url}/metrics"
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    assert httpx2.get(url, headers=proxied, trust_env=False).status_code == 403
    bearer = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    assert httpx2.get(url, headers=proxied | bearer, trust_env=False).status_code == 200
    wrong = {"Authorization": "Bearer another-token-altogether"}
    assert httpx2.get(url, headers=proxied | wrong, trust_env=False).status_code == 403


def workers(server: Server) -> list[psutil.Process]:
    """The worker beside a server; none while another is started."""
    found = []
    for process in server.tree():
        with suppress(psutil.Error):  # it ended just now
            if "worker" in process.cmdline():
                found.append(process)
    return found


def test_stalled_worker_delays_nobody(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        (worker,) = workers(server)
        worker.send_signal(signal.SIGSTOP)
        try:
            assert value(shown(server), "callscribe_worker_up") == 0
        finally:
            worker.send_signal(signal.SIGCONT)
        assert eventually(lambda: value(shown(server), "callscribe_worker_up") == 1)
        worker.kill()
        eventually(lambda: value(shown(server), "callscribe_worker_up") == 0)
        assert value(shown(server), "callscribe_database_up") == 1
        eventually(lambda: value(shown(server), "callscribe_worker_up") == 1)
        assert worker.pid not in {each.pid for each in workers(server)}
