"""Peak memory of the whole process tree while it transcribes 10 and 60 minutes of a dual-channel call.

    python benchmarks/memory.py [--model base] [--minutes 10 60]

The recordings are the bundled call, repeated. Memory is the sum of the resident sets of the command, its decoder and
its recogniser, looked at twenty times a second; pages that they share count more than once. What must hold: the longest
recording needs at most 10 % more than the shortest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

import callscribe

CALL = Path(callscribe.__file__).parent / "demo" / "call.wav"


def recording(folder: Path, minutes: float) -> Path:
    """The bundled call, again and again, for so many minutes."""
    path = folder / f"{minutes:g}min.wav"
    with wave.open(str(CALL)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        frames = source.readframes(source.getnframes())
        size = source.getnchannels() * source.getsampwidth()
        left = round(minutes * 60 * source.getframerate())
        while left > 0:
            target.writeframes(frames[: left * size])
            left -= source.getnframes()
    return path


def peak(path: Path, model: str) -> tuple[float, float]:
    """Peak resident bytes of the tree, and seconds, of transcribing a recording."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "callscribe", "transcribe", str(path), "--language", "en-US", "--model", model]
    environment = {**os.environ, "CALLSCRIBE_MODEL": model}
    most = 0
    with subprocess.Popen([*command, "--output", str(path.parent)], env=environment) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, tree(root))
            time.sleep(0.05)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return most, time.perf_counter() - began


def tree(root: psutil.Process) -> int:
    """Resident bytes of a process and of all below it."""
    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue  # it ended just now
    except psutil.NoSuchProcess:
        pass
    return total


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 60.0])
    arguments = parser.parse_args()
    table = Table("Recording", "Peak memory", "Of the shortest", "Seconds", "Real-time factor")
    first = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for minutes in arguments.minutes:
            most, seconds = peak(recording(Path(folder), minutes), arguments.model)
            first = first or most
            table.add_row(
                f"{minutes:g} min",
                f"{most / 2**20:.0f} MiB",
                f"{most / first * 100:.1f} %",
                f"{seconds:.0f}",
                f"{seconds / minutes / 60:.3f}",
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
