"""The child process: models on sherpa-onnx behind `engines.child`."""

import sys
from pathlib import Path

from callscribe.framing import Header
from callscribe.speech.engines.child import run
from callscribe.speech.engines.sherpa.messages import read_parts, write_answers
from callscribe.speech.engines.sherpa.recognizer import Recognizer


class _Model:
    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def answer(self, header: Header, body: bytearray) -> Header:
        return write_answers(self._recognizer.recognize(read_parts(header, body)))


def main(provider: str, threads: str, places: str) -> None:
    """Serve: what the runtime computes with, and how many threads it has, 0 for all cores."""

    def load(folder: Path) -> _Model:
        return _Model(Recognizer(folder, provider=provider, threads=int(threads)))

    run(load, places, gpu=provider == "cuda")


if __name__ == "__main__":
    main(*sys.argv[1:])
