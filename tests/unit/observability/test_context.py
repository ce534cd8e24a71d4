from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from callscribe.observability import context


def ids() -> dict[str, object]:
    return dict(structlog.contextvars.get_contextvars())


@pytest.mark.parametrize("given", ["a", "my-request.0001", "RQ" + "0" * 32, "x" * 64])
def test_sane_client_id_kept(given: str) -> None:
    assert context.request_id_of(given) == given


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 65, "line\nbreak", "Ünicode", "a;b", '"'])
def test_any_other_is_replaced(given: str | None) -> None:
    made = context.request_id_of(given)
    assert made != given
    assert made.startswith("RQ")
    assert len(made) == 34


def test_ids_are_bound_in_block() -> None:
    with context.bound(transcription="t", request_id="r"):
        assert ids() == {"transcription": "t", "request_id": "r"}
        with context.bound(transcription="t", request_id=None, callback="c"):
            assert context.current_request_id() == "r"
            assert ids()["callback"] == "c"
        assert "callback" not in ids()
    assert ids() == {}


def test_thread_has_carried_ids_only() -> None:
    with ThreadPoolExecutor(1) as threads, context.bound(transcription="t"):
        assert threads.submit(ids).result() == {}
        assert threads.submit(context.carried(ids)).result() == {"transcription": "t"}
        assert threads.submit(ids).result() == {}
