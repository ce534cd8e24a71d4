"""`callscribe serve`, and its two parts alone: `api` and `worker`."""

import gc
import os
import signal
import sys
import threading
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn
from filelock import FileLock, Timeout
from rich.console import Console
from rich.panel import Panel

from callscribe import logs
from callscribe.accounts.service import Credentials
from callscribe.cli.options import Data, load_settings
from callscribe.cli.supervision import LIFELINE, SupervisedWorker, follow_lifeline
from callscribe.db.engine import Database
from callscribe.errors import SetupError
from callscribe.preparation import prepare
from callscribe.settings import Settings
from callscribe.web.app import create_app

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
GRACE = 5
"""Seconds that requests under way have when the server stops."""
KEEP_ALIVE = 75
"""Seconds that a connection may idle. Longer than clients wait between two looks at a job: one that is closed in the
moment in which a request is sent on it fails that request."""

_log = structlog.get_logger(__name__)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]


def serve(host: Host = "127.0.0.1", port: Port = 8321, data: Data = None) -> None:
    """Run everything: API, console and a worker, on SQLite and a folder.

    The first start makes an account and prints its SID and token, once.
    """
    settings = load_settings(data)
    logs.configure(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(settings.data_dir / "serve.lock")
    try:
        lock.acquire(timeout=5)
    except Timeout:
        raise SetupError(
            f"Another `callscribe serve` works on {settings.data_dir}. Stop it, or choose another folder with --data."
        ) from None
    with lock:
        database, credentials = prepare(settings)
        _greet(credentials)
        with SupervisedWorker(settings):
            _serve_http(settings, database, host, port)


def api(host: Host = "127.0.0.1", port: Port = 8321, data: Data = None) -> None:
    """Run the API alone; workers elsewhere do the jobs."""
    settings = load_settings(data)
    logs.configure(settings)
    database, credentials = prepare(settings)
    _greet(credentials)
    _serve_http(settings, database, host, port)


def worker(data: Data = None, lifeline: Annotated[bool, typer.Option(LIFELINE, hidden=True)] = False) -> None:
    """Run a worker alone: it takes jobs from the queue of the database that it shares with the API."""
    # Here, because the engines behind it take a second to import, which the API need not wait for.
    from callscribe.worker import Worker  # noqa: PLC0415

    settings = load_settings(data)
    logs.configure(settings)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if lifeline:
        follow_lifeline(stop)
    database, credentials = prepare(settings)
    if not lifeline:
        _greet(credentials)
    Worker(settings, database).run(stop)
    sys.stderr.flush()
    # Threads inside a step must not go on once the worker has signed off; see `Worker.run`.
    os._exit(0)


def unknown_variables() -> list[str]:
    """Variables that look like settings and are none, by a slip, most likely."""
    known = {f"CALLSCRIBE_{name.upper()}" for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith("CALLSCRIBE_") and name not in known)


def _greet(credentials: Credentials | None) -> None:
    if unknown := unknown_variables():
        Console(stderr=True).print(f"[yellow]There is no setting {', '.join(unknown)}; see docs/configuration.md.[/]")
    if credentials is None:
        return
    Console().print(
        Panel.fit(
            f"Account SID  [bold]{credentials.sid}[/]\nAuth token   [bold]{credentials.token}[/]",
            title="A new account",
            subtitle="The token is shown this once",
        )
    )
    sys.stdout.flush()


def _serve_http(settings: Settings, database: Database, host: str, port: int) -> None:
    config = uvicorn.Config(
        create_app(settings, database),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=KEEP_ALIVE,
    )
    server = uvicorn.Server(config)

    # uvicorn has handlers of its own while it runs. Before, a signal must not be lost; and it raises the signal again
    # once it has stopped, when what is left to do here must still be done.
    def end(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    sock = config.bind_socket()
    sock.listen(config.backlog)  # from here on clients wait for an answer, and are not refused
    address = sock.getsockname()
    Console().print(f"callscribe listens on [bold]http://{host}:{address[1]}[/] · reference at /docs", soft_wrap=True)
    if host not in LOOPBACK and not settings.public_url:
        Console().print("[yellow]Tokens and calls travel to other machines unencrypted. Put a TLS proxy in front.[/]")
    sys.stdout.flush()
    gc.freeze()  # what is loaded by now stays, so no collection has to look through it while requests wait
    server.run(sockets=[sock])
    database.close()
