"""A server of the demonstration's own: a child process that leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from callscribe.errors import SetupError

START_TIMEOUT = 120.0
"""Seconds until the server has to answer; the first start unpacks the model."""
STOP_TIMEOUT = 30.0
"""Seconds between SIGTERM and SIGKILL."""
LOG_LINES = 20
"""Lines of the server's log that are shown when it does not start."""

# Where an operator keeps things, and addresses of another server: the demonstration touches neither.
_NOT_INHERITED = (
    "CALLSCRIBE_DATABASE_URL",
    "CALLSCRIBE_BLOBS_URL",
    "CALLSCRIBE_PUBLIC_URL",
    "CALLSCRIBE_TLS_CERTIFICATE",
    "CALLSCRIBE_TLS_KEY",
)


def _environment(account_sid: str, auth_token: str, data_dir: Path) -> Mapping[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    allowed = [environment.get("CALLSCRIBE_MEDIA_ALLOW", ""), "127.0.0.1"]
    return environment | {
        "CALLSCRIBE_ACCOUNT_SID": account_sid,
        "CALLSCRIBE_AUTH_TOKEN": auth_token,
        "CALLSCRIBE_DATA_DIR": str(data_dir),
        "CALLSCRIBE_MEDIA_ALLOW": ",".join(filter(None, allowed)),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_health(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    with httpx2.Client(base_url=url, timeout=5, trust_env=False) as http:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if http.get("/healthz").is_success:
                    return
            except httpx2.TransportError:
                pass  # not listening yet
            time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
    reason = "did not answer in time" if process.poll() is None else f"ended with status {process.returncode}"
    raise SetupError(f"The server {reason}. The end of its log:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def own_server(account_sid: str, auth_token: str) -> Iterator[str]:
    """Run `callscribe serve` on a free port, in a temporary data folder, while the block runs; gives its URL.

    Raises:
        SetupError: it does not start; the message holds the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="callscribe-demo-", ignore_cleanup_errors=True) as folder:
        log, port = Path(folder) / "server.log", _free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  this program itself
                [sys.executable, "-m", "callscribe", "serve", "--host", "127.0.0.1", "--port", str(port)],
                env=_environment(account_sid, auth_token, Path(folder) / "data"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this process, which then stops the server in order
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _await_health(url, process, log)
            yield url
        finally:
            _stop(process)
