"""The recognisers of `recognisers.py` on the same audio, in turns: word errors, speed, memory, and times of words.

    python benchmarks/speech.py [--sets calls long telephone times] [--only callscribe "faster-whisper batched"]

- `calls`: the corpus's dual-channel calls.
- `long`: all its English clips of one channel that have a transcript, shuffled (by `--seed`) and put together with
  short silences between them, again and again until they last half an hour and more: one recording.
- `telephone`: its English telephone prompts, each a recording of its own.
- `times`: synthesised dual-channel calls whose words' times are known (`spoken_calls.py`), compared as in
  `word_times.py`.

Each recogniser has a process of its own that has loaded its model before; they take turns on each recording. Times
are those of whole recordings, decoding included; memory is the peak of the whole process tree. `--results` keeps the
figures for `limit.py`, `--plot` draws them.
"""

import argparse
import json
import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from contest import Contestant, contestants
from corpus import Recording, recordings, turns
from plots import COLOURS, INK, STYLE, save
from recognisers import COMPARED, RECOGNISERS, channels, text_of
from scoring import Score, normalise, show

_RATE: Final = 16_000
_LONG: Final = 30 * 60.0
"""Seconds."""

_PAUSES: Final = (0.3, 1.5)
"""Seconds of silence between two clips: at least and at most."""


@dataclass(frozen=True, slots=True)
class Task:
    """A recording and what is said on each of its channels."""

    path: Path
    seconds: float
    texts: tuple[str, ...]


Results = dict[str, dict[str, Score]]
"""By set and recogniser."""


def calls(chosen: Sequence[Recording], _folder: Path, _seed: int) -> list[Task]:
    """The dual-channel calls."""
    return [
        Task(
            each.path,
            each.seconds,
            tuple(
                " ".join(turn.text for turn in turns(each) if turn.channel == channel)
                for channel in range(each.channels)
            ),
        )
        for each in chosen
        if each.group == "calls"
    ]


def telephone(chosen: Sequence[Recording], _folder: Path, _seed: int) -> list[Task]:
    """The telephone prompts."""
    return [Task(each.path, each.seconds, (each.transcript,)) for each in _english(chosen) if _is_prompt(each)]


def long(chosen: Sequence[Recording], folder: Path, seed: int) -> list[Task]:
    """One long recording of all English clips."""
    rng = np.random.default_rng(seed)
    clips = _english(chosen)
    audio = {clip.path: channels(clip.path)[0] for clip in clips}
    path = folder / "long.wav"
    said: list[str] = []
    samples = 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        while samples < _LONG * _RATE:
            for index in rng.permutation(len(clips)):
                pause = np.zeros(int(rng.uniform(*_PAUSES) * _RATE), np.float32)
                piece = np.concatenate([audio[clips[index].path], pause])
                file.writeframes((np.clip(piece, -1, 1) * 32767).astype(np.int16).tobytes())
                samples += len(piece)
                said.append(clips[index].transcript)
    return [Task(path, samples / _RATE, (" ".join(said),))]


def _english(chosen: Sequence[Recording]) -> list[Recording]:
    return [each for each in chosen if each.language == "en" and each.channels == 1 and each.transcript]


def _is_prompt(recording: Recording) -> bool:
    return recording.group.startswith("asterisk")


SETS: Final[dict[str, tuple[str, Callable[[Sequence[Recording], Path, int], list[Task]]]]] = {
    "calls": ("Dual-channel calls", calls),
    "long": ("Long English, mono", long),
    "telephone": ("Telephone English", telephone),
}


def measure(tasks: Sequence[Task], recognisers: Sequence[Contestant]) -> dict[str, Score]:
    """Have every recording recognised by each in turn."""
    scores = {recogniser.name: Score() for recogniser in recognisers}
    for task in tasks:
        for recogniser in recognisers:
            answer = recogniser.recognise(task.path, "en")
            score = scores[recogniser.name]
            score.seconds += answer.seconds
            score.audio += task.seconds
            score.peak = max(score.peak, answer.peak)
            for channel, text in enumerate(task.texts):
                score.add(normalise(text, "en"), normalise(text_of(answer.words, channel), "en"))
    return scores


def report(results: Results) -> Table:
    """The table of errors, speed and memory."""
    table = Table(
        "Set", "Recogniser", "Words", "WER %", "Sub", "Del", "Ins", "Real-time factor", "Of batched's speed", "Peak MiB"
    )
    for name, scores in results.items():
        batched = scores.get("faster-whisper batched")
        for index, (recogniser, score) in enumerate(scores.items()):
            errors = score.errors()
            table.add_row(
                "" if index else f"{name}, {score.audio / 60:.0f} min",
                recogniser,
                str(errors.hits + errors.substitutions + errors.deletions),
                f"{errors.wer * 100:.2f}",
                str(errors.substitutions),
                str(errors.deletions),
                str(errors.insertions),
                f"{score.real_time_factor:.4f}",
                f"{batched.seconds / score.seconds:.2f}" if batched else "",
                f"{score.peak / 2**20:.0f}",
            )
    return table


