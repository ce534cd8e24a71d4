"""Languages: what is made of one that was not asked for, and of a speaker who switches.

    python benchmarks/languages.py [--model base] [--seed 1] [--markdown] [--only mismatch|switch] [--language de]

**Mismatch.** Every recording of the corpus asked for in its own language, where any notice of another is false; and
every recording of another language asked for as `en-US`: how much of what is found is told to be in its language, or
falsely in a third one, and the word error rate beside that of the language told. Of two channels the text is that of
the first. A minute of each language is also put together, with silences of 2.5 s, as one channel of a call.

**Switch.** Clips of several languages put together in one recording, recognised with `multi`: the corpus's FLEURS
recordings, shuffled, of one loudness, with 0.5 to 1.5 s of silence between them. Each should come out in its own
language. The word error rate with `multi` is set beside that of the clips one by one, each with its language told: what
following costs.
"""

import argparse
import sys
import tempfile
import wave
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from rich.table import Table

from callscribe.cancellation import NEVER
from callscribe.errors import JobError
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions, Segment
from callscribe.speech.languages import MULTI, locale_of
from callscribe.speech.pipeline import transcribe_file
from corpus import Recording, recordings
from recognisers import channels
from scoring import Score, normalise, show

_RATE: Final = 16_000
_JOINED: Final = 60.0

_AROUND: Final = 0.3
"""Seconds by which a word may begin outside of its clip."""


Recognise = Callable[[Path, str], list[Segment]]
"""From a recording and a locale to its segments."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip and where it is, in seconds."""

    clip: Recording
    start: float
    end: float


def put_together(
    clips: Sequence[Recording], path: Path, seed: int, pauses: tuple[float, float] = (0.5, 1.5)
) -> list[Placed]:
    """One recording of all clips, in any order, with silences between of so many seconds at least and at most."""
    rng = np.random.default_rng(seed)
    placed, samples = [], 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for index in rng.permutation(len(clips)):
            audio = channels(clips[index].path)[0]
            placed.append(Placed(clips[index], samples / _RATE, (samples + len(audio)) / _RATE))
            pause = np.zeros(int(rng.uniform(*pauses) * _RATE), np.float32)
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


@dataclass(slots=True)
class Told:
    """What was told of recordings of one language: seconds of speech by the language told, and their texts."""

    recordings: int = 0
    falsely: int = 0
    """Recordings with a notice though they are in the language that was asked for."""
    seconds: Counter[str] = field(default_factory=Counter)
    asked: Score = field(default_factory=Score)
    as_english: Score = field(default_factory=Score)

    def hear(self, recording: Recording, own: Sequence[Segment], english: Sequence[Segment]) -> None:
        """Add a recording asked for in its own language and, of another, as English."""
        self.recordings += 1
        self.falsely += any(segment.mismatch for segment in own)
        for segment in english:
            self.seconds[segment.mismatch.language if segment.mismatch else "en"] += segment.end - segment.start
        if recording.transcript:
            reference = normalise(recording.transcript, recording.language)
            self.asked.add(reference, normalise(_text(own), recording.language))
            if english:
                self.as_english.add(reference, normalise(_text(english), recording.language))


def _text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments if segment.channel == 0)


def mismatches(every: Sequence[Recording], recognise: Recognise) -> Table:
    """A row for each language: notices where it was asked for, and where English was."""
    table = Table(
        "Language", "Recordings", "False notices", "Told in it %", "In a third %", "WER %, told", "WER %, as en-US"
    )
    with tempfile.TemporaryDirectory() as folder:
        for language in sorted({each.language for each in every}, key=lambda code: (code == "en", code)):
            told = Told()
            some = [each for each in every if each.language == language]
            for recording in [*some, *_joined(some, Path(folder))]:
                own = recognise(recording.path, locale_of(language))
                told.hear(recording, own, [] if language == "en" else recognise(recording.path, "en-US"))
            row = _row(language, told)
            print(*row, sep="\t", file=sys.stderr, flush=True)
            table.add_row(*row)
    return table


def _row(language: str, told: Told) -> list[str]:
    def share(seconds: float) -> str:
        return f"{seconds / told.seconds.total() * 100:.1f}" if told.seconds else ""

    third = sum(seconds for code, seconds in told.seconds.items() if code not in {language, "en"})
    rates = [f"{each.errors().wer * 100:.1f}" if each.references else "" for each in (told.asked, told.as_english)]
    return [language, str(told.recordings), str(told.falsely), share(told.seconds[language]), share(third), *rates]


def _joined(clips: Sequence[Recording], folder: Path) -> Iterator[Recording]:
    """A minute of one language's clips, or a little more, as one recording; of English there are calls."""
    chosen: list[Recording] = []
    for clip in clips:
        if clip.transcript and clip.language != "en" and sum(each.seconds for each in chosen) < _JOINED:
            chosen.append(clip)
    if len(chosen) > 1:
        path = folder / f"{chosen[0].language}.wav"
        placed = put_together(chosen, path, seed=1, pauses=(2.5, 2.5))
        text = " ".join(each.clip.transcript for each in placed)
        yield Recording(path, chosen[0].language, 1, placed[-1].end, text)


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
    """Recognise each recording as what it is and as English; and all of some in one recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["mismatch", "switch"], help="one of the two tables")
    parser.add_argument("--language", action="append", help="for the first: only this language; may be given again")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    arguments = parser.parse_args()
    every = recordings()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Decoder()) as decoder,
        closing(WhisperEngine(Settings(model=arguments.model))) as engine,
    ):

        def recognise(audio: Path, language: str) -> list[Segment]:
            options = RecognitionOptions(language=None if language == MULTI else language)
            try:
                return transcribe_file(decoder, audio, engine, arguments.model, options, NEVER)[1]
            except JobError:  # a clip of less than two seconds
                return []

        if arguments.only != "switch":
            some = [each for each in every if arguments.language is None or each.language in arguments.language]
            show(mismatches(some, recognise), markdown=arguments.markdown)
        if arguments.only != "mismatch":
            clips = [each for each in every if each.group.startswith("fleurs") and each.transcript]
            path = Path(folder) / "languages.wav"
            placed = put_together(clips, path, arguments.seed)
            found = recognise(path, MULTI)
            alone = [_all(recognise(place.clip.path, locale_of(place.clip.language))) for place in placed]
            show(report(placed, found, alone), markdown=arguments.markdown)


def _all(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


if __name__ == "__main__":
    main()
