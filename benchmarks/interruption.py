"""A long call whose worker is killed in the middle: what is done again, and whether the transcript is the same.

    python benchmarks/interruption.py [--minutes 60]

`callscribe serve` with real recognition; the bundled call, repeated. The call is transcribed undisturbed, and once more
with `kill -9` of the worker when half of it is done. What must hold: at most the chunk in hand is recognised again, and
the two transcripts are the same, byte for byte.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.table import Table

from fleets import hub, runs, served
from memory import recording
from scoring import show

WORKER = "--lifeline"
"""In the command line of the worker of `callscribe serve`."""


def recognised(folder: Path, job: str) -> Counter[int]:
    """How often each chunk of a job was recognised to its end, by the server's log."""
    (log,) = folder.glob("*.log")
    events = (json.loads(line) for line in log.read_text().splitlines() if '"chunk.recognized"' in line)
    return Counter(event["chunk"] for event in events if event["transcription"] == job)


def transcript(folder: Path, job: str) -> bytes:
    """What is stored."""
    (path,) = folder.rglob(f"{job}/transcript.json")
    return path.read_bytes()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    chosen = parser.parse_args()
    table = Table("Call", "Seconds", "Chunks", "Recognised to the end", "More than once", "The same transcript")
    with tempfile.TemporaryDirectory() as media, hub(Path(media)) as place, served(place) as (account, server, folder):
        name = recording(Path(media), chosen.minutes).name
        place.wait([account.create("call.wav")], 120)  # the model is loaded

        def row(title: str, job: str, seconds: float, same: str) -> None:
            times = recognised(folder, job)
            again = sum(count > 1 for count in times.values())
            table.add_row(title, f"{seconds:.0f}", str(len(times)), str(times.total()), str(again), same)

        began = time.monotonic()
        undisturbed = account.create(name)
        row("undisturbed", undisturbed, place.wait([undisturbed], 3600) - began, "")
        began = time.monotonic()
        killed = account.create(name)
        account.reach(killed, 0.5)
        next(each for each in server.children(recursive=True) if runs(each, WORKER)).kill()
        seconds = place.wait([killed], 3600) - began
        same = transcript(folder, killed) == transcript(folder, undisturbed)
        row("worker killed half-way", killed, seconds, "yes" if same else "no")
    show(table, markdown=chosen.markdown)
    if not same:
        sys.exit("The transcripts differ.")


if __name__ == "__main__":
    main()
