"""Clients who send too much before anybody looks at it, or nothing at all, and more of them than there is room for."""

import contextlib
import resource
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from harness import ACCOUNT_SID, AUTH_TOKEN, Server, running

pytestmark = pytest.mark.timeout(180)

SECONDS = 3
"""What clients have for a head and a body here."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("connections") / "data"
    with running(data, command="api", CALLSCRIBE_RECEIVE_TIMEOUT=str(SECONDS)) as server:
        yield server


def connect(server: Server) -> socket.socket:
    url = urlsplit(server.url)
    assert url.port is not None
    return socket.create_connection((url.hostname or "", url.port), timeout=30)


def answer(connection: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def health(server: Server) -> float:
    """Seconds until health is answered, on a connection of its own."""
    begun = time.monotonic()
    with connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 200")
    return time.monotonic() - begun


def memory(server: Server) -> int:
    """Bytes that the process holds."""
    assert server.process is not None
    return int(psutil.Process(server.process.pid).memory_info().rss)


def pour(connection: socket.socket, piece: bytes, size: int) -> int:
    """Send a piece again and again, until so much is sent or nobody takes it; bytes that were sent."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < size:
            connection.sendall(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET / HTTP/1.1\r\n", b"X-Short: header\r\n" * 4096),
        (b"GET / HTTP/1.1\r\nX-Long: ", b"x" * 65536),
        (b"GET /", b"x" * 65536),
        (b"POST /webhooks/recording-status HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
        (b"POST /webhooks/recording-status HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 8192),
    ],
    ids=["short lines", "a long line", "a long address", "a long extension of a chunk", "headers behind the body"],
)
def test_a_head_without_end_costs_nothing(server: Server, begin: bytes, piece: bytes) -> None:
    before = memory(server)
    slowest = 0.0
    with connect(server) as connection:
        connection.sendall(begin)
        pouring = threading.Thread(target=pour, args=(connection, piece, 200_000_000))
        pouring.start()
        while pouring.is_alive():
            slowest = max(slowest, health(server))
        pouring.join()
    assert slowest < 1
    assert memory(server) - before < 30_000_000


@pytest.mark.parametrize(("size", "status"), [(60_000, b"401"), (70_000, b"431")])
def test_a_head_of_64_kib_is_the_largest(server: Server, size: int, status: bytes) -> None:
    for header in (b"X-Long: " + b"x" * size + b"\r\n", b"X-Many: " + b"x" * 90 + b"\r\n"):
        head = b"GET /v3/Transcriptions HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
        with connect(server) as connection:
            connection.sendall(head + header * (size // len(header) + (len(header) > size)) + b"\r\n")
            assert answer(connection).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"GET / HT",
        b"POST /webhooks/recording-status HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf",
        b"POST /v3/Transcriptions HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf",
        b"GET /healthz HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf",
    ],
    ids=["nothing", "half a line", "half a body", "half of one without login", "a body of a GET"],
)
def test_who_stops_halfway_is_not_waited_for(server: Server, begin: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(begin)
        begun = time.monotonic()
        answer(connection)
        assert SECONDS - 0.5 < time.monotonic() - begun < 2 * SECONDS + 1


def test_a_blank_line_keeps_no_connection(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"\r\n")
        begun = time.monotonic()
        assert answer(connection) in {b"", b'{"status":"ok"}'}
        assert time.monotonic() - begun < SECONDS + 1


def test_a_body_that_stands_still_is_told_so(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST /webhooks/recording-status HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
        assert answer(connection).startswith(b"HTTP/1.1 408")


def test_a_body_that_trickles_has_no_more_time(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST /webhooks/recording-status HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - begun < 2 * SECONDS + 1


def test_who_does_not_read_an_answer_is_not_waited_for(server: Server) -> None:
    request = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: here\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = urlsplit(server.url)
        connection.connect((url.hostname, url.port))
        connection.sendall(request * 8)
        time.sleep(SECONDS + 2)
        connection.settimeout(10)
        assert len(answer(connection)) < 8_000_000


@pytest.mark.parametrize("closing", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/webhooks/recording-status", b"413"), (f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings.json", b"401")],
    ids=["too large", "without login"],
)
def test_a_refusal_is_read_by_who_sends_on(server: Server, path: str, status: bytes, closing: bytes) -> None:
    size = 10_000_000
    head = b"POST %b HTTP/1.1\r\nHost: here\r\n%bContent-Length: %d\r\n\r\n" % (path.encode(), closing, size)
    with connect(server) as connection:
        connection.sendall(head)
        for _ in range(size // 100_000):
            connection.sendall(bytes(100_000))
            time.sleep(0.002)
        time.sleep(0.2)
        assert connection.recv(65536).startswith(b"HTTP/1.1 " + status)


def test_silent_clients_do_not_shut_the_door(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("too few files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    program = (
        "import os, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'callscribe', *sys.argv[1:]])"
    )
    with running(tmp_path / "data", command="api", program=("-c", program)) as server, ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(connect(server))
        assert max(health(server) for _ in range(20)) < 1
        with server.client() as client:
            assert client.get("/v3/Transcriptions").status_code == 200


def test_there_are_no_more_connections_than_may_be(tmp_path: Path) -> None:
    with running(tmp_path / "data", command="api", CALLSCRIBE_MAX_CONNECTIONS="10") as server, ExitStack() as stack:
        silent = [stack.enter_context(connect(server)) for _ in range(30)]
        assert health(server) < 1
        assert server.process is not None
        connections = psutil.Process(server.process.pid).net_connections()
        assert sum(each.status == "ESTABLISHED" for each in connections) <= 10
        assert answer(silent[0]) == b""


@pytest.mark.long
def test_eight_hundred_listeners_cost_little(tmp_path: Path) -> None:
    with running(tmp_path / "data", command="api", CALLSCRIBE_ACCOUNT_STREAMS="800") as server, ExitStack() as stack:
        configuration = server.configure()
        jobs = [server.submit(configuration, "https://media.example.com/call.wav") for _ in range(20)]
        login = b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode())

        def listen(job: str) -> bytes:
            connection = stack.enter_context(connect(server))
            connection.sendall(
                b"GET /v3/Transcriptions/%b/Events HTTP/1.1\r\nHost: here\r\nAuthorization: Basic %b\r\n\r\n"
                % (job.encode(), login)
            )
            return connection.recv(65536)

        for number in range(800):
            assert listen(jobs[number % 20]).startswith(b"HTTP/1.1 200")
        assert listen(jobs[0]).startswith(b"HTTP/1.1 429")
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        before, begun = process.cpu_times(), time.monotonic()
        time.sleep(5)
        used = sum(process.cpu_times()[:2]) - sum(before[:2])
        assert used / (time.monotonic() - begun) < 0.25
        assert health(server) < 1
