"""How fast a job is taken: latency of POST /v3/Transcriptions at a steady rate, and the most creates a second.

Open loop: requests leave at the instants of a schedule, whether or not earlier ones were answered, and latency
counts from the schedule, so that a server that falls behind cannot hide it. In the same run a bare endpoint that
commits one row to SQLite (`bare.py`) takes the same load: the ratio to it says what callscribe costs and what is
the machine's.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import psutil
from rich.console import Console
from rich.table import Table

from callscribe.demo import RECORDING

SID, TOKEN = "AC" + secrets.token_hex(16), secrets.token_hex(16)
START_TIMEOUT = 60.0
IN_FLIGHT = 16
"""Clients at once, where the most creates a second are looked for."""

KIB, GIB = 1024, 1024**3
OPTIONS = {"configurationType": "Transcription", "transcriptionEngine": "deepgram", "speechModel": "nova-3"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where to POST, and what."""

    url: str
    body: dict[str, str]
    server: psutil.Process


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds at the steady rate; creates a second at full load."""

    name: str
    latencies: list[float]
    most: float
    cpu: float
    """Milliseconds of CPU time of the server's process for a create at the steady rate; hardly touched by what else
    the machine does."""

    def percentile(self, percent: int) -> float:
        """Milliseconds that so many per cent of the requests needed at most."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1]


class Media(BaseHTTPRequestHandler):
    """Recordings of a given size, one that is real, and one that never comes."""

    def do_GET(self) -> None:
        """`/bytes/{size}`, `/call.wav` or `/never`."""
        if self.path == "/never":
            time.sleep(3600)
            return
        call = RECORDING.read_bytes() if self.path == "/call.wav" else None
        size = len(call) if call is not None else int(self.path.rpartition("/")[2])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if call is not None:
            self.wfile.write(call)
            return
        for start in range(0, size, 1024**2):
            self.wfile.write(bytes(min(1024**2, size - start)))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def media_server() -> Iterator[str]:
    """The address of a server for `Media`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Media)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def process(arguments: list[str], log: Path, address: str, **environment: str) -> Iterator[tuple[str, psutil.Process]]:
    """A server's process, with the address that it prints as `address` says."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLSCRIBE_")}
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=inherited | environment,
            stdout=output,
            stderr=output,
            cwd=Path(__file__).parent,
        )
    try:
        yield wait_until(lambda: re.search(address, log.read_text()), server, log)[1], psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until(look: Callable[[], re.Match[str] | None], server: subprocess.Popen[bytes], log: Path) -> re.Match[str]:
    """What `look` gives as soon as it gives something."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        if found := look():
            return found
        time.sleep(0.05)
    sys.exit(f"The server did not start:\n{log.read_text()}")


@contextmanager
def callscribe(folder: Path, command: str, media_path: str, **settings: str) -> Iterator[Target]:
    """A callscribe server with a configuration, on a fresh data folder."""
    if command == "api":  # `serve` makes its schema by itself
        migrate = [sys.executable, "-m", "callscribe", "migrate", "--data", str(folder / "data")]
        subprocess.run(migrate, check=True, stdout=subprocess.DEVNULL)
    with (
        media_server() as media,
        process(
            ["callscribe", command, "--port", "0", "--data", str(folder / "data")],
            folder / "log",
            r"listens on (http://\S+)",
            CALLSCRIBE_ACCOUNT_SID=SID,
            CALLSCRIBE_AUTH_TOKEN=TOKEN,
            CALLSCRIBE_MEDIA_ALLOW="127.0.0.1",
            CALLSCRIBE_MODEL="tiny.en",
            CALLSCRIBE_THREADS="1",
            # Counted as ever, and never reached.
            CALLSCRIBE_RATE_LIMIT="1000000/second",
            CALLSCRIBE_ACCOUNT_JOBS_WAITING="10000000",
            **settings,
        ) as (url, server),
        httpx2.Client(base_url=url, auth=(SID, TOKEN), timeout=30, trust_env=False) as client,
    ):
        answer = client.post(
            "/v2/Configurations/Transcription", json={"configuration": OPTIONS | {"language": "en-US"}}
        )
        body = {"transcriptionConfigurationId": answer.raise_for_status().json()["id"], "mediaUrl": media + media_path}
        if command == "serve":
            settle(client, body)
        yield Target(f"{url}/v3/Transcriptions", body, server)


def settle(client: httpx2.Client, body: dict[str, str]) -> None:
    """Wait until the worker has work in hand."""
    client.post("/v3/Transcriptions", json=body).raise_for_status()
    for _ in range(600):
        if client.get("/v3/Transcriptions", params={"status": "RUNNING"}).json()["transcriptions"]:
            time.sleep(2.0)
            return
        time.sleep(0.1)
    sys.exit("The worker took no job.")


@contextmanager
def bare(folder: Path) -> Iterator[Target]:
    """The peer."""
    arguments = ["uvicorn", "bare:app", "--port", "0", "--no-access-log"]
    address = r"running on (http://\S+)"
    with process(arguments, folder / "log", address, BARE_DATABASE=str(folder / "bare.db")) as (url, server):
        body = {"transcriptionConfigurationId": "none", "mediaUrl": "https://media.example/call.wav"}
        yield Target(f"{url}/v3/Transcriptions", body, server)


class Connections:
    """Kept-alive connections to one target, all with the same request.

    A load generator that shares the machine must cost much less than what it measures: this one needs about a tenth
    of a general HTTP client's time.
    """

    def __init__(self, target: Target) -> None:
        self._host, _, port = target.url.removeprefix("http://").partition("/")[0].partition(":")
        self._port = int(port)
        body = json.dumps(target.body).encode()
        credentials = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        head = (
            f"POST /v3/Transcriptions HTTP/1.1\r\nHost: {self._host}:{port}\r\nAuthorization: Basic {credentials}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        # In turn, so that none is idle for so long that the server closes it.
        self._free: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def post(self) -> None:
        """Send the request and wait for the whole answer."""
        reader, writer = await self._connection()
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        if not head.startswith(b"HTTP/1.1 202"):
            raise ConnectionError(f"{head.decode()}{body.decode()}")
        self._free.append((reader, writer))

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._free:
            reader, writer = self._free.popleft()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    def close(self) -> None:
        """Close them."""
        for _, writer in self._free:
            writer.close()


async def steady(connections: Connections, rate: float, seconds: float) -> list[float]:
    """Milliseconds from the scheduled instant to the answer, for every request of the schedule."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []

    async def one(scheduled: float) -> None:
        await connections.post()
        latencies.append((loop.time() - scheduled) * 1000)

    begin = loop.time() + 0.1
    async with asyncio.TaskGroup() as tasks:
        for number in range(round(rate * seconds)):
            scheduled = begin + number / rate
            if (early := scheduled - loop.time()) > 0:
                await asyncio.sleep(early)
            tasks.create_task(one(scheduled))
    return latencies


