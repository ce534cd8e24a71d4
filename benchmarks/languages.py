"""A speaker who switches: clips of several languages put together in one recording, recognised with `multi`.

    python benchmarks/languages.py [--model base] [--seed 1] [--markdown]

The clips are the corpus's FLEURS recordings, shuffled, of one loudness, with 0.5 to 1.5 s of silence between them. Each
should come out in its own language. The word error rate with `multi` is set beside that of the clips one by one, each
with its language told: what following costs.
"""

import argparse
import tempfile
import wave
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.table import Table

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions, Segment
from callscribe.speech.languages import locale_of
from callscribe.speech.pipeline import transcribe_file
from corpus import Recording, recordings
from recognisers import channels
from scoring import Score, normalise, show

_RATE: Final = 16_000
_AROUND: Final = 0.3
"""Seconds by which a word may begin outside of its clip."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip and where it is, in seconds."""

    clip: Recording
    start: float
    end: float


def put_together(clips: Sequence[Recording], path: Path, seed: int) -> list[Placed]:
    """One recording of all clips."""
    rng = np.random.default_rng(seed)
    placed, samples = [], 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for index in rng.permutation(len(clips)):
            audio = channels(clips[index].path)[0]
            placed.append(Placed(clips[index], samples / _RATE, (samples + len(audio)) / _RATE))
            pause = np.zeros(int(rng.uniform(0.5, 1.5) * _RATE), np.float32)
            piece = np.concatenate([audio * (0.5 / max(1e-3, np.abs(audio).max())), pause])
            file.writeframes((piece * 32767).astype(np.int16).tobytes())
            samples += len(piece)
    return placed


def heard(segments: Sequence[Segment], place: Placed) -> tuple[str, str | None]:
    """The text of a clip, and the language that most of its words are in."""
    words = [
        (word.text, segment.language)
        for segment in segments
        for word in segment.words
        if place.start - _AROUND <= word.start < place.end + _AROUND
    ]
    languages = Counter(language for _, language in words).most_common(1)
    return " ".join(text for text, _ in words), languages[0][0] if languages else None


def report(placed: Sequence[Placed], found: Sequence[Segment], alone: Sequence[str]) -> Table:
    """The table, a row for each language. `found` is in the recording of all, `alone` in each clip by itself."""
    told, followed = defaultdict(Score), defaultdict(Score)
    right: Counter[str] = Counter()
    for place, by_itself in zip(placed, alone, strict=True):
        language = place.clip.language
        text, recognised = heard(found, place)
        right[language] += recognised == language
        reference = normalise(place.clip.transcript, language)
        followed[language].add(reference, normalise(text, language))
        told[language].add(reference, normalise(by_itself, language))
    table = Table("Language", "Clips", "In their language", "WER %, told", "WER %, multi")
    for language, score in followed.items():
        table.add_row(
            language,
            str(len(score.references)),
            str(right[language]),
            f"{told[language].errors().wer * 100:.1f}",
            f"{score.errors().wer * 100:.1f}",
        )
    table.add_row("all", str(len(placed)), str(right.total()), "", "")
    return table


def main() -> None:
    """Recognise all in one recording, and each by itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    clips = [each for each in recordings() if each.group.startswith("fleurs") and each.transcript]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Decoder()) as decoder,
        closing(WhisperEngine(Settings(model=arguments.model))) as engine,
    ):
        path = Path(folder) / "languages.wav"
        placed = put_together(clips, path, arguments.seed)

        def recognise(audio: Path, language: str) -> list[Segment]:
            options = RecognitionOptions(language=language)
            return transcribe_file(decoder, audio, engine, arguments.model, options, NEVER)[1]

        found = recognise(path, "multi")
        alone = [
            " ".join(segment.text for segment in recognise(place.clip.path, locale_of(place.clip.language)))
            for place in placed
        ]
    show(report(placed, found, alone), markdown=arguments.markdown)


if __name__ == "__main__":
    main()
