from prometheus_client.parser import text_string_to_metric_families

from callscribe.observability import metrics


def test_two_processes_side_by_side() -> None:
    worker = metrics.exposition("worker", metrics.Fixed(metrics.MODEL_LOADED.family(((), 1)))).decode()
    text = metrics.exposition("api", metrics.Relayed(worker)).decode()
    lines = [line for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(lines) == len(set(lines))
    families = {family.name: family for family in text_string_to_metric_families(text)}
    processes = {sample.labels["process"] for sample in families["callscribe_takeovers"].samples}
    assert processes == {"api", "worker"}
    assert families["callscribe_model_loaded"].samples[0].value == 1


def test_silent_relay_loses_nothing() -> None:
    assert metrics.exposition("api", metrics.Relayed("")) == metrics.exposition("api")


def test_no_label_has_ids_of_jobs() -> None:
    assert not {label for labels in metrics.names().values() for label in labels} & {"transcription", "job", "id"}
