"""`callscribe worker` whose recognition sleeps: for `scale.py`, where workers are more than cores.

Everything else is done as always: the download, the copy in the blob store, decoding, voice activity, windows,
checkpoints, sentences, callbacks. Where a worker would have its model busy for so long, it waits, one request at a
time, accounts in turns, as its model would take them. `SLEEP_PER_SECOND` is the time for a second of speech windows.
"""

import os
import time
from collections.abc import Iterable, Iterator

import callscribe.speech.engines.whisper.engine
from callscribe.cancellation import Cancellation
from callscribe.cli import main
from callscribe.speech.engines.process import FairLock
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions, Segment, SpeechWindow, Word

_PER_SECOND = float(os.environ["SLEEP_PER_SECOND"])


class SleepingEngine(WhisperEngine):
    """Hears one word in each window, and takes its time for it."""

    _turns = FairLock()

    def recognize(
        self,
        windows: Iterable[SpeechWindow],
        *,
        model: str,  # noqa: ARG002  that of the engine interface
        options: RecognitionOptions,
        cancelled: Cancellation,
        evidence: Iterable[SpeechWindow] = (),  # noqa: ARG002
    ) -> Iterator[Segment]:
        """See `interface.WindowEngine`."""
        heard = list(windows)
        with self._turns.take(cancelled, options.owner):
            time.sleep(sum(window.end - window.start for window in heard) * _PER_SECOND)
        for window in heard:
            cancelled.raise_if_cancelled()
            word = Word("word.", window.start, window.end, 0.9)
            yield Segment(window.channel, window.start, window.end, (word,), "en")


if __name__ == "__main__":
    callscribe.speech.engines.whisper.engine.WhisperEngine = SleepingEngine  # type: ignore[misc]
    main()
