import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from callscribe.cancellation import NEVER, Cancellation, DeadlinePassed
from callscribe.errors import Cancelled, SetupError
from callscribe.outbound import (
    AllowList,
    HostRefused,
    HostUnresolved,
    guarded_client,
    is_public,
)
from media_server import MediaServer, body, drip, redirect


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with MediaServer().running() as running:
        yield running


def resolving(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> None:
    """Answer for some names as a resolver would; the rest goes to the real one."""
    real = socket.getaddrinfo

    def answer(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if host not in names:
            return real(host, port, *arguments, **options)
        return [entry for address in names[host] for entry in real(address, port, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001:db8::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_unreachable_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::", "64:ff9b::808:808"]
)
def test_internet_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_allow_list_knows_all_kinds() -> None:
    allow = AllowList(["Media.example", "*.calls.example", "10.0.0.0/8", "::1", "s3://my-bucket"])
    assert allow.allows_host("media.EXAMPLE.")
    assert allow.allows_host("a.b.calls.example")
    assert not allow.allows_host("calls.example")
    assert not allow.allows_host("evilcalls.example")
    assert allow.allows_address(ip_address("10.9.9.9"))
    assert allow.allows_address(ip_address("::ffff:10.9.9.9"))
    assert allow.allows_address(ip_address("::1"))
    assert not allow.allows_address(ip_address("11.0.0.1"))
    assert allow.allows_bucket("my-bucket")
    assert not allow.allows_bucket("other")


@pytest.mark.parametrize(
    "entry", ["", "*", "http://host", "host/path", "10.0.0.1/8", "10.0.0.0/40", "300.1.1.1", "s3://", "a b", "*.*.x"]
)
def test_bad_entry_says_what_to_write(entry: str) -> None:
    with pytest.raises(SetupError, match="Write a host"):
        AllowList([entry])


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
        "https://user:secret@10.0.0.1:8443/",
        "http://8.8.8.8/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
    ],
)
def test_not_public_or_https_refused(url: str) -> None:
    with guarded_client(allow=AllowList()) as client, pytest.raises(HostRefused) as refused:
        client.get(url)
    assert "secret" not in str(refused.value)


def test_http_to_allowed_permitted(server: MediaServer) -> None:
    server.paths["/a"] = body(b"sound")
    for entries, host in (["127.0.0.0/8"], "127.0.0.1"), (["localhost"], "localhost"):
        with guarded_client(allow=AllowList(entries)) as client:
            assert client.get(server.url("/a", host=host)).content == b"sound"
    assert server.requests[-1][1]["Host"] == f"localhost:{server.port}"


def test_http_to_private_still_refused(server: MediaServer) -> None:
    with guarded_client(allow=AllowList(), plain_http=True) as client, pytest.raises(HostRefused):
        client.get(server.url("/a"))
    assert not server.requests


def test_one_private_address_refuses(monkeypatch: pytest.MonkeyPatch, server: MediaServer) -> None:
    resolving(monkeypatch, {"mixed.example": ["8.8.8.8", "127.0.0.1"]})
    with guarded_client(allow=AllowList(), plain_http=True) as client, pytest.raises(HostRefused) as refused:
        client.get(server.url("/a", host="mixed.example"))
    assert "127.0.0.1" not in str(refused.value)
    assert not server.requests


def test_redirect_to_private_refused(monkeypatch: pytest.MonkeyPatch, server: MediaServer) -> None:
    resolving(monkeypatch, {"private.example": ["127.0.0.1"]})
    server.paths["/a"] = redirect(server.url("/b", host="private.example"))
    server.paths["/b"] = body(b"inner")
    with guarded_client(allow=AllowList(["localhost"])) as client, pytest.raises(HostRefused):
        client.get(server.url("/a", host="localhost"))
    assert [path for path, _ in server.requests] == ["/a"]


def test_name_resolved_once(monkeypatch: pytest.MonkeyPatch, server: MediaServer) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if host == "rebind.example":
            asked.append(host)
            # The first answer is public, each later one the loopback, as an attacker's name server would.
            host = "127.0.0.1" if len(asked) > 1 else "203.0.113.1"
        return real(host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    # 203.0.113.1 (documentation) stands for a public address that does not answer.
    allow = AllowList(["203.0.113.0/24"])
    with guarded_client(allow=allow, connect_timeout=0.3) as client, pytest.raises(httpx2.TransportError):
        client.get(server.url("/a", host="rebind.example"))
    assert asked == ["rebind.example"]
    assert not server.requests


def test_next_address_tried(monkeypatch: pytest.MonkeyPatch, server: MediaServer) -> None:
    server.paths["/a"] = body(b"sound")
    resolving(monkeypatch, {"two.example": ["127.0.0.2", "127.0.0.1"]})
    with guarded_client(allow=AllowList(["127.0.0.0/8"])) as client:
        assert client.get(server.url("/a", host="two.example")).content == b"sound"


def test_too_many_redirects_give_up(server: MediaServer) -> None:
    server.paths["/a"] = redirect("/a")
    client = guarded_client(allow=AllowList(["127.0.0.1"]), max_redirects=3)
    with client, pytest.raises(httpx2.TooManyRedirects):
        client.get(server.url("/a"))
    assert len(server.requests) == 4


def test_missing_name_unresolved() -> None:
    with guarded_client(allow=AllowList()) as client, pytest.raises(HostUnresolved):
        client.get("https://nothing.invalid/")


def test_failing_resolver_is_temporary(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    with guarded_client(allow=AllowList()) as client, pytest.raises(HostUnresolved) as unresolved:
        client.get("https://media.example/")
    assert unresolved.value.temporary


@pytest.mark.parametrize("in_headers", [False, True])
def test_deadline_ends_trickle(server: MediaServer, *, in_headers: bool) -> None:
    server.paths["/a"] = drip(in_headers=in_headers)
    client = guarded_client(allow=AllowList(["127.0.0.1"]), cancelled=NEVER.with_deadline(0.4))
    with client, pytest.raises(DeadlinePassed):
        client.get(server.url("/a"))


def test_a_cancellation_ends_a_request_that_waits_for_an_answer(server: MediaServer) -> None:
    cancelled = Cancellation()

    def silent(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        cancelled.cancel()
        stopping.wait(20)

    server.paths["/a"] = silent
    with guarded_client(allow=AllowList(["127.0.0.1"]), cancelled=cancelled) as client, pytest.raises(Cancelled):
        client.get(server.url("/a"))


def test_environment_proxy_unused(monkeypatch: pytest.MonkeyPatch, server: MediaServer) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.paths["/a"] = body(b"sound")
    with guarded_client(allow=AllowList(["127.0.0.1"])) as client:
        assert client.get(server.url("/a")).content == b"sound"


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for a host name, with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_tls_verified_by_name_when_pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pem = certificate(tmp_path, "media.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = MediaServer()
    server.paths["/a"] = body(b"sound")
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    trust = ssl.create_default_context(cafile=str(pem))
    resolving(monkeypatch, {"media.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    allow = AllowList(["127.0.0.1"])
    with server.running(), guarded_client(allow=allow, verify=trust) as client:
        assert client.get(f"https://media.example:{server.port}/a").content == b"sound"
        with pytest.raises(httpx2.ConnectError):
            client.get(f"https://other.example:{server.port}/a")
    assert names == ["media.example", "other.example"]


def test_a_cancellation_ends_a_request_whose_host_name_is_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled, answer = Cancellation(), threading.Event()

    def hanging(*_: Any, **__: Any) -> list[Any]:
        cancelled.cancel()
        answer.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "nothing in time")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with guarded_client(allow=AllowList(["*.example"]), cancelled=cancelled) as client, pytest.raises(Cancelled):
        client.get("https://calls.example/")
    assert not answer.is_set()  # it hangs still
    answer.set()
