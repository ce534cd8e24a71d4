"""What the engine `google` says of itself by the settings."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.engines.google import declaration, key_file
from callscribe.speech.engines.google.declaration import GoogleDeclaration
from callscribe.speech.engines.served_by import ServedBy
from google_server import key_file as written


def settings(folder: Path, **changed: Any) -> Settings:
    return Settings(**{"data_dir": folder, "google_credentials": folder / "key.json", **changed})


def test_without_a_key_there_are_no_models(tmp_path: Path) -> None:
    none = settings(tmp_path, google_credentials=None)
    assert GoogleDeclaration().models(none) == []
    assert GoogleDeclaration().default_model(none, "en-US") is None
    GoogleDeclaration().check(none)


def test_it_serves_where_there_is_a_key(tmp_path: Path) -> None:
    written(tmp_path)
    with_key = settings(tmp_path)
    assert routes.resolve("google", "chirp_2", "no-NO", with_key) == ServedBy("google", "chirp_2")
    assert routes.resolve("google", None, "multi", with_key, keyterms=True) == ServedBy("google", "chirp_2")
    (fault,) = routes.check("google", "chirp_2", "es-MX", with_key)
    assert fault.field == "language"
    assert routes.check("google", "chirp_2", "en-US", with_key, verbatim=True)[0].field == "verbatim"
    GoogleDeclaration().check(with_key)


def test_without_the_sdk_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    monkeypatch.setattr(declaration, "find_spec", lambda _: None)
    assert GoogleDeclaration().models(settings(tmp_path)) == []
    with pytest.raises(SetupError, match=r"callscribe\[google\]"):
        GoogleDeclaration().check(settings(tmp_path))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"google_location": "us central1"}, "CALLSCRIBE_GOOGLE_LOCATION"),
        ({"google_location": "evil.example/"}, "CALLSCRIBE_GOOGLE_LOCATION"),
        ({"google_bucket": "gs://recordings"}, "CALLSCRIBE_GOOGLE_BUCKET"),
        ({"google_bucket": "recordings/folder"}, "CALLSCRIBE_GOOGLE_BUCKET"),
        ({"google_credentials": Path("/nowhere/key.json")}, "CALLSCRIBE_GOOGLE_CREDENTIALS"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    written(tmp_path)
    with pytest.raises(SetupError, match=named):
        GoogleDeclaration().check(settings(tmp_path, **changed))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "not the JSON key"),
        (b"\xff\xfe", "not the JSON key"),
        (b"[" * 50_000, "not the JSON key"),
        (b'{"type": "authorized_user", "refresh_token": "1//secret"}', "look at client_email"),
    ],
)
def test_files_that_are_no_key(tmp_path: Path, text: bytes, told: str) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(text)
    with pytest.raises(SetupError, match=told) as refused:
        key_file.read(path)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("changed", [{"project_id": "../x"}, {"private_key": None}, {"token_uri": "ftp://x"}])
def test_members_that_cannot_be(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match=f"look at {next(iter(changed))}"):
        key_file.read(written(tmp_path, None, **changed))


def test_the_key_is_not_in_what_is_printed(tmp_path: Path) -> None:
    key = key_file.read(written(tmp_path))
    assert "PRIVATE KEY" not in repr(key)
    assert "PRIVATE KEY" not in str(key.model_dump())


def test_the_sdk_is_not_imported_before_it_is_needed() -> None:
    program = (
        "import sys; from callscribe.speech.engines.google.declaration import GoogleDeclaration;"
        "sys.exit(any(name.startswith(('google.', 'grpc')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_sdk_calls_nobody_when_it_is_imported() -> None:
    program = (
        "import sys, threading; seen = [];"
        "sys.addaudithook(lambda event, arguments: event.startswith('socket.') and seen.append((event, arguments)));"
        "import callscribe.speech.engines.google.engine;"
        "print(seen, threading.enumerate());"
        "sys.exit(len([one for one in seen if one[0] in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto')])"
        " or threading.active_count() > 1)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
