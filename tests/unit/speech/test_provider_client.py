"""What SDKs of providers send by, against a server on the loopback."""

import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import httpx2
import pytest

from callscribe.cancellation import NEVER, Cancellation, DeadlinePassed
from callscribe.errors import (
    CallscribeError,
    Cancelled,
    Code,
    JobError,
    ProviderKeyRefused,
    ProviderUnavailable,
)
from callscribe.outbound import HostRefused, HostUnresolved
from callscribe.speech.engines.remote.client import provider_client
from callscribe.speech.engines.remote.failures import Unreached, error_of, failures_of, unreadable
from callscribe.speech.engines.remote.transport import provider_httpx2_client
from harness import eventually
from media_server import MediaServer, body, cut_short, drip, endless, redirect, reset, sent

MIB = 2**20


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with MediaServer().running() as running:
        yield running


def client(
    server: MediaServer, *, timeout: float = 60, cancelled: Cancellation = NEVER, most: int = MIB
) -> httpx.Client:
    return provider_client(server.url("/v1"), timeout=timeout, cancelled=cancelled, most_bytes=most)


def test_request_and_answer_arrive_whole(server: MediaServer, tmp_path: Path) -> None:
    bodies = []

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        bodies.append(sent(handler))
        body(b'{"heard": "yes"}', "application/json", Dg_Request_Id="12")(handler, stopping)

    server.paths["/v1/listen"] = answer
    for size in (0, 5, 65_536, 700_001):
        audio = bytes(index % 251 for index in range(size))
        (tmp_path / "audio").write_bytes(audio)
        with client(server) as http, (tmp_path / "audio").open("rb") as file:
            got = http.post(server.url("/v1/listen"), params={"keyterm": ["a b", "ç"]}, content=file)
        assert (got.status_code, got.json(), got.headers["dg-request-id"]) == (200, {"heard": "yes"}, "12")
        assert bodies.pop() == audio
        path, headers = server.requests.pop()
        assert path == "/v1/listen?keyterm=a+b&keyterm=%C3%A7"
        assert headers["Content-Length"] == str(size)
        assert "Transfer-Encoding" not in headers
        assert headers["User-Agent"].startswith("callscribe/")


def test_body_of_unknown_length_arrives_whole(server: MediaServer) -> None:
    bodies = []

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        bodies.append(sent(handler))
        body(b"{}")(handler, stopping)

    server.paths["/v1"] = answer
    with client(server) as http:
        http.post(server.url("/v1"), content=(bytes([number % 256]) * 1000 for number in range(1000)))
    assert bodies == [b"".join(bytes([number % 256]) * 1000 for number in range(1000))]


def test_nowhere_but_the_base_url(server: MediaServer) -> None:
    with MediaServer().running() as other, client(server) as http:
        for url in (other.url("/v1"), server.url("/v1", host="localhost"), server.url("/v1").replace("http", "https")):
            with pytest.raises(HostRefused):
                http.get(url)
        assert other.requests == server.requests == []


def test_redirect_not_followed(server: MediaServer) -> None:
    server.paths["/v1"] = redirect(server.url("/other"))
    with client(server) as http:
        assert http.get(server.url("/v1")).status_code == 302
    assert [path for path, _ in server.requests] == ["/v1"]


