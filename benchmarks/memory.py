"""Peak memory of the whole process tree, and time, by length of a dual-channel call.

    python benchmarks/memory.py [--model base] [--minutes 1 10 60 480] [--each-way] [--beside "faster-whisper batched"]

The recordings are the bundled call, repeated, and gone when they have been measured (8 hours take a gigabyte of disk
meanwhile); each figure is told as it comes. Memory is the sum of the proportional sets of the command, its decoder
and its recogniser, looked at ten times a second: pages that they share are counted once. What must hold: eight hours
need at most 5 % more than ten minutes, and less than a gigabyte. `--model` may be that of another engine, ENGINE/MODEL.
`--each-way` measures callscribe on each way of computing that this processor has, without it on that of
`CALLSCRIBE_COMPUTE`. `--beside` measures other recognisers as well, in a fresh process for each recording; most of them
hold a recording whole: gigabytes for 480 minutes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from rich.table import Table

from callscribe.demo import RECORDING
from callscribe.speech.engines.registry import DEFAULT, named
from callscribe.speech.engines.whisper.compute import ways
from contest import PeakMemory, contestants
from plots import COLOURS, INK, STYLE, save
from recognisers import RECOGNISERS
from scoring import show

WHICHEVER = "callscribe"
OURS = {WHICHEVER: {}} | {f"callscribe {way}": {"CALLSCRIBE_COMPUTE": way} for way in ways()}
"""This program on each way of computing, and on the one that the environment names: what is set for it."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one recogniser needed for a recording of so many minutes."""

    minutes: float
    peak: int
    seconds: float


def recording(folder: Path, minutes: float) -> Path:
    """The bundled call, again and again, for so many minutes."""
    path = folder / f"{minutes:g}min.wav"
    with wave.open(str(RECORDING)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        frames = source.readframes(source.getnframes())
        size = source.getnchannels() * source.getsampwidth()
        left = round(minutes * 60 * source.getframerate())
        while left > 0:
            target.writeframes(frames[: left * size])
            left -= source.getnframes()
    return path


def measure(name: str, path: Path, minutes: float, model: str) -> Measurement:
    """Have a fresh process transcribe a recording."""
    if name in OURS:
        return _measure_command(path, minutes, model, OURS[name])
    with contestants([name], model=model, threads=0) as (recogniser,):
        answer = recogniser.recognise(path, "en")
    return Measurement(minutes, answer.peak, answer.seconds)


def _measure_command(path: Path, minutes: float, model: str, way: dict[str, str]) -> Measurement:
    """`callscribe transcribe`, from its start to its end."""
    setting = {"CALLSCRIBE_MODEL": model} if named(model).engine == DEFAULT.name else {}
    environment = {**os.environ, **setting, **way}
    command = [sys.executable, "-m", "callscribe", "transcribe", str(path), "--language", "en-US", "--model", model]
    began = time.perf_counter()
    with (
        subprocess.Popen([*command, "--output", str(path.parent)], env=environment) as run,
        PeakMemory(run.pid) as memory,
    ):
        run.wait()
    if run.returncode:
        sys.exit(f"{' '.join(command)} ended with {run.returncode}")
    return Measurement(minutes, memory.peak, time.perf_counter() - began)


def report(results: dict[str, list[Measurement]]) -> Table:
    """The table."""
    table = Table("Recogniser", "Recording", "Peak MiB", "Of 10 min", "Seconds", "Real-time factor")
    for name, measured in results.items():
        base = next((each.peak for each in measured if each.minutes == 10), None)
        for index, each in enumerate(measured):
            table.add_row(
                "" if index else name,
                f"{each.minutes:g} min",
                f"{each.peak / 2**20:.0f}",
                f"{each.peak / base * 100:.1f} %" if base else "",
                f"{each.seconds:.0f}",
                f"{each.seconds / each.minutes / 60:.4f}",
            )
    return table


def plot(results: dict[str, list[Measurement]], path: Path) -> None:
    """Draw memory and time by length."""
    mpl.rcParams.update(STYLE)
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    memory, speed = figure.subplots(1, 2)
    for (name, measured), colour in zip(results.items(), COLOURS, strict=False):
        minutes = [each.minutes for each in measured]
        memory.plot(minutes, [each.peak / 2**20 for each in measured], "o-", color=colour, label=name, markersize=4)
        speed.plot(minutes, [each.seconds for each in measured], "o-", color=colour, markersize=4)
    lengths = sorted({each.minutes for measured in results.values() for each in measured})
    for axes, label in ((memory, "peak memory, MiB"), (speed, "seconds")):
        axes.set_xscale("log")
        axes.set_xticks(lengths, [f"{length:g}" for length in lengths])
        axes.minorticks_off()
        axes.set_xlabel("length of the call, minutes")
        axes.set_ylabel(label)
        axes.patch.set_alpha(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=INK, alpha=0.25)
    memory.set_ylim(bottom=0)
    speed.set_yscale("log")
    figure.legend(*memory.get_legend_handles_labels(), loc="outside lower center", ncols=len(results), frameon=False)
    save(figure, path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 10.0, 60.0, 480.0])
    parser.add_argument("--beside", nargs="+", choices=[each for each in RECOGNISERS if each not in OURS], default=[])
    parser.add_argument("--each-way", action="store_true", help="measure each way of computing of this processor")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--plot", type=Path, help="file to draw the figures in, as SVG")
    chosen = parser.parse_args()
    own = [name for name in OURS if (name == WHICHEVER) != chosen.each_way]
    results: dict[str, list[Measurement]] = {name: [] for name in (*own, *chosen.beside)}
    for minutes in chosen.minutes:
        with tempfile.TemporaryDirectory() as folder:
            path = recording(Path(folder), minutes)
            for name, measured in results.items():
                measured.append(measure(name, path, minutes, chosen.model))
                told = f"{name}, {minutes:g} min: {measured[-1].peak / 2**20:.0f} MiB, {measured[-1].seconds:.0f} s"
                print(told, file=sys.stderr, flush=True)
    show(report(results), markdown=chosen.markdown)
    if chosen.plot:
        plot(results, chosen.plot)


if __name__ == "__main__":
    main()
