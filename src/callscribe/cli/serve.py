"""`callscribe serve`, and its two parts alone: `api` and `worker`."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.panel import Panel

from callscribe.cli.options import LIFELINE, Data, load_settings
from callscribe.errors import SetupError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from callscribe.accounts.service import Credentials
    from callscribe.server.metrics import Relay
    from callscribe.server.tls import Certificate
    from callscribe.settings import Settings

GRACE = 5
"""Seconds that requests under way have when the server stops."""
KEEP_ALIVE = 75
"""Seconds that a connection may idle. Longer than clients wait between two looks at a job: one that is closed in the
moment in which a request is sent on it fails that request."""

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]

Listen = Annotated[
    str | None,
    typer.Option(
        help="HOST:PORT on which the worker answers /healthz, /readyz and /metrics. CALLSCRIBE_WORKER_LISTEN by "
        "default, or nowhere.",
        metavar="HOST:PORT",
    ),
]


def serve(host: Host = "127.0.0.1", port: Port = 8321, data: Data = None) -> None:
    """Run everything: API, console and a worker, on SQLite and a folder.

    The first start makes an account and prints its SID and token, once.
    """
    from filelock import FileLock, Timeout

    from callscribe.cli.supervision import REFUSED, SupervisedWorker
    from callscribe.observability import logs
    from callscribe.preparation import data_folder, join

    settings = load_settings(data)
    logs.configure(settings)
    certificate = _certificate(settings)
    lock = FileLock(data_folder(settings) / "serve.lock")
    try:
        lock.acquire(timeout=5)
    except Timeout:
        raise SetupError(
            f"Another `callscribe serve` works on {settings.data_dir}. Stop it, or choose another folder with --data."
        ) from None
    with lock, _bound(settings, host, port) as sock:
        database, credentials = join(settings, migrating=True)
        _greet(credentials)
        database.close()
        with SupervisedWorker(settings) as beside:
            _serve_http(settings, sock, certificate, beside.metrics)
    _leave(REFUSED if beside.refused else 0)


def api(host: Host = "127.0.0.1", port: Port = 8321, data: Data = None) -> None:
    """Run the API alone; workers elsewhere do the jobs. Waits for a database that does not answer yet."""
    from callscribe.db.presence import wait_for_database
    from callscribe.observability import logs
    from callscribe.preparation import join

    settings = load_settings(data)
    logs.configure(settings)
    certificate = _certificate(settings)
    with _bound(settings, host, port) as sock:
        wait_for_database(settings)
        database, credentials = join(settings)
        database.close()
        _greet(credentials)
        _serve_http(settings, sock, certificate)
    _leave()


Queues = Annotated[
    str | None,
    typer.Option(
        help="What this worker is there for, separated by commas: fetch (recordings; network), recognition (calls) and "
        "chunks (of long calls; processor or GPU), callbacks, reading (through to Twilio), erasures. Everything by "
        "default, or CALLSCRIBE_WORKER_QUEUES.",
        show_default=False,
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        help="Calls that this worker recognises at once, with each model: a few keep a GPU busy; on a processor more "
        "make none of them faster. 4 by default, or CALLSCRIBE_WORKER_CONCURRENCY.",
        show_default=False,
    ),
]
Models = Annotated[
    str | None,
    typer.Option(
        help="Models that this worker recognises with, separated by commas; those that are not on this machine are "
        "got first. By default those that are, and CALLSCRIBE_MODEL; or CALLSCRIBE_WORKER_MODELS.",
        show_default=False,
    ),
]


def worker(
    queues: Queues = None,
    concurrency: Concurrency = None,
    models: Models = None,
    data: Data = None,
    listen: Listen = None,
    lifeline: Annotated[bool, typer.Option(LIFELINE, hidden=True)] = False,
) -> None:
    """Run a worker alone: it takes jobs from the queues of the database that it shares with the API.

    Work waits in a queue for each resource, and each model: a worker takes what it is there for and has the model for.
    So a fleet may have small machines that fetch and call back, and large ones that recognise:

        callscribe worker --queues fetch,callbacks,reading,erasures

        callscribe worker --queues recognition,chunks --models base
    """
    from callscribe.db.presence import wait_for_database
    from callscribe.observability import logs, tracing
    from callscribe.preparation import join
    from callscribe.worker.process import WorkerProcess
    from callscribe.worker.relay import Answering

    settings = load_settings(
        data, worker_queues=queues, worker_concurrency=concurrency, worker_models=models, worker_listen=listen
    )
    logs.configure(settings)
    tracing.configure("worker")
    stop = threading.Event()

    _when_told_to_end(stop.set)
    answering = Answering(stop) if lifeline else None
    wait_for_database(settings, stop)
    if stop.is_set():
        return
    database, credentials = join(settings)
    if not lifeline:
        _greet(credentials)
    work = WorkerProcess(settings, database)
    if answering is not None:
        answering.say = work.exposition
    work.run(stop)
    tracing.shutdown()
    # Threads inside a step must not go on once the worker has signed off; see `WorkerProcess.run`.
    _leave()


def _leave(status: int = 0) -> NoReturn:
    """End without waiting for threads, which may wait for somebody who is silent."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _when_told_to_end(act: Callable[[], object]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: act())


