"""Finding the processes of a server by what they do, and remembering every one of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from harness import Server, eventually

MARKS = {"worker": "--lifeline", "engine": "callscribe.speech.engines.whisper.child", "decoder": "decoder_process"}
"""What the command line of each kind of process has in it."""


def is_gone(process: psutil.Process) -> bool:
    """Whether it ended, waited for or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def find(server: Server, kind: str) -> psutil.Process | None:
    """The process of a kind, if there is one now."""
    for process in server.tree():
        try:
            if any(MARKS[kind] in argument for argument in process.cmdline()) and not is_gone(process):
                return process
        except psutil.NoSuchProcess:
            continue
    return None


def wait_for(server: Server, kind: str, *, timeout: float = 60.0) -> psutil.Process:
    """The process of a kind, as soon as there is one."""
    return eventually(lambda: find(server, kind), timeout=timeout, interval=0.01)


@contextmanager
def every_process(server: Server) -> Iterator[set[psutil.Process]]:
    """Collects all processes of a server's tree while the block runs; complete when it has ended."""
    seen: set[psutil.Process] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            seen.update(server.tree())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
