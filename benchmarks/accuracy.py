"""Word error rate of callscribe and of faster-whisper with the same weights, beam and machine, in one run.

    python benchmarks/accuracy.py [--model base] [--groups fleurs_en,calls]

callscribe is measured as its users have it: a server, its API and a job for each recording, the wait for the answer
included; `--pipeline` measures its recognition alone, as `callscribe transcribe` runs it. `--beside` measures models of
its other engines, such as sherpa/moonshine-base. `speech.py` compares more recognisers, by speed and memory as well.

Texts are normalised as Whisper's authors do (https://github.com/openai/whisper, `EnglishTextNormalizer`; for other
languages `BasicTextNormalizer`), and numbers are compared digit by digit, so that "fourteen fifty-five" and "1455" are
the same. Recordings under two seconds, which the API refuses, are left out.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import jiwer
import psutil
from rich.table import Table

from callscribe.settings import Settings
from contest import tree_computed
from corpus import Recording, recordings, turns
from recognisers import Recogniser as ByWords
from recognisers import callscribe, faster_whisper, text_of
from scoring import Score, normalise, show
from service import service

_COMPOSED: Final = ("calls", "hard")
"""Folders of dual-channel calls that were composed of clips."""

Recogniser = Callable[[Recording], list[str]]
"""From a recording to the text of each of its channels."""


def texts(recogniser: ByWords) -> Recogniser:
    """A recogniser's words as one text a channel."""

    def by_channel(recording: Recording) -> list[str]:
        heard = recogniser(recording.path, recording.language)
        return [text_of(heard, channel) for channel in range(recording.channels)]

    return by_channel


def measure(recogniser: Recogniser, chosen: Sequence[Recording], score: Score) -> None:
    """Run a recogniser over recordings and count."""
    for recording in chosen:
        began, computed = time.perf_counter(), tree_computed(psutil.Process())
        found = recogniser(recording)
        score.seconds += time.perf_counter() - began
        score.computed += tree_computed(psutil.Process()) - computed
        score.audio += recording.seconds
        expected = _expected(recording)
        for reference, hypothesis in zip(expected, found, strict=True):
            score.add(normalise(reference, recording.language), normalise(hypothesis, recording.language))
        if recording.group in _COMPOSED:
            for channel, words in enumerate(score.hypotheses[-2:]):
                right, wrong = _sides(score.references[-2:], channel, words)
                score.right += right
                score.wrong += wrong


def _expected(recording: Recording) -> list[str]:
    if recording.group in _COMPOSED:
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
        "Calls over bad lines": [each for each in known if each.group == "hard"],
    }
    for language in sorted({each.language for each in written} - {"en"}):
        sets[f"Other: {language}"] = [each for each in written if each.language == language]
    return {name: chosen for name, chosen in sets.items() if chosen}


def report(results: dict[str, dict[str, Score]]) -> Table:
    """The table of all sets and recognisers."""
    table = Table(
        *("Set", "Recogniser", "Words", "WER %", "Sub", "Del", "Ins", "Seconds", "Processor seconds"),
        *("Real-time factor", "Own words / other's"),
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
                f"{score.computed:.1f}",
                f"{score.real_time_factor:.3f}",
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
            whole.computed += part.computed
    return whole


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--models-dir", type=Path, help="folder of the model weights; the settings' own without it")
    parser.add_argument("--groups", default="", help="folders of the corpus, separated by commas; all without it")
    parser.add_argument("--only", choices=["callscribe", "faster-whisper"], help="measure one of the two")
    parser.add_argument("--pipeline", action="store_true", help="measure recognition alone instead of the service")
    parser.add_argument(
        "--beside", nargs="*", default=[], metavar="ENGINE/MODEL", help="measure these as well, by recognition alone"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--show", action="store_true", help="print the texts that differ most")
    arguments = parser.parse_args()
    folder = {"models_dir": arguments.models_dir} if arguments.models_dir else {}
    settings = Settings(model=arguments.model, **folder)
    groups = frozenset(filter(None, arguments.groups.split(",")))
    with ExitStack() as stack:
        recognisers: dict[str, Recogniser] = {}
        if arguments.only != "faster-whisper":
            recognisers["callscribe"] = (
                texts(stack.enter_context(callscribe(settings)))
                if arguments.pipeline
                else stack.enter_context(service(settings.model))
            )
        for served_by in arguments.beside:
            recognisers[served_by] = texts(stack.enter_context(callscribe(settings, served_by=served_by)))
        if arguments.only != "callscribe":
            recognisers["faster-whisper"] = texts(stack.enter_context(faster_whisper(settings)))
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
    show(report(results), markdown=arguments.markdown)
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
