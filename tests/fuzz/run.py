"""Fuzzing for as long as you like: `make fuzz ARGS="--minutes 10 --seed N --only media"`."""

import argparse
import random
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.fuzzing import TARGETS, Tally


def main() -> None:
    """Try each target for its share of the time, and say what came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--only", choices=TARGETS, help="this alone, and not all in turns")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chosen = [options.only] if options.only else list(TARGETS)
    for name in chosen:
        tally, end = Tally(), time.monotonic() + 60 * options.minutes / len(chosen)
        with TARGETS[name]() as round_:
            tally.run(name, round_, options.seed, until=lambda _, end=end: time.monotonic() > end)  # type: ignore[misc]
        for what, count in sorted(tally.found.items()):
            print(f"{what:40} {count:8}", flush=True)


if __name__ == "__main__":
    main()
