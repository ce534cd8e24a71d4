"""What the decoder's confinement costs: processor time of decoding with it and without, run by run in turns.

Without it is the same program on a kernel that has neither Landlock nor seccomp (`tests/kernels.py`), or another
version of the program (`--against SRC`).

    python benchmarks/box.py [--runs 15] [--seconds 60] [--against ../before/src]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from kernels import without  # noqa: E402
from media_files import make  # noqa: E402

FORMATS = ("wav-s16", "wav-mulaw", "mp3-cbr", "flac", "ogg-opus", "m4a", "webm-vorbis")

DRIVER = """
import resource, sys
from pathlib import Path
from callscribe.media.decoding import Decoder
decoder = Decoder()
def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
for line in sys.stdin:
    what, _, path = line.strip().partition(" ")
    before = used()
    if what == "inspect":
        decoder.inspect(Path(path))
    else:
        for _ in decoder.windows(Path(path)):
            pass
    print(used() - before, flush=True)
"""


def driver(before: list[str], source: Path | None = None) -> "subprocess.Popen[str]":
    """A program that decodes what it is told to, and says how much processor time its children took."""
    paths = [*([str(source)] if source else []), *sys.path]
    return subprocess.Popen(
        [*before, sys.executable, "-W", "ignore", "-c", DRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def measured(program: "subprocess.Popen[str]", what: str, path: Path) -> float:
    """Seconds of processor time of one run."""
    assert program.stdin
    assert program.stdout
    program.stdin.write(f"{what} {path}\n")
    program.stdin.flush()
    return float(program.stdout.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    plain = driver([], options.against) if options.against else driver(without("landlock", "seccomp"))
    print(f"{'':12}{'':10}{'without':>10}{'boxed':>10}{'ratio':>8}   milliseconds of processor time, medians")
    with tempfile.TemporaryDirectory() as folder, plain, driver([]) as boxed:
        ratios = []
        for name in FORMATS:
            path, _ = make(Path(folder) / name, name, options.seconds, 2)
            for what in ("inspect", "decode"):
                pairs = [(measured(plain, what, path), measured(boxed, what, path)) for _ in range(options.runs)]
                first, second = (1000 * statistics.median(each) for each in zip(*pairs, strict=True))
                ratios.append(second / first)
                print(f"{name:12}{what:10}{first:10.1f}{second:10.1f}{ratios[-1]:8.3f}", flush=True)
        print(f"{'all':22}{statistics.geometric_mean(ratios):28.3f}")
        for program in (plain, boxed):
            assert program.stdin
            program.stdin.close()


if __name__ == "__main__":
    main()
