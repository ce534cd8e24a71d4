"""Diarization: how many speakers are found, how much speech goes to the wrong one, and what it costs.

Mono recordings with a known truth: dual-channel calls mixed into one channel, where each channel tells who speaks, and
conversations put together from recordings of single voices at 8 kHz µ-law. Confusion is the share of the time in which
exactly one speaker speaks that goes to another one, after the best matching of speakers; a moment without a turn goes
to the nearest one, as a word would. Needs the model `speakers`, and for all but the bundled call the folder
`../shared/audio` beside the repository.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
from scipy.optimize import linear_sum_assignment
from scipy.signal import resample_poly

from callscribe.cancellation import NEVER, Cancellation
from callscribe.demo import RECORDING
from callscribe.media.decoding import DecodedWindow, Decoder
from callscribe.settings import Settings
from callscribe.speech.diarization.diarizer import Diarizer
from callscribe.speech.diarization.turns import SpeakerRange, SpeakerTurn, speakers_of
from callscribe.speech.interface import SAMPLE_RATE, Span
from callscribe.speech.segmentation import Segmentation, plan_chunks, segment

AUDIO = Path(__file__).parents[2] / "shared" / "audio"
VOICES = {
    "gettysburg": "speech_en/*.flac",
    "asterisk-en": "asterisk8k_en/ast_en_0[0-6].flac",
    "asterisk-fr": "asterisk8k_fr/ast_fr_0[0-6].flac",
    "asterisk-it": "asterisk8k_it/ast_it_0[0-6].flac",
    "aeneas-de": "misc_de/aeneas_de.flac",
    "tuxpaint-da": "tuxpaint_da/tux_da_0[0-6].flac",
}
TELLERS = [(0,), (0, 1), (1, 2), (2, 4), (3, 5), (1, 3, 4), (0, 1, 2, 3)]
"""Who takes part in each composed conversation, as positions in `VOICES`."""

STEP = 0.05
Samples = npt.NDArray[np.float32]
Truth = list[tuple[float, float, str]]


@dataclass
class Recorded:
    """Samples in memory as a source of audio."""

    samples: Samples

    def windows(
        self, _path: Path, *, start: float = 0.0, end: float | None = None, cancelled: Cancellation = NEVER
    ) -> Iterator[DecodedWindow]:
        """What there is from `start` to `end`, ten seconds at a time."""
        del cancelled
        first, last = (round((at if at is not None else 1e9) * SAMPLE_RATE) for at in (start, end))
        for at in range(first, min(last, self.samples.shape[1]), 10 * SAMPLE_RATE):
            yield DecodedWindow(at / SAMPLE_RATE, self.samples[:, at : min(at + 10 * SAMPLE_RATE, last)])


def load(path: Path) -> Samples:
    return np.hstack([window.samples for window in Decoder().windows(path)])


def speech(samples: Samples) -> Segmentation:
    return segment(Recorded(samples).windows(Path()))


def mixed(path: Path) -> tuple[Samples, Truth]:
    """A dual-channel call as one channel, and who speaks when."""
    samples = load(path)
    truth = [
        (span.start + 0.15, span.end - 0.15, f"channel {each.channel}")
        for each in speech(samples).channels
        for span in each.spans
    ]
    return samples.sum(axis=0, keepdims=True), truth


def composed(names: list[str], voices: dict[str, Samples], seconds: float, seed: int) -> tuple[Samples, Truth]:
    """A conversation: turns of 0.4 to 9 s, every tenth of them into the one before, at even levels."""
    rng = np.random.default_rng(seed)
    result = rng.normal(0, 0.001, round(seconds * SAMPLE_RATE)).astype(np.float32)
    truth: Truth = []
    used = dict.fromkeys(names, 0)
    at = SAMPLE_RATE
    last = names[0]
    while True:
        name = str(rng.choice([each for each in names if each != last] or names))
        length = round((rng.uniform(0.4, 1.2) if rng.random() < 0.3 else rng.uniform(1.5, 9)) * SAMPLE_RATE)
        if at + length > len(result):
            break
        pool = voices[name]
        used[name] = 0 if used[name] + length > len(pool) else used[name]
        part = pool[used[name] : used[name] + length]
        result[at : at + length] += part * (0.08 / np.sqrt(np.mean(np.square(part)) + 1e-9))
        truth.append((at / SAMPLE_RATE, (at + length) / SAMPLE_RATE, name))
        used[name] += length
        last = name
        gap = rng.uniform(-0.8, 0) if rng.random() < 0.1 else rng.uniform(0.1, 1.5)
        at = max(0, at + length + round(gap * SAMPLE_RATE))
    return telephone(result)[None], truth


def telephone(samples: Samples) -> Samples:
    """8 kHz and µ-law of eight bits, and back."""
    narrow = np.clip(resample_poly(samples, 1, 2), -1, 1)
    code = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
    return resample_poly(np.sign(code) * (256 ** np.abs(code) - 1) / 255, 2, 1).astype(np.float32)


def confusion(turns: list[SpeakerTurn], truth: Truth, seconds: float) -> float:
    names = sorted({name for _, _, name in truth})
    speaks = np.zeros((len(names), int(seconds / STEP)), bool)
    for start, end, name in truth:
        speaks[names.index(name), int(start / STEP) : int(end / STEP)] = True
    single = speaks.sum(axis=0) == 1
    found = np.array(speakers_of([(index * STEP, (index + 1) * STEP) for index in range(speaks.shape[1])], turns))
    counts = np.zeros((len(names), found.max() + 1))
    np.add.at(counts, (speaks.argmax(axis=0)[single], found[single]), 1)
    return float(1 - counts[linear_sum_assignment(-counts)].sum() / counts.sum())


def cases() -> Iterator[tuple[str, Samples, Truth]]:
    yield "bundled call, mixed", *mixed(RECORDING)
    if not AUDIO.is_dir():
        print(f"{AUDIO} is not there: only the bundled call is measured.")
        return
    yield "genuine call, mixed", *mixed(AUDIO / "twochan_en" / "aws_auto_repairs_40.flac")
    voices = {}
    for name, pattern in VOICES.items():
        recordings = [load(path)[:1] for path in sorted(AUDIO.glob(pattern))]
        voices[name] = np.concatenate(
            [
                each[0, round(span.start * SAMPLE_RATE) : round(span.end * SAMPLE_RATE)]
                for each in recordings
                for span in speech(each).channels[0].spans
            ]
        )
    for seed, tellers in enumerate(TELLERS):
        names = [list(VOICES)[teller] for teller in tellers]
        yield " + ".join(names), *composed(names, voices, 120.0, seed)


def main() -> None:
    diarizer = Diarizer(Settings(threads=1))
    diarizer.load()
    loaded = psutil.Process().memory_info().rss
    audio = cost = 0.0
    print(f"{'':52} {'speakers':>8} {'found':>5} {'confusion':>9} {'told':>6}")
    for name, samples, truth in cases():
        segmentation = speech(samples)
        began = time.process_time()
        heard = [
            piece
            for span in plan_chunks(segmentation)
            for piece in diarizer.listen(Recorded(samples), Path(), segmentation, Span(span.start, span.end), NEVER)
        ]
        counted = diarizer.turns(heard, SpeakerRange())
        cost += time.process_time() - began
        audio += segmentation.duration
        speakers = len({each for _, _, each in truth})
        told = diarizer.turns(heard, SpeakerRange(speakers, speakers))
        shares = [confusion(turns, truth, segmentation.duration) for turns in (counted, told)]
        found = len({turn.speaker for turn in counted})
        print(f"{name:52} {speakers:8} {found:5} {shares[0]:9.1%} {shares[1]:6.1%}", flush=True)
    print(f"{cost / audio:.4f} s of one core for each second of audio; {loaded / 1e6:.0f} MB with the model loaded")


if __name__ == "__main__":
    main()
