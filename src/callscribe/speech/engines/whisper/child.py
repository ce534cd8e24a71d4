"""The child process: reads requests from its standard input, writes answers to its standard output.

It ends when its input does, also in the middle of a batch, so it never outlives its parent.
"""

import contextlib
import logging
import os
import queue
import sys
import threading
from pathlib import Path

from callscribe.framing import LOST, Channel, Header
from callscribe.speech.engines.whisper.messages import read_request, write_answers
from callscribe.speech.engines.whisper.recognizer import Recognizer

BEHIND = 10
"""Recognition takes the CPU time that is left by what somebody waits for, the API; see nice(2)."""

_MODELS_KEPT = 2


def serve(channel: Channel, *, device: str, threads: int, compute: str) -> None:
    """Answer requests until there are no more."""
    inbox: queue.SimpleQueue[tuple[Header, bytearray]] = queue.SimpleQueue()

    def receive() -> None:
        with contextlib.suppress(*LOST):
            while True:
                inbox.put(channel.receive())
        os._exit(0)  # the parent is gone or wants no more; a batch in work is of no use to anybody

    threading.Thread(target=receive, daemon=True).start()
    recognizers: dict[str, Recognizer] = {}
    while True:
        request = read_request(*inbox.get())
        try:
            recognizer = recognizers.pop(request.model, None)
            if recognizer is None:
                while len(recognizers) >= _MODELS_KEPT:
                    recognizers.pop(next(iter(recognizers)))  # the one that was used least lately
                recognizer = Recognizer(Path(request.model), device=device, threads=threads, compute=compute)
            recognizers[request.model] = recognizer
            answer = write_answers(recognizer.recognize(request))
        except Exception as error:
            logging.getLogger(__name__).exception("Recognition failed")
            answer = {"error": f"{type(error).__name__}: {error}"}
        channel.send(answer)


def main() -> None:
    """Serve on standard input and output; all else that writes to the output goes to the error stream."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.nice(BEHIND)
    channel = Channel(0, os.dup(1))
    os.dup2(2, 1)
    serve(channel, device=sys.argv[1], threads=int(sys.argv[2]), compute=sys.argv[3])


if __name__ == "__main__":
    main()
