"""What the child process of an engine does: reads requests from its standard input, writes answers to its output.

It ends when its input does, also in the middle of a batch, so it never outlives its parent. On a processor it is
confined before it loads a model: it reads models and libraries, writes a folder of its own, and has no network, no
other process and no program to start. With a GPU it is not, since its driver starts programs and opens devices.
"""

import contextlib
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from callscribe.confinement import MODEL, confine
from callscribe.framing import LOST, Channel, Header
from callscribe.speech.children import libraries

BEHIND: Final = 10
"""Recognition takes the CPU time that is left by what somebody waits for, the API; see nice(2)."""

_MODELS_KEPT: Final = 2


class LoadedModel(Protocol):
    """A model that answers requests."""

    def answer(self, header: Header, body: bytearray) -> Header:
        """The answer to a request, whose header names the folder of this model in `model`."""
        ...


def run(load: Callable[[Path], LoadedModel], places: str, *, gpu: bool) -> None:
    """Serve on standard input and output; all else that writes to the output goes to the error stream.

    Args:
        load: loads a model from its folder.
        places: the last argument of the program, as `ChildProcess` gives it: what may be read and written.
        gpu: whether models run on a GPU.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.nice(BEHIND)
    reads, writes = json.loads(places)
    if not gpu:
        confine(MODEL, reads=[*libraries(), *reads], writes=writes)
    channel = Channel(0, os.dup(1))
    os.dup2(2, 1)
    _serve(channel, load)


def _serve(channel: Channel, load: Callable[[Path], LoadedModel]) -> None:
    """Answer requests until there are no more."""
    inbox: queue.SimpleQueue[tuple[Header, bytearray]] = queue.SimpleQueue()

    def receive() -> None:
        with contextlib.suppress(*LOST):
            while True:
                inbox.put(channel.receive())
        os._exit(0)  # the parent is gone or wants no more; a batch in work is of no use to anybody

    threading.Thread(target=receive, daemon=True).start()
    models: dict[str, LoadedModel] = {}
    while True:
        header, body = inbox.get()
        try:
            model = models.pop(header["model"], None)
            if model is None:
                while len(models) >= _MODELS_KEPT:
                    models.pop(next(iter(models)))  # the one that was used least lately
                model = load(Path(header["model"]))
            models[header["model"]] = model
            answer = model.answer(header, body)
        except Exception as error:
            logging.getLogger(__name__).exception("Recognition failed")
            answer = {"error": f"{type(error).__name__}: {error}"}
        channel.send(answer)