def measure_times(folder: Path, seed: int, recognisers: Sequence[Contestant]) -> list[Table]:
    """How far word times are off, and on which channel sentences are."""
    import word_times  # noqa: PLC0415  it needs synthesisers
    from spoken_calls import make_calls  # noqa: PLC0415

    scores = {recogniser.name: word_times.Score() for recogniser in recognisers}
    for call in make_calls(folder, seed):
        for recogniser in recognisers:
            answer = recogniser.recognise(call.path, "en")
            scores[recogniser.name].seconds += answer.seconds
            word_times.count(scores[recogniser.name], call, [word_times.Heard(**asdict(word)) for word in answer.words])
    return [word_times.report(scores), word_times.sentences(scores)]


def figures(results: Results) -> dict[str, Any]:
    """What `limit.py` wants to know."""
    return {
        name: {
            recogniser: {
                "seconds": score.seconds,
                "audio": score.audio,
                "wer": score.errors().wer,
                "peak": score.peak,
            }
            for recogniser, score in scores.items()
        }
        for name, scores in results.items()
    }


def plot(results: dict[str, Any], path: Path) -> None:
    """Draw speed and word errors of each set."""
    mpl.rcParams.update(STYLE)
    names = list(dict.fromkeys(name for scores in results.values() for name in scores))
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    speed, errors = figure.subplots(1, 2, sharey=True)
    height = 0.8 / len(names)
    for index, (name, colour) in enumerate(zip(names, COLOURS, strict=False)):
        measured = [place for place, scores in enumerate(results.values()) if name in scores]
        places = np.array(measured) + (index - (len(names) - 1) / 2) * height
        scores = [scores[name] for scores in results.values() if name in scores]
        drawn = (
            (speed, [score["audio"] / score["seconds"] for score in scores], "%.0f"),
            (errors, [score["wer"] * 100 for score in scores], "%.1f"),
        )
        for axes, values, layout in drawn:
            bars = axes.barh(places, values, height * 0.9, color=colour, label=name)
            axes.bar_label(bars, fmt=layout, padding=2, fontsize=6.5, color=INK)
    speed.set_yticks(np.arange(len(results)), list(results))
    speed.invert_yaxis()
    speed.set_xlabel("times real time: more is better")
    errors.set_xlabel("word error rate, %: less is better")
    for axes in (speed, errors):
        axes.patch.set_alpha(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.12)
    figure.legend(*speed.get_legend_handles_labels(), loc="outside lower center", ncols=len(names), frameon=False)
    save(figure, path)


def main() -> None:
    """Measure, print, and keep what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=0, help="threads of each recogniser; every core without it")
    parser.add_argument("--sets", nargs="+", choices=[*SETS, "times"], default=[*SETS, "times"])
    parser.add_argument("--only", nargs="+", choices=RECOGNISERS, default=COMPARED)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, help="measure only so many recordings of each set")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--results", type=Path, help="file to keep the figures in, as JSON; those of other sets stay")
    parser.add_argument("--plot", type=Path, help="file to draw the figures in, as SVG")
    arguments = parser.parse_args()
    known = [each for each in recordings() if each.seconds >= 2]
    with (
        tempfile.TemporaryDirectory() as temporary,
        contestants(arguments.only, model=arguments.model, threads=arguments.threads) as recognisers,
    ):
        for recogniser in recognisers:  # what happens only once is no part of the measurement
            recogniser.recognise(_english(known)[0].path, "en")
        results: Results = {}
        for name in arguments.sets:
            if name in SETS:
                title, make = SETS[name]
                tasks = make(known, Path(temporary), arguments.seed)
                results[title] = measure(tasks[: arguments.first], recognisers)
        if results:
            show(report(results), markdown=arguments.markdown)
        if "times" in arguments.sets:
            show(*measure_times(Path(temporary), arguments.seed, recognisers), markdown=arguments.markdown)
    found = figures(results)
    if arguments.results:
        if arguments.results.exists():
            earlier = json.loads(arguments.results.read_text())
            found = earlier | {title: earlier.get(title, {}) | scores for title, scores in found.items()}
        arguments.results.write_text(json.dumps(found, indent=2) + "\n")
    if arguments.plot:
        plot(found, arguments.plot)


if __name__ == "__main__":
    main()
