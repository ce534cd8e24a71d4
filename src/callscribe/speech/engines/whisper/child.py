"""The child process: reads requests from its standard input, writes answers to its standard output.

It ends when its input does, also in the middle of a batch, so it never outlives its parent.
"""

import json
import logging
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from callscribe.speech.engines.whisper.messages import LENGTHS, answer_frame, pack, read_request
from callscribe.speech.engines.whisper.recognizer import Recognizer

BEHIND = 10
"""Recognition takes the CPU time that is left by what somebody waits for, the API; see nice(2)."""

_MODELS_KEPT = 2


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame, or None at the end of the stream."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    header_length, body_length = LENGTHS.unpack(lengths)
    header, body = stream.read(header_length), stream.read(body_length)
    if len(header) < header_length or len(body) < body_length:
        return None
    return json.loads(header), body


def serve(requests: BinaryIO, answers: BinaryIO, *, device: str, threads: int, compute: str) -> None:
    """Answer requests until there are no more."""
    inbox: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()

    def receive() -> None:
        while frame := read_frame(requests):
            inbox.put(frame)
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
            frame = answer_frame(recognizer.recognize(request))
        except Exception as error:
            logging.getLogger(__name__).exception("Recognition failed")
            frame = pack({"error": f"{type(error).__name__}: {error}"})
        answers.write(frame)
        answers.flush()


def main() -> None:
    """Serve on standard input and output; all else that writes to the output goes to the error stream."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.nice(BEHIND)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    device, threads, compute = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    serve(sys.stdin.buffer, answers, device=device, threads=threads, compute=compute)


if __name__ == "__main__":
    main()
