"""A worker with the program's own runtime and queues, whose work is to wait until it is told to end.

    python probe_worker.py DATABASE_URL FOLDER

Says `started NAME` for each piece of work that it takes, and ends it when there is a file of that name in the folder.
A piece is counted in a step before it waits: `counted NAME` is said once, however often it is taken up.
"""

import os
import sys
import time
from pathlib import Path

from dbos import DBOS, DBOSConfiguredInstance

from callscribe.db.engine import Database
from callscribe.durable.at_work import workflow
from callscribe.durable.liveness import Abilities
from callscribe.durable.queues import WORKFLOW_INSTANCE, WorkerQueue
from callscribe.durable.runtime import Runtime
from callscribe.settings import Settings

QUEUE = "recognition:probe"
URL, FOLDER = sys.argv[1], Path(sys.argv[2])


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


@DBOS.dbos_class()
class Probe(DBOSConfiguredInstance):
    """Its one workflow."""

    @workflow("hold")
    def hold(self, argument: str) -> None:
        name = str(DBOS.workflow_id)
        assert argument == name
        say("started", name)
        self.count(name)
        (FOLDER / f"{name}.held").touch()  # the step is recorded
        while not (FOLDER / name).exists():
            time.sleep(0.02)

    @DBOS.step()
    def count(self, name: str) -> None:
        with (FOLDER / f"{name}.counted").open("a") as file:
            file.write("x")


database = Database(URL)
lanes = [WorkerQueue(QUEUE, places=2, spare=1), WorkerQueue("suspects:probe", places=1)]
runtime = Runtime(
    database,
    Settings(data_dir=FOLDER),
    lanes,
    Abilities(("recognition",), ("probe",), "cpu"),
    told=lambda _returned: None,
)
probe = Probe(WORKFLOW_INSTANCE)
runtime.start(probe)
say("ready")
sys.stdin.read()
runtime.stop()
os._exit(0)  # as a worker does: threads are still inside of what they do
