"""A KMS: Vault's transit engine, by a stand-in that speaks its HTTP API and does encrypt."""

import base64
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callscribe.errors import SetupError
from callscribe.sealing import new_key
from callscribe.settings import Settings
from callscribe.vault.opening import account_keys
from callscribe.vault.transit import TransitMasterKey
from callscribe.waiting import TimedOut

SID = "AC" + "1" * 32
TOKEN = "hvs.of-the-tests"


@dataclass
class Transit:
    """The two requests, as Vault's documentation describes them; a key `callscribe` with versions from 1 on."""

    keys: list[bytes] = field(default_factory=lambda: [os.urandom(32)])
    status: int | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, token: str | None, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if self.status is not None:
            return self.status, {"errors": ["as the test says"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        if path == "/v1/transit/encrypt/callscribe":
            nonce, newest = os.urandom(12), len(self.keys)
            sealed = AESGCM(self.keys[-1]).encrypt(nonce, base64.b64decode(body["plaintext"]), None)
            return 200, {"data": {"ciphertext": f"vault:v{newest}:{base64.b64encode(nonce + sealed).decode()}"}}
        if path == "/v1/transit/decrypt/callscribe":
            found = re.fullmatch(r"vault:v(\d+):(.+)", body["ciphertext"])
            try:
                assert found
                data = base64.b64decode(found[2])
                plain = AESGCM(self.keys[int(found[1]) - 1]).decrypt(data[:12], data[12:], None)
            except (AssertionError, InvalidTag, IndexError, ValueError):
                return 400, {"errors": ["invalid ciphertext"]}
            return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}
        return 404, {"errors": []}

    @contextmanager
    def running(self) -> Iterator["Transit"]:
        transit = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                status, document = transit.answer(self.path, self.headers["X-Vault-Token"], json.loads(sent))
                answer = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}/v1/transit/keys/callscribe"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture
def transit() -> Iterator[Transit]:
    with Transit().running() as transit:
        yield transit


def settings(folder: Path, transit: Transit, **members: Any) -> Settings:
    return Settings(data_dir=folder, encryption="account", kms_url=transit.url, **({"kms_token": TOKEN} | members))  # type: ignore[arg-type]


def test_wrapped_and_unwrapped(transit: Transit, tmp_path: Path) -> None:
    master, key = TransitMasterKey(settings(tmp_path, transit)), new_key()
    wrapped = master.wrap(SID, key)
    assert wrapped.startswith("vault:v1:")
    assert master.unwrap(SID, wrapped) == key
    with pytest.raises(SetupError, match="another's"):
        master.unwrap("AC" + "2" * 32, wrapped)
    with pytest.raises(SetupError, match="answered 400"):
        master.unwrap(SID, wrapped[:-4] + "AAA=")


def test_its_rotation_is_followed(transit: Transit, tmp_path: Path) -> None:
    keys = account_keys(settings(tmp_path, transit))
    assert keys is not None
    first = keys.key_of(SID)
    assert keys.rewrap(SID) == 0
    transit.keys.append(os.urandom(32))
    again = account_keys(settings(tmp_path, transit))
    assert again is not None
    assert again.key_of(SID) == first
    assert again.rewrap(SID) == 1
    assert again.every(SID)[0].wrapped.startswith("vault:v2:")
    assert again.key_of(SID) == first


def test_keys_in_use_are_not_asked_for_again(transit: Transit, tmp_path: Path) -> None:
    keys = account_keys(settings(tmp_path, transit))
    assert keys is not None
    keys.key_of(SID)
    asked = len(transit.asked)
    for _ in range(20):
        keys.key_of(SID)
    assert len(transit.asked) == asked


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_outage_passes(transit: Transit, tmp_path: Path, status: int) -> None:
    transit.status = status
    with pytest.raises(TimedOut, match=str(status)):
        TransitMasterKey(settings(tmp_path, transit)).wrap(SID, new_key())


def test_nobody_there(tmp_path: Path) -> None:
    with Transit().running() as transit:
        gone = settings(tmp_path, transit)
    with pytest.raises(TimedOut, match="cannot be used"):
        TransitMasterKey(gone).wrap(SID, new_key())


def test_a_refusal_says_what_to_look_at(transit: Transit, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="403"):
        TransitMasterKey(settings(tmp_path, transit, kms_token="another")).wrap(SID, new_key())


def test_a_token_from_a_file_is_read_anew(transit: Transit, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("expired\n")
    master = TransitMasterKey(settings(tmp_path, transit, kms_token=None, kms_token_file=file))
    with pytest.raises(SetupError):
        master.wrap(SID, new_key())
    file.write_text(f"{TOKEN}\n")
    assert master.wrap(SID, new_key())


def test_no_address_of_a_key(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_KMS_URL"):
        TransitMasterKey(Settings(data_dir=tmp_path, kms_url="https://vault.example:8200/", kms_token="x"))
