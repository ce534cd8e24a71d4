"""What a table says of recordings: CSV with a head, or JSON, one row a recording."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from callscribe.errors import SetupError

FILE = "file"
"""The column that says which recording a row is about."""

COLUMNS: Mapping[str, str] = {
    "call_sid": "CallSid",
    "from": "From",
    "to": "To",
    "direction": "Direction",
    "start_time": "StartTime",
    "channels": "Channels",
    "source": "Source",
    "conference_sid": "ConferenceSid",
}
"""The other columns, and the fields of an upload that they are."""


class Metadata:
    """Rows, each with any of `COLUMNS`, by the file that they name: its path, or the end of it."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._rows: dict[str, dict[str, str]] = {}
        self._used: set[str] = set()
        self.unknown_columns: set[str] = set()
        for number, row in enumerate(rows, 1):
            self._add(number, row)

    @classmethod
    def read(cls, path: Path) -> "Metadata":
        """From a file whose name ends in `.csv` or `.json`; in the latter a list of objects.

        Raises:
            SetupError: it cannot be read; the message says why.
        """
        try:
            if path.suffix.lower() == ".json":
                rows = json.loads(path.read_text(encoding="utf-8-sig"))
                if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                    raise SetupError(f"{path}: a list of objects is needed, one for each recording.")
            else:
                with path.open(encoding="utf-8-sig", newline="") as file:
                    rows = list(csv.DictReader(file))
        except (OSError, ValueError, csv.Error) as error:
            raise SetupError(f"{path} cannot be read: {error}") from error
        return cls(rows)

    def _add(self, number: int, row: Mapping[str, Any]) -> None:
        given = {_column(name): str(value).strip() for name, value in row.items() if name and value is not None}
        name = given.pop(FILE, "")
        if not name:
            raise SetupError(f"Row {number} of the metadata has no `{FILE}`: the name or path of its recording.")
        if name in self._rows:
            raise SetupError(f"The metadata has two rows for {name}.")
        self.unknown_columns |= given.keys() - COLUMNS.keys()
        self._rows[name] = {COLUMNS[column]: value for column, value in given.items() if column in COLUMNS and value}

    def assigned(self, files: Sequence[tuple[str, ...]]) -> list[dict[str, str]]:
        """What is said of each file, by the upload's names of fields; nothing where no row is about it.

        Of the names of a file the last one is the whole path.

        Raises:
            SetupError: a row fits several files, of which it can mean one only.
        """
        result: list[dict[str, str]] = [{} for _ in files]
        by_name: defaultdict[str, set[int]] = defaultdict(set)
        for number, names in enumerate(files):
            for name in names:
                by_name[name].add(number)
        by_end: defaultdict[str, set[int]] = defaultdict(set)
        for number, names in enumerate(files):
            parts = PurePosixPath(names[-1]).parts
            for length in range(1, len(parts)):
                by_end["/".join(parts[-length:])].add(number)
        taken: set[int] = set()
        # Names as they were given go first: `1.wav` is the one in the folder, before any below it.
        for numbers in (by_name, by_end):
            for name in self.unused:
                fitting = numbers.get(name, set()) - taken
                if len(fitting) > 1:
                    raise SetupError(f"The metadata's row for {name} fits {len(fitting)} recordings: write its path.")
                for number in fitting:
                    result[number] = self._rows[name]
                    taken.add(number)
                    self._used.add(name)
        return result

    @property
    def unused(self) -> list[str]:
        """Files that rows name and that were not among those asked for."""
        return [name for name in self._rows if name not in self._used]


def _column(name: str) -> str:
    """`CallSid`, `call sid` and `call_sid` are one."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[\s-]+", "_", name.strip()).lower()
