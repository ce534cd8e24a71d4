"""Dashboard and alerts ask for what there is."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from callscribe.observability import metrics

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
OF_THE_SCRAPE = {"instance", "job"}
"""Labels that Prometheus adds."""


def dashboard_queries() -> Iterator[str]:
    document = json.loads((DEPLOY / "grafana" / "callscribe.json").read_text())
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"].replace("$__rate_interval", "5m")


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def parts(node: Any) -> Iterator[Any]:
    """An expression and all that it is made of."""
    yield node
    for name in ("expr", "lhs", "rhs", "args", "vector_selector"):
        inner = getattr(node, name, None)
        for each in inner if isinstance(inner, list) else [inner]:
            if each is not None:
                yield from parts(each)


def selectors(query: str) -> list[promql.VectorSelector]:
    return [each for each in parts(promql.parse(query)) if isinstance(each, promql.VectorSelector)]


QUERIES = [*dashboard_queries(), *(rule["expr"] for rule in rules())]


@pytest.mark.parametrize("query", QUERIES)
def test_queries_read_existing_series(query: str) -> None:
    known = metrics.names()
    found = selectors(query)
    assert found
    named: set[str] = set()
    for selector in found:
        assert selector.name in known, selector.name
        named |= known[selector.name]
        for matcher in selector.matchers.matchers:
            assert matcher.name in known[selector.name] | OF_THE_SCRAPE, matcher.name
    for part in parts(promql.parse(query)):
        if isinstance(part, promql.AggregateExpr) and part.modifier is not None:
            assert set(part.modifier.labels) <= named | OF_THE_SCRAPE


def test_every_kind_is_on_dashboard() -> None:
    shown = {selector.name for query in dashboard_queries() for selector in selectors(query)}
    families = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in metrics.names()}
    shown = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in shown}
    only_in_alerts = {
        "callscribe_database_up",
        "callscribe_queue_counted_all",
        "callscribe_queue_unserved",
        "callscribe_worker_up",
    }
    assert families - shown == only_in_alerts


def test_alerts_say_what_they_mean() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_dashboard_is_as_generated() -> None:
    path = ROOT / "scripts" / "write_dashboard.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DEPLOY / "grafana" / "callscribe.json").read_text() == module.written(), "run scripts/write_dashboard.py"
