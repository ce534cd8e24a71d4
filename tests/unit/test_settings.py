"""Settings as the environment gives them."""

import pytest

from callscribe.settings import Settings, environment, variables


def test_a_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_BLOBS_URL", "s3://calls/all")
    assert Settings().blobs == "s3://calls/all"
    assert "CALLSCRIBE_BLOBS_URL" in variables()


def test_a_child_gets_what_was_given_by_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_BLOBS_URL", "s3://other")
    for variable, value in environment(Settings(blobs_url="s3://calls")).items():
        monkeypatch.setenv(variable, value)
    assert Settings().blobs == "s3://calls"
