"""Speed on kinds of processors: recognition may use no more than each has, beside faster-whisper batched with as much.

    python benchmarks/processors.py [--kinds amx avx512-bf16 avx512-vnni avx2] [--ways auto] [--sets calls long]

Libraries are told what they may use (`ONEDNN_MAX_CPU_ISA` for OpenVINO, `CT2_FORCE_CPU_ISA` for the peer), so that
processors can be looked at that this machine is not. That is not the whole truth about them: their clocks, caches and
memory are others, and OpenVINO chooses some kernels by what it sees of the machine besides. Kinds that this processor
cannot stand for are left out, and said.

Recognisers take turns on each recording. Real-time factors are seconds for a second of the recording, by the wall and
by the processor; ratios are to faster-whisper batched in the same turn.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

from callscribe.speech.engines.whisper.compute import processor
from contest import contestants
from corpus import recordings
from recognisers import text_of
from scoring import Score, normalise, show
from speech import SETS, Task

BATCHED: Final = "faster-whisper batched"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of processor: what it is called, what OpenVINO and CTranslate2 are told, and what it takes to try it."""

    name: str
    openvino: str
    ctranslate2: str
    flag: str


KINDS: Final = {
    "amx": Kind("AMX", "ALL", "AVX512", "amx_int8"),
    "avx512-bf16": Kind("AVX-512 with BF16, no AMX", "AVX512_CORE_BF16", "AVX512", "avx512_bf16"),
    "avx512-vnni": Kind("AVX-512 with VNNI, no BF16", "AVX512_CORE_VNNI", "AVX512", "avx512_vnni"),
    "avx2": Kind("AVX2 alone", "AVX2", "AVX2", "avx2"),
}


@dataclass(slots=True)
class Times:
    """Sums over a set."""

    wall: float = 0.0
    computed: float = 0.0


def has(flag: str) -> bool:
    """Whether this processor has a feature, by Linux's name of it."""
    try:
        return flag in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False


def measure(kind: Kind, way: str, tasks: list[Task], *, threads: int) -> list[tuple[str, Times, Score]]:
    """Callscribe in a way, and batched, on one kind of processor."""
    limits = {"ONEDNN_MAX_CPU_ISA": kind.openvino, "CT2_FORCE_CPU_ISA": kind.ctranslate2, "CALLSCRIBE_COMPUTE": way}
    with contestants(["callscribe", BATCHED], model="base", threads=threads, **limits) as recognisers:
        results = [(each, Times(), Score()) for each in recognisers]
        for recogniser, _, _ in results:  # what happens only once is no part of the measurement
            recogniser.recognise(tasks[0].path, "en")
        for task in tasks:
            for recogniser, times, score in results:
                answer = recogniser.recognise(task.path, "en")
                times.wall += answer.seconds
                times.computed += answer.computed
                score.audio += task.seconds
                for channel, text in enumerate(task.texts):
                    score.add(normalise(text, "en"), normalise(text_of(answer.words, channel), "en"))
        return [(recogniser.name, times, score) for recogniser, times, score in results]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--ways", nargs="+", default=["auto"], help="values of CALLSCRIBE_COMPUTE")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["calls"])
    parser.add_argument("--first", type=int, help="measure only so many recordings of each set")
    parser.add_argument("--threads", type=int, default=0, help="threads of each recogniser; every core without it")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    columns = "Processor", "Set", "Recogniser", "Real-time factor", "Processor s per s", "Of batched", "WER %"
    table = Table(*columns, title=processor())
    known = [each for each in recordings() if each.seconds >= 2]
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets:
            title, make = SETS[name]
            tasks = make(known, Path(temporary), 1)[: arguments.first]
            for kind in (KINDS[each] for each in arguments.kinds):
                if not has(kind.flag):
                    table.add_row(kind.name, title, "not run: this processor has none of it")
                    continue
                for way in arguments.ways:
                    (own, ours, heard), (peer, theirs, by_peer) = measure(kind, way, tasks, threads=arguments.threads)
                    for who, times, score in ((f"{own}, {way}", ours, heard), (peer, theirs, by_peer)):
                        table.add_row(
                            kind.name,
                            title,
                            who,
                            f"{times.wall / score.audio:.4f}",
                            f"{times.computed / score.audio:.3f}",
                            f"{times.wall / theirs.wall:.2f}",
                            f"{score.errors().wer * 100:.2f}",
                        )
    show(table, markdown=arguments.markdown)


if __name__ == "__main__":
    main()
