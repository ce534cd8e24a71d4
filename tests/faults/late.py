"""The command line with a clock that is wrong: `python late.py SECONDS worker --data …`.

Child processes have the true clock; and so has anything that asks the kernel itself, such as the object store's client.
"""

import sys
from datetime import UTC, datetime, timedelta

import time_machine

from callscribe.cli import main

if __name__ == "__main__":
    offset = timedelta(seconds=float(sys.argv.pop(1)))
    with time_machine.travel(datetime.now(UTC) + offset, tick=True):
        main()
