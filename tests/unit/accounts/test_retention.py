import pytest
from pydantic import ValidationError

from callscribe.accounts.retention import Retention
from callscribe.configurations.options import RetentionOptions


@pytest.mark.parametrize(
    "options",
    [
        {"jobDays": 1, "mediaDays": 2},
        {"jobDays": 1, "callbackDays": "forever"},
        {"jobDays": 0, "transcriptDays": 0.5},
        {"mediaDays": -1},
        {"mediaDays": "never"},
        {"mediaDays": True},
        {"mediaDays": float("inf")},
        {"recordingDays": 1},
    ],
)
def test_forbidden_in_configuration(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RetentionOptions.model_validate(options)


def test_configuration_account_server_order() -> None:
    kept = Retention.of(
        {"mediaDays": 0, "transcriptDays": None},
        {"mediaDays": 5, "transcriptDays": 6},
        {"mediaDays": 7, "jobDays": 8.0},
    )
    assert (kept.media, kept.transcript, kept.job) == (0.0, 6.0, 8.0)


def test_kept_for_ever_wins() -> None:
    kept = Retention.of({"transcriptDays": "forever"}, {"jobDays": 10}, {"transcriptDays": 3, "mediaDays": 4})
    assert (kept.transcript, kept.job, kept.media) == (None, None, 4.0)


def test_job_stays_with_longest_part() -> None:
    assert Retention.of({"transcriptDays": 90}, {"jobDays": 10}).job == 90.0
    assert Retention.of({"transcriptDays": 5}, {"jobDays": 10}).job == 10.0


def test_default_keeps_everything() -> None:
    assert Retention.of(None, {}) == Retention()
