"""Settings as the environment gives them."""

import pytest

from callscribe.settings import Settings, environment, variables


@pytest.mark.parametrize("name", ["CALLSCRIBE_BLOBS_URL", "CALLSCRIBE_BLOB_URL"])
def test_the_blob_store_is_set_by_its_name_and_by_the_one_it_had(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLSCRIBE_BLOBS_URL", raising=False)
    monkeypatch.delenv("CALLSCRIBE_BLOB_URL", raising=False)
    monkeypatch.setenv(name, "s3://calls/all")
    assert Settings().blobs == "s3://calls/all"
    assert name in variables()


def test_the_name_of_today_comes_before_the_former_one_also_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_BLOB_URL", "s3://former")
    settings = Settings(blobs_url="s3://calls")
    assert environment(settings)["CALLSCRIBE_BLOBS_URL"] == "s3://calls"
    for variable, value in environment(settings).items():
        monkeypatch.setenv(variable, value)
    assert Settings().blobs == "s3://calls"
