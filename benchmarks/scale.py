"""How far the service scales, and what it costs beside recognition.

    python benchmarks/scale.py [--only creates jobs waiting overhead stopping]

Five tables, on a real PostgreSQL (from a wheel), a shared folder for blobs, and servers and workers as processes of
their own:

- creates: POST /v3/Transcriptions by 16 clients at 1, 2 and 4 API processes, creates a second.
- jobs: the bundled call, again and again, at 1, 2, 4 and 8 workers: jobs a second from the first POST to the last
  callback, against those of one worker; with the CPU time and the write-ahead log that each job costs beside
  recognition. There are more workers than cores here, so **recognition is a sleep as long as recognition of this call
  takes on a worker with two cores of its own** (`sleeping_worker.py`, measured first); all else is real.
- waiting: while 1, 100 and 10,000 jobs of one account wait, the time from another account's POST to its job's start,
  and to its callback.
- overhead: `callscribe serve` on a call of ten minutes, real recognition, from the POST to the callback, against the
  same engine in this process with no service around it (decode, voice activity, recognition, sentences), both warm, in
  turns.
- stopping: from DELETE of the same call while it is decoded, or recognised, until the process that did so has ended.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from callscribe.cancellation import NEVER
from callscribe.demo import RECORDING
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.interface import Span
from callscribe.speech.pipeline import segment_file
from callscribe.speech.windows import windows_within
from fleets import Account, Fleet, Hub, cpu, database_processes, fleet, hub, log_bytes, runs, served
from recognisers import callscribe
from scoring import show

console = Console(width=120)


def creates(place: Hub, seconds: float) -> Table:
    """Creates a second by the number of API processes."""
    table = Table("API processes", "Clients", "Creates a second", "Of one", "CPU ms: API", "CPU ms: PostgreSQL")
    first = 0.0
    for count in (1, 2, 4):
        with fleet() as here:
            for _ in range(count):
                here.api()
            made, elapsed, used = _create_for(here, place, seconds)
            rate = made / elapsed
            first = first or rate
            table.add_row(
                str(count), "16", f"{rate:.0f}", f"{rate / first:.2f}", *(f"{each / made * 1000:.2f}" for each in used)
            )
    return table


def _create_for(here: Fleet, place: Hub, seconds: float) -> tuple[int, float, tuple[float, float]]:
    clients = [Account(here.urls[number % len(here.urls)], here.account(), place) for number in range(16)]
    servers = database_processes(here.database)
    before = cpu(here.apis), cpu(servers)
    began = time.monotonic()

    def work(client: Account) -> int:
        made = 0
        while time.monotonic() - began < seconds:
            client.create()
            made += 1
        return made

    with ThreadPoolExecutor(len(clients)) as pool:
        made = sum(pool.map(work, clients))
    elapsed = time.monotonic() - began
    for client in clients:
        client.close()
    return made, elapsed, (cpu(here.apis) - before[0], cpu(servers) - before[1])


def recognition_seconds() -> tuple[float, float]:
    """Seconds that the bundled call's recognition takes, and seconds of CPU time: warm, the best of three."""
    settings = Settings(model="base")
    with callscribe(settings) as recogniser:
        recogniser(RECORDING, "en")
        took = []
        for _ in range(3):
            before = cpu([psutil.Process()])
            began = time.perf_counter()
            recogniser(RECORDING, "en")
            took.append((time.perf_counter() - began, cpu([psutil.Process()]) - before))
    return min(took)


def jobs(place: Hub, numbers: Sequence[int], each: int, per_second: float) -> Table:
    """Jobs a second by the number of workers."""
    table = Table("Workers", "Jobs", "Jobs a second", "Of one", "CPU ms: workers", "PostgreSQL", "API", "Log KiB a job")
    first = 0.0
    for count in numbers:
        with fleet() as here, ExitStack() as stack:
            here.api()
            for _ in range(count):
                here.worker(per_second)
            accounts = [stack.enter_context(closing(Account(here.urls[0], here.account(), place))) for _ in range(4)]
            place.wait([account.create() for account in accounts for _ in range(count)], 300)  # all are warm
            servers = database_processes(here.database)
            parts = here.workers, servers, here.apis
            before = [cpu(part) for part in parts]
            wal = log_bytes(here.database)
            began = time.monotonic()
            number = each * count
            ids = [accounts[index % len(accounts)].create() for index in range(number)]
            elapsed = place.wait(ids, 1200) - began
            used = [cpu(part) - earlier for part, earlier in zip(parts, before, strict=True)]
            rate = number / elapsed
            first = first or rate
            table.add_row(
                str(count),
                str(number),
                f"{rate:.2f}",
                f"{rate / first:.2f}",
                *(f"{part / number * 1000:.0f}" for part in used),
                f"{(log_bytes(here.database) - wal) / number / 1024:.0f}",
            )
    return table


