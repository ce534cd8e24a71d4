"""Word error rate of callscribe and of faster-whisper with the same weights, beam and machine, in one run.

    python benchmarks/accuracy.py [--model base] [--groups fleurs_en,calls]

callscribe is measured as its users have it: a server, its API and a job for each recording, the wait for the answer
included; `--pipeline` measures its recognition alone, as `callscribe transcribe` runs it.

Texts are normalised as Whisper's authors do (https://github.com/openai/whisper, `EnglishTextNormalizer`; for other
languages `BasicTextNormalizer`), and numbers are compared digit by digit, so that "fourteen fifty-five" and "1455" are
the same. Recordings under two seconds, which the API refuses, are left out.
"""

import argparse
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
from rich.console import Console
from rich.table import Table
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.interface import RecognitionOptions
from callscribe.speech.languages import locale_of
from callscribe.speech.pipeline import transcribe_file
from callscribe.speech.whisper import WhisperEngine
from callscribe.transcripts.assembly import assemble
from corpus import Recording, recordings, turns
from service import service

Recogniser = Callable[[Recording], list[str]]
"""From a recording to the text of each of its channels."""

_ENGLISH = EnglishTextNormalizer()
_OTHER = BasicTextNormalizer()


@dataclass(slots=True)
class Score:
    """What one recogniser made of one set of recordings."""

    references: list[str] = field(default_factory=list)
    hypotheses: list[str] = field(default_factory=list)
    audio: float = 0.0
    seconds: float = 0.0
    right: int = 0
    wrong: int = 0

    def add(self, reference: str, hypothesis: str) -> None:
        """Count one text."""
        self.references.append(reference)
        self.hypotheses.append(hypothesis)

    def errors(self) -> jiwer.WordOutput:
        """Word errors over all texts together."""
        return jiwer.process_words(self.references, self.hypotheses)


def normalise(text: str, language: str) -> str:
    """A text as it is compared."""
    normal = _ENGLISH(text) if language == "en" else _OTHER(text)
    # "one nine" and "19", "oh" and "0": every number as its digits.
    normal = re.sub(r"\bone\b", "1", normal) if language == "en" else normal
    return " ".join(re.sub(r"(\d)", r" \1 ", normal).split())


@contextmanager
def pipeline(settings: Settings) -> Iterator[Recogniser]:
    """This program's recognition without a server, as the command line runs it."""
    with closing(WhisperEngine(settings)) as engine, closing(Decoder()) as decoder:

        def texts(recording: Recording) -> list[str]:
            options = RecognitionOptions(language=locale_of(recording.language))
            segmentation, segments = transcribe_file(
                decoder, recording.path, engine, settings.model, options, threading.Event()
            )
            transcript = assemble(segments, duration=segmentation.duration, language=options.language)
            return [
                " ".join(sentence.text for sentence in transcript.sentences if sentence.channel == channel)
                for channel in range(recording.channels)
            ]

        yield texts


def faster_whisper(settings: Settings) -> Recogniser:
    """faster-whisper's sequential decoding: beam as set, temperatures and thresholds as it comes."""
    from faster_whisper import WhisperModel  # noqa: PLC0415
    from faster_whisper.audio import decode_audio  # noqa: PLC0415

    folder = Catalogue(settings.models).path(settings.model)
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=settings.threads)

    def texts(recording: Recording) -> list[str]:
        audio = decode_audio(str(recording.path), split_stereo=recording.channels == 2)
        channels = audio if recording.channels == 2 else [audio]
        found = []
        for channel in channels:
            segments, _ = model.transcribe(
                channel, language=recording.language, beam_size=settings.beam_size, word_timestamps=True
            )
            found.append(" ".join(segment.text.strip() for segment in segments))
        return found

    return texts


def measure(recogniser: Recogniser, chosen: Sequence[Recording], score: Score) -> None:
    """Run a recogniser over recordings and count."""
    for recording in chosen:
        began = time.perf_counter()
        found = recogniser(recording)
        score.seconds += time.perf_counter() - began
        score.audio += recording.seconds
        expected = _expected(recording)
        for reference, hypothesis in zip(expected, found, strict=True):
            score.add(normalise(reference, recording.language), normalise(hypothesis, recording.language))
        if recording.group == "calls":
            for channel, words in enumerate(score.hypotheses[-2:]):
                right, wrong = _sides(score.references[-2:], channel, words)
                score.right += right
                score.wrong += wrong


