"""The child process: Whisper models behind `engines.child`."""

import sys
from pathlib import Path

from callscribe.framing import Header
from callscribe.speech.engines.child import run
from callscribe.speech.engines.whisper.compute import takes_gpu
from callscribe.speech.engines.whisper.messages import read_request, write_answers
from callscribe.speech.engines.whisper.recognizer import Recognizer


class _Model:
    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def answer(self, header: Header, body: bytearray) -> Header:
        return write_answers(self._recognizer.recognize(read_request(header, body)))


def main(device: str, threads: str, compute: str, places: str) -> None:
    """Serve, with the settings of these names."""

    def load(folder: Path) -> _Model:
        return _Model(Recognizer(folder, device=device, threads=int(threads), compute=compute))

    run(load, places, gpu=takes_gpu(device))


if __name__ == "__main__":
    main(*sys.argv[1:])
