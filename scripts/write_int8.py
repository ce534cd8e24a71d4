"""Write what a model has to be known by to compute in int8 (`src/callscribe/speech/engines/whisper/int8/`).

    python scripts/write_int8.py MODEL RECORDING...

Whatever the recordings, a few minutes of speech through telephones and microphones do. The files in the repository were
made from the corpus that `benchmarks/corpus.py` describes: every fourth clip of each folder, up to 40 a folder.
"""

import sys
from contextlib import closing
from pathlib import Path

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.whisper.calibration import calibrate
from callscribe.speech.engines.whisper.quantization import write
from callscribe.speech.engines.whisper.weights import Weights
from callscribe.speech.interface import Samples, Span
from callscribe.speech.pipeline import segment_file
from callscribe.speech.windows import speech_windows, windows_within

FOLDER = Path(__file__).parent.parent / "src/callscribe/speech/engines/whisper/int8"


def windows(decoder: Decoder, path: Path) -> list[Samples]:
    """The speech of a recording as recognition has it."""
    segmentation = segment_file(decoder, path, NEVER)
    plans = windows_within(segmentation.channels, Span(0.0, segmentation.duration))
    audio = decoder.windows(path, cancelled=NEVER)
    return [window.samples for window in speech_windows(audio, plans, segmentation.channels)]


def main() -> None:
    """Measure and write."""
    name, *recordings = sys.argv[1:]
    folder = Catalogue(Settings().models).path(name)
    weights = Weights.read(folder)
    with closing(Decoder()) as decoder:
        speech = [window for each in recordings for window in windows(decoder, Path(each))]
    print(f"{len(speech)} windows, {sum(map(len, speech)) / 16_000:.0f} s of speech")
    FOLDER.mkdir(exist_ok=True)
    write(FOLDER / f"{name}.npz", calibrate(folder, weights, speech, threads=0), weights)


if __name__ == "__main__":
    main()
