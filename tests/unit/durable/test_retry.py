import errno
from collections.abc import Callable

import pytest

from callscribe.cancellation import Cancellation
from callscribe.durable import retry
from callscribe.durable.retry import with_retries
from callscribe.errors import Cancelled, Code, JobError


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def work() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return work


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_LONGEST_PAUSE", 0.001)


def test_outages_cost_no_attempts() -> None:
    assert with_retries(failing(*[full() for _ in range(30)]), attempts=1) == "done"


def test_other_faults_cost_attempts() -> None:
    with pytest.raises(ZeroDivisionError):
        with_retries(failing(*[ZeroDivisionError() for _ in range(3)]), attempts=3, interval=0.0)
    assert with_retries(failing(ZeroDivisionError(), full(), ZeroDivisionError()), attempts=3, interval=0.0) == "done"


def test_hopeless_is_not_tried() -> None:
    error = JobError(Code.MEDIA_FORMAT, "a picture")
    with pytest.raises(JobError):
        with_retries(failing(error), is_worth_another=lambda error: not isinstance(error, JobError))


@pytest.mark.parametrize("error", [full(), ZeroDivisionError()])
def test_a_deletion_ends_the_wait(error: Exception) -> None:
    cancelled = Cancellation()

    def work() -> None:
        cancelled.cancel()
        raise error

    with pytest.raises(Cancelled):
        with_retries(work, cancelled, interval=3600.0)


def test_endless_outage_ends_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.01)
    with pytest.raises(OSError, match="No space"):
        with_retries(failing(*[full() for _ in range(1000)]))
