"""One trace from the POST to the last callback, across processes."""

from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from harness import Server, eventually, running
from observed import CALLER_SPAN, TRACE_ID, Collector, Seen

STAGES = ("fetch", "inspect", "segment", "recognize", "finish")


def trace(seen: Seen) -> dict[str, list[Span]]:
    def complete() -> dict[str, list[Span]] | None:
        found = seen.collector.of(TRACE_ID)
        return found if len(found.get("callback", [])) == 2 and "POST /v3/Transcriptions" in found else None

    return eventually(complete)


def attributes(span: Span) -> dict[str, object]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_callers_trace_spans_all_stages(seen: Seen) -> None:
    spans = trace(seen)
    (post,) = spans["POST /v3/Transcriptions"]
    assert post.parent_span_id.hex() == CALLER_SPAN
    assert post.kind == Span.SPAN_KIND_SERVER
    for stage in STAGES:
        (span,) = spans[stage]
        assert span.parent_span_id == post.span_id, stage
        assert attributes(span)["callscribe.transcription"] == seen.transcription["id"]
    assert seen.collector.processes(TRACE_ID) == {"api", "worker"}


def test_callback_attempts_traced(seen: Seen) -> None:
    spans = trace(seen)
    (finish,) = spans["finish"]
    first, second = sorted(spans["callback"], key=lambda span: span.start_time_unix_nano)
    assert first.parent_span_id == second.parent_span_id == finish.span_id
    assert attributes(first)["callscribe.outcome"] == "retry"
    assert first.status.code == Status.STATUS_CODE_ERROR
    assert attributes(second)["callscribe.outcome"] == "delivered"
    assert second.status.code != Status.STATUS_CODE_ERROR


def test_no_secret_is_in_the_traces(seen: Seen) -> None:
    trace(seen)
    told = "".join(str(span) for _, span in seen.collector.spans)
    assert "secret" not in told
    assert seen.media.url("") not in told
    assert " ".join(seen.words[:2]) not in told


def test_trace_survives_kills(tmp_path: Path) -> None:
    trace_id = "a" * 32
    with Collector().listening() as collector:
        options = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        before = Server(tmp_path / "data", command="api", CALLSCRIBE_MEDIA_ATTEMPTS="1", **options).start()
        body = {
            "transcriptionConfigurationId": before.configure(),
            "mediaUrl": "http://127.0.0.1:9/nobody-is-there.wav",
        }
        with before.client() as client:
            answer = client.post(
                "/v3/Transcriptions", json=body, headers={"traceparent": f"00-{trace_id}-{CALLER_SPAN}-01"}
            )
        assert answer.status_code == 202, answer.text
        eventually(lambda: "POST /v3/Transcriptions" in collector.of(trace_id))
        before.kill_tree()
        with running(tmp_path / "data", CALLSCRIBE_MEDIA_ATTEMPTS="1", **options) as after:
            assert after.ended(answer.json()["transcription"]["id"])["status"] == "FAILED"
            eventually(lambda: "fail" in collector.of(trace_id))
        spans = collector.of(trace_id)
        (post,) = spans["POST /v3/Transcriptions"]
        assert {span.parent_span_id for name in ("fetch", "fail") for span in spans[name]} == {post.span_id}
        assert attributes(spans["fetch"][0])["callscribe.code"] == 17551
