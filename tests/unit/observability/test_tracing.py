import subprocess
import sys

import pytest

from callscribe.observability import tracing


def test_nothing_loaded_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    program = """
import sys
from callscribe.observability import context
from callscribe.observability import tracing
tracing.configure("worker")
with context.bound(transcription="t", traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01"), tracing.span("x") as span:
    span.set(a=1)
    span.fail("no")
    assert tracing.traceparent() is None
tracing.shutdown()
assert not [name for name in sys.modules if name.startswith("opentelemetry")], "loaded"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_endpoint_without_extra_is_fine() -> None:
    program = """
import os, sys
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
sys.modules["opentelemetry"] = None
from callscribe.observability import tracing
tracing.configure("api")
assert not tracing.enabled()
"""
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "callscribe[otel]" in run.stdout + run.stderr
