"""A fleet under everything that can be done to it on one machine, for as long as you like: `make soak`."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.chaos import FAULTS, Chaos, Done, Surroundings, plan
from faults.fleet import CLOCK_OFF, Fleet, running_fleet
from faults.ledger import Ledger, orders, recordings
from harness import Receiver
from media_server import MediaServer
from servers import Proxy, to_port

SEED = "CALLSCRIBE_SOAK_SEED"
"""The variable with the seed, for tests."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be done: everything random comes from the seed."""

    seed: int
    jobs: int
    seconds: float
    """For which jobs come and faults happen."""
    faults: int
    settle: float = 600.0
    """Seconds in which everything has to end afterwards."""
    encrypted: bool = False
    redacted: bool = False


def torture(folder: Path, run: Run, console: Console | None = None) -> None:
    """Do it, and see that every promise was kept.

    Raises:
        AssertionError: one was not, with all that is known of the run.
    """
    chance = random.Random(run.seed)
    faults = plan(chance, run.seconds, count=run.faults)
    made = orders(chance, run.jobs, run.seconds * 0.8, redacted=run.redacted)
    clock_off = chance.choice([-CLOCK_OFF, CLOCK_OFF])
    with ExitStack() as stack:
        media = stack.enter_context(MediaServer().running())
        media.paths.update(recordings())
        receiver = stack.enter_context(Receiver().listening())
        to_media = stack.enter_context(Proxy(to_port(media.port)).running())
        to_receiver = stack.enter_context(Proxy(to_port(int(receiver.url.rpartition(":")[2]))).running())
        around = Surroundings(receiver, to_receiver, to_media)
        receiver.answers = [around.answer]
        fleet = stack.enter_context(running_fleet(folder, clock_off=clock_off, encrypted=run.encrypted))
        ledger = Ledger(fleet, around, f"http://127.0.0.1:{to_media.port}")
        chaos = Chaos(fleet, around)
        try:
            ledger.prepare(f"http://127.0.0.1:{to_receiver.port}/callback", made)
            with shown(console, chaos, ledger, run):
                with chaos.following(faults), ledger.following(made, chaos):
                    pass
                ledger.settle(chaos, timeout=run.settle)
            ledger.faults += chaos.failures
            ended = fleet.stop()
            ledger.faults += [f"{name} ended with {status}" for name, status in ended.items() if status != 0]
            ledger.faults += [f"left in a spool: {path}" for path in fleet.spools()]
            ledger.faults += [f"still signed on: {row}" for row in fleet.postgres.rows("SELECT id FROM workers")]
            assert not ledger.faults, "\n".join(ledger.faults)
        except BaseException:
            report(run, chaos, ledger, clock_off)
            raise


def report(run: Run, chaos: Chaos, ledger: Ledger, clock_off: float) -> None:
    """Print what is needed to understand a failure, and to have it again."""
    console = Console(width=140, force_terminal=False)
    console.print(f"{SEED}={run.seed}: {run}; logs in {chaos.fleet.folder}")
    console.print(f"The clock of the last worker was {clock_off:+} s off.")
    console.print(_faults_table(sorted(chaos.log, key=lambda done: done.began)))
    console.print(f"Requests that were made again: {dict(ledger.retries)}")


@contextmanager
def shown(console: Console | None, chaos: Chaos, ledger: Ledger, run: Run) -> Iterator[None]:
    """A live table of progress while the block runs, where there is a console."""
    if console is None:
        yield
        return
    stop = threading.Event()

    def draw() -> None:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while not stop.wait(1.0):
                with suppress(psycopg.Error, OSError, ValueError):  # while the database is away
                    live.update(_progress(chaos, ledger, run), refresh=True)

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _progress(chaos: Chaos, ledger: Ledger, run: Run) -> Group:
    fleet: Fleet = chaos.fleet
    rows = fleet.postgres.rows("SELECT account_sid, status, count(*) FROM transcriptions GROUP BY 1, 2")
    by_account = {(account, status): count for account, status, count in rows}
    jobs = Table("account", "PENDING", "RUNNING", "COMPLETED", "FAILED", "callbacks", title=f"{chaos.now:.0f} s")
    accepted = Counter(ledger.around.accepted)
    owners = {promise.id: promise.order.account for promise in list(ledger.promises)}
    for number, account in enumerate(fleet.accounts):
        counts = [str(by_account.get((account.sid, each), 0)) for each in ("PENDING", "RUNNING", "COMPLETED", "FAILED")]
        delivered = sum(owners.get(job) == number for job in accepted)
        jobs.add_row(str(number + 1), *counts, str(delivered))
    members = Table(
        "process", "starts", title=f"{len(ledger.promises)} of {run.jobs} jobs taken, {len(ledger.deleted)} deleted"
    )
    for member in fleet.members:
        members.add_row(member.name, str(member.starts))
    return Group(jobs, members, _faults_table(chaos.log[-8:]))


def _faults_table(log: list[Done]) -> Table:
    table = Table("from", "to", "fault", "what", title="faults")
    for done in log:
        ended = f"{done.ended:.1f}" if done.ended > done.began else ""
        table.add_row(f"{done.began:.1f}", ended, done.event.name, done.note)
    return table


def seed() -> int:
    """The seed that the environment names, or a new one."""
    return int(os.environ.get(SEED) or time.time_ns() % 100_000)


def main() -> int:
    """The command line; 0 where every promise was kept."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0, help="for which jobs come and faults happen")
    parser.add_argument("--faults", type=int, help="how many; by default one in six seconds")
    parser.add_argument("--seed", type=int, default=seed(), help=f"or {SEED}")
    parser.add_argument("--folder", type=Path, help="for logs and data; kept. Otherwise removed where all went well")
    parser.add_argument("--encrypted", action="store_true", help="with encryption at rest")
    parser.add_argument("--redacted", action="store_true", help="with jobs that redact, and a search for what is left")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    seconds = arguments.minutes * 60
    faults = max(len(FAULTS), arguments.faults or round(seconds / 6))
    run = Run(
        arguments.seed,
        arguments.jobs,
        seconds,
        faults,
        settle=max(600.0, 2 * seconds),
        encrypted=arguments.encrypted,
        redacted=arguments.redacted,
    )
    console = Console()
    console.print(f"{SEED}={run.seed}: {run.jobs} jobs, {faults} faults in {seconds:.0f} s; logs in {folder}")
    try:
        torture(folder, run, console)
    except AssertionError as error:
        console.print(f"[bold red]{error}", markup=True, highlight=False)
        return 1
    console.print("Every job ended once, with the text of an undisturbed run; every callback came; nothing was left.")
    if arguments.folder is None:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
