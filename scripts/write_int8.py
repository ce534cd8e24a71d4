"""Write what a model has to be known by to compute in int8 (`src/callscribe/speech/engines/whisper/int8/`).

    python scripts/write_int8.py MODEL RECORDING...

A few minutes of speech do, through telephones and microphones, in the languages of the model. The files in the
repository were made from the corpus that `benchmarks/corpus.py` describes: for `base` from every fourth clip of its
folders, eight of each at most, for `tiny.en` from fourteen English ones.
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
from callscribe.speech.interface import SAMPLE_RATE
from callscribe.speech.pipeline import windows_of

FOLDER = Path(__file__).parent.parent / "src/callscribe/speech/engines/whisper/int8"


def main() -> None:
    """Measure and write."""
    name, *recordings = sys.argv[1:]
    folder = Catalogue(Settings().models).path(name)
    weights = Weights.read(folder)
    with closing(Decoder()) as decoder:
        speech = [window.samples for each in recordings for window in windows_of(decoder, Path(each), NEVER)]
    print(f"{len(speech)} windows, {sum(map(len, speech)) / SAMPLE_RATE:.0f} s of speech")
    FOLDER.mkdir(exist_ok=True)
    write(FOLDER / f"{name}.npz", calibrate(folder, weights, speech, threads=0), weights)


if __name__ == "__main__":
    main()
