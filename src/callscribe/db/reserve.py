"""Room on the disk of an SQLite database that is kept for deletions: what has filled a disk must be deletable."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

MOST = 4 * 1024**2
_SHARE = 16
"""Of a small disk, a sixteenth."""


class Reserve:
    """A file beside the database that goes where a deletion finds no room, and is made again once there is some."""

    def __init__(self, database: Path) -> None:
        self._file = database.with_name(f"{database.name}-reserve")

    def keep(self) -> None:
        """Have it, where the disk has as much besides."""
        size, free = self._measure()
        if free < 2 * size or self._file.exists():
            return
        with suppress(OSError):  # another process was quicker, or has taken the room
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(size))  # zeros take no room on every disk

    def give_up(self) -> bool:
        """Free it, where it is needed; whether it was."""
        size, free = self._measure()
        if free < size:
            self._file.unlink(missing_ok=True)
        return free < size

    @property
    def is_needed(self) -> bool:
        """Whether the disk is full, or the reserve is used up."""
        size, free = self._measure()
        return free < size or (free < 2 * size and not self._file.exists())

    def _measure(self) -> tuple[int, int]:
        disk = shutil.disk_usage(self._file.parent)
        return min(MOST, disk.total // _SHARE), disk.free
