"""TLS at the server itself: with a certificate of a test's own, and where plain HTTP may be spoken."""

import contextlib
import socket
import ssl
from pathlib import Path

import httpx2
import pytest

import certificates
from callscribe.errors import SetupError
from callscribe.server.tls import Certificate, check_address
from callscribe.settings import Settings
from harness import ACCOUNT_SID, AUTH_TOKEN, running


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_needs_nothing(address: str) -> None:
    check_address(Settings(), address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.5", "203.0.113.7", "fe80::1%eth0"])
def test_other_addresses_need_tls_or_leave(address: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_PLAIN_HTTP=allow"):
        check_address(Settings(), address)
    check_address(Settings(plain_http="allow"), address)
    check_address(Settings(tls_certificate=tmp_path / "a", tls_key=tmp_path / "b"), address)


def speaks(context: ssl.SSLContext, trusted: Path, **limits: ssl.TLSVersion) -> str | None:
    """The TLS version that a client comes to with a server of this context."""
    client = ssl.create_default_context(cafile=str(trusted))
    for name, version in limits.items():
        setattr(client, name, version)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = context.wrap_bio(to_server, to_client, server_side=True)
    here = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    for _ in range(6):
        for side in (here, there):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return here.version()


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    files = certificates.make(tmp_path)
    context = Certificate(files.certificate, files.key).context
    assert speaks(context, files.certificate) == "TLSv1.3"
    assert speaks(context, files.certificate, maximum_version=ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_renewed_certificate_is_taken(tmp_path: Path) -> None:
    files = certificates.make(tmp_path)
    certificate = Certificate(files.certificate, files.key)
    assert certificate.renew() is False
    before = tmp_path / "before.pem"
    before.write_bytes(files.certificate.read_bytes())
    renewed = certificates.make(tmp_path, "renewed")
    renewed.certificate.replace(files.certificate)
    with pytest.raises(SetupError, match="not the certificate's"):  # the key comes a moment later
        certificate.renew()
    assert speaks(certificate.context, before)
    renewed.key.replace(files.key)
    assert certificate.renew() is True
    assert certificate.renew() is False
    assert speaks(certificate.context, files.certificate)
    with pytest.raises(ssl.SSLCertVerificationError):
        speaks(certificate.context, before)


def test_wrong_files_are_told_apart(tmp_path: Path) -> None:
    one, other = certificates.make(tmp_path, "one"), certificates.make(tmp_path, "other")
    with pytest.raises(SetupError, match="the key is not the certificate's"):
        Certificate(one.certificate, other.key)
    with pytest.raises(SetupError, match="No such file"):
        Certificate(tmp_path / "nothing.pem", one.key)
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    with pytest.raises(SetupError, match="PEM"):
        Certificate(text, one.key)
    secret = certificates.make(tmp_path, "secret", b"a passphrase")
    with pytest.raises(SetupError, match="passphrase"):
        Certificate(secret.certificate, secret.key)


def test_server_speaks_tls_alone(tmp_path: Path) -> None:
    files = certificates.make(tmp_path)
    settings = {"CALLSCRIBE_TLS_CERTIFICATE": str(files.certificate), "CALLSCRIBE_TLS_KEY": str(files.key)}
    with running(tmp_path / "data", command="api", **settings) as server:
        assert server.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(files.certificate))
        own = {"Origin": server.url}
        with httpx2.Client(base_url=server.url, verify=trusting, trust_env=False, headers=own) as client:
            assert client.get("/healthz").status_code == 200
            answer = client.post("/v3/Sessions", json={"sid": ACCOUNT_SID, "secret": AUTH_TOKEN})
            assert answer.status_code == 204
            assert "; Secure" in answer.headers["Set-Cookie"]
            assert client.get("/v3/Transcriptions").status_code == 200
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" not in plain.recv(100)