def unknown_variables() -> list[str]:
    """Variables that look like settings and are none, by a slip, most likely."""
    from callscribe.settings import variables

    return sorted({name for name in os.environ if name.startswith("CALLSCRIBE_")} - variables())


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


def _invite(app: FastAPI, url: str) -> None:
    """Print a link that signs a browser in, once. What reads the output of a service never has one in its log."""
    code = app.state.browser_sessions.make_link(app.state.accounts.operator_sid(app.state.settings))
    # Behind `#`, which browsers send to nobody.
    link = f"{url}/console#signin={code}"
    Console().print(f"Open [link={link}]{link}[/link] to sign in: once, within ten minutes.", soft_wrap=True)


def _certificate(settings: Settings) -> Certificate | None:
    from callscribe.server.tls import Certificate

    return Certificate.of(settings)


def _bound(settings: Settings, host: str, port: int) -> socket.socket:
    """A socket that has the address, and does not listen yet.

    Raises:
        SetupError: the address cannot be had, or may not be listened on without TLS.
    """
    from callscribe.server.tls import check_address

    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        check_address(settings, str(address[0]))
        sock = socket.socket(family, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        raise SetupError(
            f"{host} port {port} cannot be listened on: {error.strerror}. Choose another with --host and --port."
        ) from error
    return sock


def _serve_http(
    settings: Settings, sock: socket.socket, certificate: Certificate | None, relay: Relay | None = None
) -> None:
    import uvicorn

    from callscribe import waiting
    from callscribe.db.engine import Database
    from callscribe.observability import tracing
    from callscribe.server.app import create_app
    from callscribe.server.connections import guarded

    tracing.configure("api")
    database = Database(settings.database, settings.database_pool, settings.request_patience * waiting.SHARE)
    app = create_app(settings, database, relay)
    config = uvicorn.Config(
        app,
        http=guarded(settings.max_connections, settings.receive_timeout),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_context_factory=None if certificate is None else lambda _config, _default: certificate.context,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=KEEP_ALIVE,
    )
    server = uvicorn.Server(config)

    # uvicorn has handlers of its own while it runs. Before, a signal must not be lost; and it raises the signal again
    # once it has stopped, when what is left to do here must still be done.
    def end() -> None:
        server.should_exit = True

    _when_told_to_end(end)
    sock.listen(config.backlog)  # from here on clients wait for an answer, and are not refused
    host, port = sock.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    url = f"{'http' if certificate is None else 'https'}://{shown}:{port}"
    Console().print(f"callscribe listens on [bold]{url}[/] · console at /console, reference at /docs", soft_wrap=True)
    if sys.stdout.isatty():
        _invite(app, url)
    sys.stdout.flush()
    gc.freeze()  # what is loaded by now stays, so no collection has to look through it while requests wait
    if certificate is not None:
        certificate.start()
    server.run(sockets=[sock])
    if certificate is not None:
        certificate.stop()
    tracing.shutdown()
    database.close()
