"""The wire format of configurations."""

import pytest
from pydantic import ValidationError

from callscribe.configurations.options import StatusCallback
from callscribe.configurations.schemas import ConfigurationRequest


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com", "http://127.0.0.1:80/x?y#z", "https://u:p@h.example/", "https://exämple.com/ü"]
)
def test_callback_addresses_taken(url: str) -> None:
    assert StatusCallback.model_validate({"url": url}).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "//h.example/",
        "https://",
        "mailto:a@example.com",
        "https://h.example/a b",
        "https://[::1",
    ],
)
def test_callback_addresses_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        StatusCallback.model_validate({"url": url})


def test_inner_members_in_camel_case() -> None:
    request = ConfigurationRequest.model_validate(
        {"configuration": {"transcriptionEngine": "google", "speechModel": "chirp_2"}}
    )
    assert request.configuration.transcription_engine == "google"
    assert request.configuration.language == "en-US"