def _expected(recording: Recording) -> list[str]:
    if recording.group == "calls":
        said = turns(recording)
        return [" ".join(turn.text for turn in said if turn.channel == channel) for channel in (0, 1)]
    return [recording.transcript]


def _sides(references: Sequence[str], channel: int, hypothesis: str) -> tuple[int, int]:
    """Words of a channel's text that its own party says, and words that only the other party says."""
    own, other = set(references[channel].split()), set(references[1 - channel].split())
    right: int = jiwer.process_words(references[channel], hypothesis).hits
    return right, sum(word in other and word not in own for word in hypothesis.split())


def selections(groups: frozenset[str]) -> dict[str, list[Recording]]:
    """The sets that are reported, each by its name."""
    known = [each for each in recordings() if each.seconds >= 2 and (not groups or each.group in groups)]
    written = [each for each in known if each.transcript and each.channels == 1]
    english = [each for each in written if each.language == "en"]
    sets = {
        "English, wide band": [each for each in english if not each.group.startswith("asterisk")],
        "English, telephone": [each for each in english if each.group.startswith("asterisk")],
        "Dual-channel calls": [each for each in known if each.group == "calls"],
    }
    for language in sorted({each.language for each in written} - {"en"}):
        sets[f"Other: {language}"] = [each for each in written if each.language == language]
    return {name: chosen for name, chosen in sets.items() if chosen}


def report(results: dict[str, dict[str, Score]]) -> Table:
    """The table of all sets and recognisers."""
    table = Table(
        "Set", "Recogniser", "Words", "WER %", "Sub", "Del", "Ins", "Seconds", "Real-time factor", "Own words / other's"
    )
    for name, scores in results.items():
        for recogniser, score in scores.items():
            errors = score.errors()
            table.add_row(
                name,
                recogniser,
                str(errors.hits + errors.substitutions + errors.deletions),
                f"{errors.wer * 100:.2f}",
                str(errors.substitutions),
                str(errors.deletions),
                str(errors.insertions),
                f"{score.seconds:.1f}",
                f"{score.seconds / score.audio:.3f}",
                f"{score.right} / {score.wrong}" if score.right else "",
            )
    return table


def total(results: dict[str, dict[str, Score]], recogniser: str) -> Score:
    """All English sets of one channel together."""
    whole = Score()
    for name, scores in results.items():
        if name.startswith("English"):
            part = scores[recogniser]
            whole.references += part.references
            whole.hypotheses += part.hypotheses
            whole.audio += part.audio
            whole.seconds += part.seconds
    return whole


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--models-dir", type=Path, help="folder of the model weights; the settings' own without it")
    parser.add_argument("--groups", default="", help="folders of the corpus, separated by commas; all without it")
    parser.add_argument("--only", choices=["callscribe", "faster-whisper"], help="measure one of the two")
    parser.add_argument("--pipeline", action="store_true", help="measure recognition alone instead of the service")
    parser.add_argument("--show", action="store_true", help="print the texts that differ most")
    arguments = parser.parse_args()
    folder = {"models_dir": arguments.models_dir} if arguments.models_dir else {}
    settings = Settings(model=arguments.model, **folder)
    groups = frozenset(filter(None, arguments.groups.split(",")))
    with pipeline(settings) if arguments.pipeline else service(settings.model) as ours:
        recognisers: dict[str, Recogniser] = {
            "callscribe": ours,
            "faster-whisper": faster_whisper(settings),
        }
        if arguments.only:
            recognisers = {arguments.only: recognisers[arguments.only]}
        sets = selections(groups)
        for recogniser in recognisers.values():  # load weights outside the measurement
            recogniser(next(iter(sets.values()))[0])
        results: dict[str, dict[str, Score]] = {}
        for name, chosen in sets.items():
            results[name] = {each: Score() for each in recognisers}
            for each, recogniser in recognisers.items():
                measure(recogniser, chosen, results[name][each])
    if sum(name.startswith("English") for name in results) > 1:
        results["English, all"] = {each: total(results, each) for each in recognisers}
    Console(width=150).print(report(results))
    if arguments.show:
        _show(results)


def _show(results: dict[str, dict[str, Score]]) -> None:
    for name, scores in results.items():
        for recogniser, score in scores.items():
            for reference, hypothesis in zip(score.references, score.hypotheses, strict=True):
                errors = jiwer.process_words(reference, hypothesis)
                if errors.wer > 0.1:
                    print(
                        f"\n{name}, {recogniser}: {errors.wer * 100:.1f} %\n  said  {reference}\n  heard {hypothesis}"
                    )


if __name__ == "__main__":
    main()