async def full(connections: Connections, seconds: float) -> float:
    """Creates a second when `IN_FLIGHT` clients each send as soon as they are answered."""
    end = time.monotonic() + seconds
    created = 0

    async def one() -> None:
        nonlocal created
        while time.monotonic() < end:
            await connections.post()
            created += 1

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(IN_FLIGHT):
            tasks.create_task(one())
    return created / (time.monotonic() - began)


async def measure(name: str, target: Target, rate: float, seconds: float) -> Result:
    """Warm up, then both figures."""
    connections = Connections(target)
    try:
        await steady(connections, rate / 4, 2.0)
        before = sum(target.server.cpu_times()[:2])
        latencies = await steady(connections, rate, seconds)
        cpu = (sum(target.server.cpu_times()[:2]) - before) / len(latencies) * 1000
        return Result(name, latencies, await full(connections, seconds / 2), cpu)
    finally:
        connections.close()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=300.0, help="creates a second of the steady load")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long it lasts")
    parser.add_argument("--only", default="", help="run the rows whose name contains this, and the peer")
    options = parser.parse_args()
    console = Console(width=120)
    rows = {
        "bare FastAPI, one row": bare,
        "api, media of 1 KiB": lambda folder: callscribe(folder, "api", f"/bytes/{KIB}"),
        "api, media of 1 GiB": lambda folder: callscribe(folder, "api", f"/bytes/{GIB}"),
        "serve, its worker waits for media": lambda folder: callscribe(folder, "serve", "/never"),
        "serve, its worker transcribes": lambda folder: callscribe(folder, "serve", "/call.wav"),
    }
    console.print(f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}")
    results = []
    for name, start in rows.items():
        if options.only not in name and start is not bare:
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, start(Path(folder)) as target:
            console.print(f"{name} …", end="\r")
            results.append(asyncio.run(measure(name, target, options.rate, options.seconds)))
    peer = results[0]
    table = Table(title=f"POST /v3/Transcriptions, {options.rate:g} a second for {options.seconds:g} s")
    for column in ("", "p50 ms", "p99 ms", "max ms", "p99 : bare", "most a second", "bare : most", "CPU ms each"):
        table.add_column(column, justify="left" if not column else "right")
    for result in results:
        table.add_row(
            result.name,
            f"{result.percentile(50):.1f}",
            f"{result.percentile(99):.1f}",
            f"{max(result.latencies):.1f}",
            f"{result.percentile(99) / peer.percentile(99):.2f}",
            f"{result.most:.0f}",
            f"{peer.most / result.most:.2f}",
            f"{result.cpu:.2f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
