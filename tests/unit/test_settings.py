"""Settings as the environment gives them."""

import base64
from pathlib import Path

import pytest

from callscribe.settings import Settings, environment, variables
from callscribe.vault.master import LocalMasterKey
from callscribe.vault.opening import master_key


def test_a_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_BLOBS_URL", "s3://calls/all")
    assert Settings().blobs == "s3://calls/all"
    assert "CALLSCRIBE_BLOBS_URL" in variables()


@pytest.mark.parametrize(
    "name",
    [
        *("DATABASE_URL", "BLOBS_URL", "MODELS_DIR", "KEYS_URL", "PUBLIC_URL", "TLS_CERTIFICATE", "TLS_KEY"),
        *("MASTER_KEY", "MASTER_KEY_FILE", "KMS_URL", "KMS_TOKEN", "KMS_TOKEN_FILE", "KMS_CA"),
    ],
)
def test_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"CALLSCRIBE_{name}", "")
    assert getattr(Settings(), name.lower()) is None


def test_an_empty_file_of_the_master_key_stands_in_nobodys_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = base64.b64encode(bytes(32)).decode()
    monkeypatch.setenv("CALLSCRIBE_MASTER_KEY_FILE", "")
    assert master_key(Settings(data_dir=tmp_path)) is None
    monkeypatch.setenv("CALLSCRIBE_MASTER_KEY", key)
    assert isinstance(master_key(Settings(data_dir=tmp_path)), LocalMasterKey)


def test_a_child_gets_what_was_given_by_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_BLOBS_URL", "s3://other")
    for variable, value in environment(Settings(blobs_url="s3://calls")).items():
        monkeypatch.setenv(variable, value)
    assert Settings().blobs == "s3://calls"
