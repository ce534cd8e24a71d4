"""Limits by setting and by account, the sliding day, and the rate of requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.accounts.limits import NO_RATE, UNLIMITED, Limits, check_rate
from callscribe.accounts.tables import Account
from callscribe.accounts.usage import DAY, PERIOD, Activity, Period
from callscribe.errors import RequestError, SetupError
from callscribe.server.limits import RateLimit
from callscribe.settings import Settings, environment

NOW = 1_000_000 * PERIOD + 100.0
"""In the millionth period."""


def activity(**audio: float) -> Activity:
    """Seconds of audio by how many periods ago they were: `_3=60.0`."""
    periods = [Period(1_000_000 - int(name[1:]), seconds, 1) for name, seconds in audio.items()]
    return Activity(NOW, tuple(sorted(periods, key=lambda each: each.number)))


def test_settings_hold_unless_overridden() -> None:
    settings = Settings(account_jobs_waiting=5, account_concurrency=3, rate_limit="7/second")
    assert Limits.of(None, settings) == Limits("7/second", 5, 3, 10_000.0, 1024**4)
    account = Account(limit_jobs_waiting=9, limit_jobs_running=1, limit_requests="1/hour", limit_audio_hours=0.5)
    assert Limits.of(account, settings) == Limits("1/hour", 9, 1, 0.5, 1024**4)
    without = Account(
        limit_jobs_waiting=UNLIMITED,
        limit_requests=NO_RATE,
        limit_audio_hours=float(UNLIMITED),
        limit_stored_bytes=UNLIMITED,
    )
    assert Limits.of(without, settings) == Limits(None, None, 3, None, None)


def test_none_means_no_limit_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_RATE_LIMIT", "none")
    monkeypatch.setenv("CALLSCRIBE_ACCOUNT_AUDIO_HOURS", "None")
    settings = Settings()
    assert (settings.rate_limit, settings.account_audio_hours) == (None, None)
    assert environment(settings)["CALLSCRIBE_RATE_LIMIT"] == "none"


@pytest.mark.parametrize(("text", "rate"), [("100/second", "100/second"), (" 5/Minute", "5/minute"), ("None", "none")])
def test_rate_kept_as_understood(text: str, rate: str) -> None:
    assert check_rate(text) == rate


def test_what_is_no_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="couldn't parse"):
        check_rate("often")
    with pytest.raises(SetupError, match="CALLSCRIBE_RATE_LIMIT"):
        RateLimit("often")


def test_audio_room_when_oldest_pass_a_day() -> None:
    day = activity(_143=60.0, _10=30.0, _0=30.0)
    assert day.audio_seconds == 120.0
    assert day.seconds_until_audio(121.0) == 0.0
    # The oldest period leaves the day when the next one begins.
    assert day.seconds_until_audio(120.0) == PERIOD - 100.0
    assert day.seconds_until_audio(61.0) == PERIOD - 100.0
    assert day.seconds_until_audio(60.0) == (DAY - 10) * PERIOD - 100.0
    assert day.seconds_until_audio(0.0) == DAY * PERIOD


@given(
    st.dictionaries(st.integers(0, DAY - 1), st.floats(0.1, 100.0), max_size=8),
    st.floats(0.1, 300.0),
)
def test_room_after_wait_not_before(ago: dict[int, float], limit: float) -> None:
    day = activity(**{f"_{each}": seconds for each, seconds in ago.items()})

    def used(moment: float) -> float:
        number = moment // PERIOD
        return sum(each.audio_seconds for each in day.periods if each.number > number - DAY)

    wait = day.seconds_until_audio(limit)
    assert used(NOW + wait) < limit + 1e-6
    if wait > 0:
        assert used(NOW + wait - 1.0) >= limit - 1e-6


def test_end_rate_is_of_last_two_periods() -> None:
    day = Activity(NOW, (Period(999_990, 0.0, 500), Period(999_999, 0.0, 60), Period(1_000_000, 0.0, 10)))
    assert day.jobs_a_second == pytest.approx(70 / 700.0)
    assert Activity(NOW, ()).jobs_a_second == 0.0


def test_own_rate_beats_servers() -> None:
    limit = RateLimit("1/hour")
    limit.take("AC1")
    with pytest.raises(RequestError) as refused:
        limit.take("AC1")
    assert refused.value.retry_after is not None
    assert 3590 <= refused.value.retry_after <= 3600
    assert str(refused.value.retry_after) in refused.value.detail
    limit.take("AC2", "2/hour")
    limit.take("AC2", "2/hour")
    with pytest.raises(RequestError):
        limit.take("AC2", "2/hour")
    for _ in range(5):
        limit.take("AC3", NO_RATE)
