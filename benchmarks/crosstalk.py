"""What a leak from one channel of a call into the other adds to its transcript, and what is lost by leaving it out.

    python benchmarks/crosstalk.py [--model base] [--calls demo,aws_auto_repairs_40] [--parties "at once"] [--no-words]

Calls whose channels are clean, the bundled one and those of the corpus with two channels, are made to leak, each
channel into the other, in several ways. The parties speak as they do; or the one that is leaked into is 25 dB quieter
than the other; or all that it says is moved onto what the other says, so that both speak at once.

Measured on the channel that is leaked into, once with cross-talk looked for and once without, against the same channel
without a leak: seconds taken for speech that are not (added), seconds of speech that are lost, and words added and
lost. A leak also disturbs recognition where both speak, so words are lost and added without any being left out.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np
import numpy.typing as npt
from rich.table import Table

import callscribe
from callscribe.cancellation import NEVER, Cancellation
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.activity import ActivityDetector, finish
from callscribe.speech.crosstalk import CrosstalkDetector
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import SAMPLE_RATE, RecognitionOptions, Span
from callscribe.speech.pipeline import recognize_span
from callscribe.speech.segmentation import Segmentation
from corpus import ROOT
from leaks import LEAKS, Audio, Leak, leaked, level
from scoring import normalise, show

WINDOW = 5 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Piece:
    """A window of a recording in memory."""

    start: float
    samples: Audio


@dataclass(frozen=True, slots=True)
class Memory:
    """A recording in memory, as a source of audio."""

    samples: Audio

    def windows(
        self, path: Path, *, start: float = 0.0, end: float | None = None, cancelled: Cancellation = NEVER
    ) -> Iterator[Piece]:
        """The samples from `start` to `end`; the rest is of no interest."""
        del path, cancelled
        last = self.samples.shape[1] if end is None else min(self.samples.shape[1], round(end * SAMPLE_RATE))
        for first in range(round(start * SAMPLE_RATE), last, WINDOW):
            yield Piece(first / SAMPLE_RATE, self.samples[:, first : min(first + WINDOW, last)])


@dataclass(slots=True)
class Found:
    """What was found of one recording: speech with cross-talk left out and left in, and the time that each took."""

    without: Segmentation
    with_leak: Segmentation
    crosstalk_seconds: float
    activity_seconds: float


def find(samples: Audio) -> Found:
    """Look for speech in a recording, and for what leaks."""
    crosstalk, spent = CrosstalkDetector(), [time.process_time()]
    for window in Memory(samples).windows(Path()):
        crosstalk.push(window.samples)
    leaks = crosstalk.finish()
    spent.append(time.process_time())
    found = []
    for marked in (leaks, {}):
        detectors = [ActivityDetector(channel) for channel in (0, 1)]
        for window in Memory(samples).windows(Path()):
            for detector, channel in zip(detectors, window.samples, strict=True):
                detector.push(channel)
        found.append(Segmentation(samples.shape[1] / SAMPLE_RATE, finish(detectors, marked)))
    spent.append(time.process_time())
    return Found(found[0], found[1], spent[1] - spent[0], (spent[2] - spent[1]) / 2)


def covered(segmentation: Segmentation, channel: int) -> npt.NDArray[np.bool_]:
    """Hundredths of a second in which a channel speaks."""
    hundredths = np.zeros(round(segmentation.duration * 100) + 100, np.bool_)
    for span in segmentation.channels[channel].spans:
        hundredths[round(span.start * 100) : round(span.end * 100)] = True
    return hundredths


@dataclass(slots=True)
class Figures:
    """Sums over recordings of one way to leak: what was added and lost without looking for it, and with."""

    audio: float = 0.0
    crosstalk_seconds: float = 0.0
    activity_seconds: float = 0.0
    words: int = 0
    added: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    lost: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    words_added: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, np.int64))
    words_lost: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, np.int64))


def parties(samples: Audio, source: int, how: str) -> Audio:
    """The call with its parties speaking as they do, one quietly, or at once."""
    result = samples.copy()
    target = 1 - source
    if how == "25 dB quieter":
        result[target] *= np.float32(10 ** ((level(samples[source]) - level(samples[target]) - 25) / 20))
    elif how == "at once":
        # Moved by as much as lets most of it meet the other's speech.
        loud = [
            np.mean(np.square(channel[: len(channel) // 1600 * 1600].reshape(-1, 1600)), axis=1) for channel in samples
        ]
        speaks = [(power > np.percentile(power, 99) / 1000).astype(np.float32) for power in loud]
        shift = max(range(-300, 301), key=lambda tenths: float(np.roll(speaks[target], tenths) @ speaks[source]))
        result[target] = np.roll(samples[target], shift * 1600)
    return result


@dataclass(frozen=True, slots=True)
class Listener:
    """Recognises what one channel says; `engine` is None where only seconds of speech are measured."""

    engine: WhisperEngine | None
    model: str

    def words(self, samples: Audio, found: Segmentation, channel: int) -> str:
        """What a channel is taken to say."""
        if self.engine is None:
            return ""
        only = Segmentation(found.duration, tuple(each for each in found.channels if each.channel == channel))
        whole, options = Span(0.0, found.duration), RecognitionOptions(language="en-US")
        segments = recognize_span(Memory(samples), Path(), only, whole, self.engine, self.model, options, NEVER)
        return normalise(" ".join(segment.text for segment in sorted(segments, key=lambda each: each.start)), "en")


@dataclass(frozen=True, slots=True)
class Call:
    """A recording, the channel that will leak, and what is on the other without a leak."""

    samples: Audio
    source: int
    speech: npt.NDArray[np.bool_]
    said: str

    @classmethod
    def of(cls, samples: Audio, source: int, listener: Listener) -> "Call":
        """Listen to the recording as it is."""
        clean = leaked(samples, source, None)
        found = find(clean).with_leak
        said = listener.words(clean, found, 1 - source)
        return cls(samples, source, covered(found, 1 - source), said)


def add(figures: Figures, call: Call, leak: Leak, listener: Listener) -> None:
    """Measure one recording that is made to leak."""
    target, speech = 1 - call.source, call.speech
    leaky = leaked(call.samples, call.source, leak)
    found = find(leaky)
    before, after = (covered(each, target) for each in (found.with_leak, found.without))
    figures.audio += found.without.duration
    figures.crosstalk_seconds += found.crosstalk_seconds
    figures.activity_seconds += found.activity_seconds
    figures.added += [float((each & ~speech).sum()) / 100 for each in (before, after)]
    figures.lost += [float((speech & ~each).sum()) / 100 for each in (before, after)]
    if call.said:
        heard = [listener.words(leaky, each, target) for each in (found.with_leak, found.without)]
        errors = [jiwer.process_words(call.said, each) for each in heard]
        figures.words += len(call.said.split())
        figures.words_added += [each.insertions for each in errors]
        figures.words_lost += [each.deletions for each in errors]


def load(names: list[str]) -> dict[str, Audio]:
    """The recordings that are asked for, by name."""
    paths = {"demo": Path(callscribe.__file__).parent / "demo" / "call.wav"}
    paths |= {path.stem: path for folder in ("calls", "twochan_en") for path in sorted((ROOT / folder).glob("*.flac"))}
    missing = [name for name in names if name not in paths]
    if missing:
        sys.exit(f"No recording {', '.join(missing)} in {ROOT}. --calls demo needs none but the bundled one.")
    with closing(Decoder()) as decoder:
        return {name: np.hstack([window.samples for window in decoder.windows(paths[name])]) for name in names}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--models-dir", type=Path, help="folder of the model weights; the settings' own without it")
    parser.add_argument("--calls", default="demo,aws_auto_repairs_40", help="recordings, with commas")
    parser.add_argument("--parties", default="as they do,25 dB quieter,at once", help="how they speak, with commas")
    parser.add_argument("--no-words", action="store_true", help="seconds of speech only")
    parser.add_argument("--markdown", action="store_true", help="print a table for the documentation")
    arguments = parser.parse_args()
    calls = load(arguments.calls.split(","))
    folder = {"models_dir": arguments.models_dir} if arguments.models_dir else {}
    table = Table("Parties", "Leak", "s added", "→", "s lost", "→", "Words", "added", "→", "lost", "→")
    spent = Figures()
    engine = None if arguments.no_words else WhisperEngine(Settings(model=arguments.model, **folder))
    listener = Listener(engine, arguments.model)
    try:
        for samples in calls.values():
            for clean in (samples, leaked(samples, 0, None)):
                found = find(clean)
                assert found.with_leak == found.without, "something is left out of a call without a leak"
        for how in arguments.parties.split(","):
            heard = [
                Call.of(parties(samples, source, how), source, listener)
                for samples in calls.values()
                for source in (0, 1)
            ]
            for leak in LEAKS:
                figures = Figures()
                for call in heard:
                    add(figures, call, leak, listener)
                table.add_row(
                    how,
                    f"{leak.name}, −{leak.loss:g} dB, {leak.delay * 1000:g} ms",
                    *(f"{each:.1f}" for each in (*figures.added, *figures.lost)),
                    *(str(each) for each in (figures.words, *figures.words_added, *figures.words_lost)),
                )
                spent.audio += figures.audio
                spent.crosstalk_seconds += figures.crosstalk_seconds
                spent.activity_seconds += figures.activity_seconds
    finally:
        if engine is not None:
            engine.close()
    show(table, markdown=arguments.markdown)
    hours = spent.audio / 3600
    print(f"CPU seconds for an hour of two channels: {spent.crosstalk_seconds / hours:.2f} to look for cross-talk,")
    print(f"{spent.activity_seconds / hours:.2f} for voice activity. Nothing was left out of the calls without a leak.")


if __name__ == "__main__":
    main()