def waiting(place: Hub, per_second: float, numbers: Sequence[int], repetitions: int) -> Table:
    """What an account's job waits for while another's fill the queue."""
    table = Table("Jobs waiting", "To its start, s", "the longest", "To its callback, s", "the longest")
    for number in numbers:
        with fleet() as here, ExitStack() as stack:
            here.api()
            crowd, one = (stack.enter_context(closing(Account(here.urls[0], here.account(), place))) for _ in range(2))
            with ThreadPoolExecutor(8) as pool:
                for _ in range(number):
                    pool.submit(crowd.create)
            here.worker(per_second)
            time.sleep(10)  # the worker has its hands full
            starts, ends = [], []
            for _ in range(repetitions):
                began = time.monotonic()
                job = one.create()
                starts.append(one.started(job) - began)
                ends.append(place.wait([job], 600) - began)
            table.add_row(
                f"{number:,}",
                *(f"{of(times):.2f}" for times in (starts, ends) for of in (statistics.median, max)),
            )
    return table


def overhead(place: Hub, rounds: int) -> Table:
    """The service against the engine in it, both warm, in turns."""
    settings = Settings(model="base")
    path = place.folder / "10min.wav"
    bare: list[float] = []
    service: list[float] = []
    with served(place) as (account, _, _), ExitStack() as stack:
        recogniser = stack.enter_context(callscribe(settings))

        def alone() -> float:
            began = time.monotonic()
            recogniser(path, "en")
            return time.monotonic() - began

        def through() -> float:
            began = time.monotonic()
            return place.wait([account.create("10min.wav")], 600) - began

        alone()
        through()
        for number in range(rounds):
            turns: list[tuple[Callable[[], float], list[float]]] = [(alone, bare), (through, service)]
            for work, times in turns if number % 2 else reversed(turns):
                times.append(work())
    ratios = sorted(b / a for a, b in zip(bare, service, strict=True))
    table = Table(
        "Call of 10 min", "Engine alone, s", "Service, POST to callback, s", "Ratio of the medians", "Of each round"
    )
    table.add_row(
        f"{rounds} rounds",
        f"{statistics.median(bare):.2f}",
        f"{statistics.median(service):.2f}",
        f"{statistics.median(service) / statistics.median(bare):.3f}",
        " ".join(f"{ratio:.3f}" for ratio in ratios),
    )
    return table


def stopping(place: Hub, rounds: int) -> Table:
    """DELETE at moments spread over the work on a call."""
    table = Table("Deleted while", "Until its process has ended, s", "the longest")
    with served(place) as (account, server, _):
        place.wait([account.create("call.wav")], 120)  # the model is loaded
        for doing, mark in (("it is decoded", "decoder_process"), ("it is recognised", "whisper.child")):
            times = []
            for number in range(rounds):
                job = account.create("10min.wav")
                reached = 0.101 + 0.1 * number if mark == "whisper.child" else 0.051 + 0.005 * number
                account.reach(job, reached)
                process = next(each for each in server.children(recursive=True) if runs(each, mark))
                began = time.monotonic()
                account.delete(job)
                process.wait(60)
                times.append(time.monotonic() - began)
            table.add_row(doing, f"{statistics.median(times):.2f}", f"{max(times):.2f}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("creates", "jobs", "waiting", "overhead", "stopping")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long jobs are made, for each number of APIs")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8], help="numbers of workers")
    parser.add_argument("--jobs", type=int, default=12, help="jobs for each worker")
    parser.add_argument("--waiting", type=int, nargs="+", default=[1, 100, 10_000], help="jobs that wait")
    parser.add_argument(
        "--sleep",
        type=float,
        help="seconds that recognition of the bundled call takes, not measured: to compare versions",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often what is compared is repeated")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    chosen = parser.parse_args()
    console.print(f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}")
    results: list[tuple[str, Table]] = []
    with tempfile.TemporaryDirectory() as folder, hub(Path(folder)) as place:
        per_second = 0.0
        if {"jobs", "waiting"} & set(chosen.only):
            took = chosen.sleep
            if took is None:
                took, busy = recognition_seconds()
                console.print(f"The bundled call alone: {took:.2f} s, {busy:.2f} s of CPU time; workers sleep as long.")
            per_second = took / _speech_seconds()
        work: dict[str, Callable[[], Table]] = {
            "creates": lambda: creates(place, chosen.seconds),
            "jobs": lambda: jobs(place, chosen.workers, chosen.jobs, per_second),
            "waiting": lambda: waiting(place, per_second, chosen.waiting, chosen.rounds),
            "overhead": lambda: overhead(place, chosen.rounds),
            "stopping": lambda: stopping(place, chosen.rounds),
        }
        for name in chosen.only:
            console.print(f"{name} …")
            results.append((name, work[name]()))
            show(results[-1][1], markdown=chosen.markdown)


def _speech_seconds() -> float:
    """Seconds of the windows that the bundled call's speech is packed into."""
    with closing(Decoder()) as decoder:
        segmentation = segment_file(decoder, RECORDING, NEVER)
    plans = windows_within(segmentation.channels, Span(0.0, segmentation.duration))
    return sum(plan.span.end - plan.span.start for plan in plans)


if __name__ == "__main__":
    main()