def test_environment_not_asked(server: MediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.paths["/v1"] = body(b"here")
    with MediaServer().running() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        with client(server) as http:
            assert http.get(server.url("/v1")).content == b"here"
        assert proxy.requests == []


def test_answer_is_bounded(server: MediaServer) -> None:
    server.paths["/v1"] = endless()
    with client(server) as http, pytest.raises(JobError, match="more than 1 MiB") as refused:
        http.get(server.url("/v1"))
    assert refused.value.code is Code.PROVIDER_REFUSED


def test_answer_is_not_unpacked(server: MediaServer) -> None:
    server.paths["/v1"] = body(b"", Content_Encoding="gzip")
    with client(server) as http, pytest.raises(JobError, match="encoded"):
        http.get(server.url("/v1"))
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("behaviour", [drip(), drip(in_headers=True)], ids=["body", "headers"])
def test_request_has_a_deadline_as_a_whole(server: MediaServer, behaviour: object) -> None:
    server.paths["/v1"] = behaviour  # type: ignore[assignment]
    with client(server, timeout=0.3) as http, pytest.raises(DeadlinePassed):
        http.get(server.url("/v1"))


def test_cancelled_while_the_provider_thinks(server: MediaServer) -> None:
    arrived = threading.Event()

    def think(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        arrived.set()
        stopping.wait()

    server.paths["/v1"] = think
    cancelled = Cancellation()
    raised: list[BaseException] = []

    def ask() -> None:
        with client(server, cancelled=cancelled) as http:
            try:
                http.post(server.url("/v1"), content=b"audio")
            except CallscribeError as error:
                raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert arrived.wait(30)
    cancelled.cancel()
    thread.join(30)  # the server still thinks
    assert [type(error) for error in raised] == [Cancelled]


def test_cancelled_while_nothing_is_taken(server: MediaServer) -> None:
    """The server reads no byte, so that what is sent fills the buffers and waits."""
    arrived = threading.Event()

    def stare(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        arrived.set()
        stopping.wait()

    server.paths["/v1"] = stare
    cancelled = Cancellation()
    given: list[int] = []
    raised: list[BaseException] = []

    def audio() -> Iterator[bytes]:
        while True:
            given.append(1)
            yield bytes(MIB)

    def ask() -> None:
        with client(server, cancelled=cancelled) as http:
            try:
                http.post(server.url("/v1"), content=audio())
            except CallscribeError as error:
                raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert arrived.wait(30)
    last = -1

    def stuck() -> bool:
        nonlocal last
        last, before = len(given), last
        return last == before

    eventually(stuck, interval=0.5)
    cancelled.cancel()
    thread.join(30)
    assert [type(error) for error in raised] == [Cancelled]


def refusal(status: int, words: str = "", **headers: str) -> JobError:
    return error_of(
        "Deepgram", status, httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}), words, secret="sesame"
    )


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_asked_again_later(status: int) -> None:
    error = refusal(status, "too  much\nto do", Retry_After="17")
    assert isinstance(error, ProviderUnavailable)
    assert (error.retry_after, error.detail) == (17, f"Deepgram answered {status}: too much to do")
    assert refusal(status).detail == f"Deepgram answered {status}"


def test_retry_after_as_a_date() -> None:
    error = refusal(503, Retry_After=formatdate(time.time() + 100, usegmt=True))
    assert isinstance(error, ProviderUnavailable)
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 100
    for nonsense in ("soon", "-1", "", "9" * 30):
        error = refusal(503, Retry_After=nonsense)
        assert isinstance(error, ProviderUnavailable)
        assert error.retry_after is None


@pytest.mark.parametrize("status", [401, 402, 403])
def test_key_refused(status: int) -> None:
    error = refusal(status, "Project 5 with key sesame may not")
    assert isinstance(error, ProviderKeyRefused)
    assert str(status) in error.detail
    assert "sesame" not in error.detail


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
def test_refused_for_good(status: int) -> None:
    error = refusal(status, "No such model: x" + "y" * 1000)
    assert type(error) is JobError
    assert error.code is Code.PROVIDER_REFUSED
    assert error.detail.startswith(f"Deepgram answered {status}: No such model: xyyy")
    assert len(error.detail) < 350


def test_redirect_is_a_refusal() -> None:
    assert type(refusal(302)) is JobError


def test_client_of_httpx2_is_the_same(server: MediaServer) -> None:
    bodies = []

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        bodies.append(sent(handler))
        body(b'{"heard": "yes"}', "application/json")(handler, stopping)

    server.paths["/v1/listen"], server.paths["/v1/away"] = answer, redirect(server.url("/other"))
    server.paths["/v1/more"], server.paths["/v1/broken"] = endless(), reset(b"{")
    audio = bytes(index % 251 for index in range(700_001))
    with (
        MediaServer().running() as other,
        provider_httpx2_client(server.url("/v1"), timeout=60, cancelled=NEVER, most_bytes=MIB) as http,
    ):
        got = http.post(server.url("/v1/listen"), content=audio)
        assert (got.status_code, got.json(), bodies) == (200, {"heard": "yes"}, [audio])
        assert http.get(server.url("/v1/away")).status_code == 302
        with pytest.raises(JobError, match="more than 1 MiB"):
            http.get(server.url("/v1/more"))
        with pytest.raises(httpx2.TransportError):
            http.get(server.url("/v1/broken"))
        with pytest.raises(HostRefused):
            http.get(other.url("/v1"))
        assert other.requests == []


@pytest.mark.parametrize(
    ("behaviour", "detail"),
    [
        (reset(), "the connection to Deepgram broke before the end of the answer"),
        (reset(b"{"), "the connection to Deepgram broke before the end of the answer"),
        (cut_short(b"{", 100), "the connection to Deepgram broke before the end of the answer"),
        (drip(), "Deepgram did not answer in time: not done after 0.3 s"),
    ],
    ids=["reset", "reset-in-answer", "cut-short", "drip"],
)
def test_no_answer_is_unavailable(server: MediaServer, behaviour: object, detail: str) -> None:
    server.paths["/v1"] = behaviour  # type: ignore[assignment]
    with pytest.raises(ProviderUnavailable) as failed, failures_of("Deepgram"), client(server, timeout=0.3) as http:
        http.get(server.url("/v1"))
    assert failed.value.detail == detail


def test_nobody_there_is_unavailable() -> None:
    with MediaServer().running() as server:
        gone = server.url("/v1")
    with pytest.raises(ProviderUnavailable, match="cannot be connected to"), failures_of("Deepgram"):
        provider_client(gone, timeout=5, cancelled=NEVER).get(gone)


@pytest.mark.parametrize(
    ("cause", "becomes"),
    [
        (Cancelled(), Cancelled),
        (JobError(Code.PROVIDER_REFUSED, "too large"), JobError),
        (HostUnresolved("no such host", temporary=False), Unreached),
        (HostRefused("not there"), JobError),
        (OSError("disk"), OSError),
        (ValueError("a fault of the SDK"), JobError),
    ],
)
def test_found_within_what_an_sdk_makes_of_it(cause: Exception, becomes: type[Exception]) -> None:
    with pytest.raises(becomes) as failed, failures_of("Deepgram"):
        raise RuntimeError("the SDK's own") from cause
    assert type(failed.value) is becomes
    with pytest.raises(becomes), failures_of("Deepgram"):
        raise cause


def test_unreadable_answer_is_not_asked_for_again() -> None:
    error = unreadable("Deepgram", "x" * 1000)
    assert type(error) is JobError
    assert len(error.detail) < 400
