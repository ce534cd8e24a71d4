"""The child process of diarization: hears voices in samples that come by its standard input, and can do nothing else.

It is confined before it loads the networks: it reads them and its libraries, and has no network, no other process, no
program to start and no file to write. It ends when its input does.
"""

import contextlib
import os
import sys
from pathlib import Path

import numpy as np

from callscribe.confinement import MODEL, confine
from callscribe.errors import SetupError
from callscribe.framing import Channel
from callscribe.speech.children import libraries
from callscribe.speech.diarization.model import SpeakerModels


def main() -> None:
    """Answer requests until there are no more; all else that writes to the output goes to the error stream.

    A request says what to `do`, `voices` or `embed`, and the `shape` of the float32 in its body; an answer has the
    values that `SpeakerModels` gives.
    """
    folder, threads = Path(sys.argv[1]), int(sys.argv[2])
    channel = Channel(0, os.dup(1))
    os.dup2(2, 1)
    with contextlib.suppress(OSError):  # it is said below what is not there
        confine(MODEL, reads=[*libraries(), folder, *(each.resolve() for each in folder.iterdir())])
    with contextlib.suppress(ConnectionError):
        try:
            models = SpeakerModels(folder, threads)
        except SetupError as error:
            channel.send({"fault": str(error)})
            return
        channel.send({})
        while True:
            header, body = channel.receive()
            values = np.frombuffer(body, "<f4").reshape(header["shape"])
            found = models.voices(values) if header["do"] == "voices" else models.embed(values)
            channel.send({}, [found.tobytes()])


if __name__ == "__main__":
    main()
