"""What must be found nowhere behind a fleet whose jobs redact: what they took out, in the text and in the sound.

What is looked through is every byte that is kept or was sent, also what was deleted since and lies on a disk still.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from faults.fleet import Fleet
from servers import BUCKET

CARD: Final = (Path(__file__).parents[1] / "data" / "speech" / "card.flac").read_bytes()
"""A call in which a card number and a security code are said."""
HARMLESS: Final = b"I have sent the tent to you today."
"""What is said in it that everybody may read."""

_ENTITIES: Final = ["CARD_NUMBER", "CARD_CVV"]
POLICIES: Final[dict[str, dict[str, Any]]] = {
    "redacted": {"policy": "redacted", "entities": _ENTITIES},
    "redacted with a tone": {"policy": "redacted", "entities": _ENTITIES, "audio": "tone"},
    "redacted and original": {"policy": "redacted_and_original", "entities": _ENTITIES},
}
"""What the configurations of a fleet ask for, by the names that they have here."""

_SPOKEN: Final = range(len(CARD) * 32 // 100, len(CARD) * 42 // 100, 8192)
_SOUNDS: Final = [CARD[place : place + 64] for place in _SPOKEN]
"""Of the recording, while the number is said."""
_DIGITS: Final = re.compile(r"\d[\d ]{6,}\d")
_LEAST: Final = 4
"""Digits in a row that do not stand anywhere by chance, where quotes are around them."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What was understood of the card: its number as it stands in the text, and each of its words with digits."""

    texts: frozenset[bytes]

    @classmethod
    def of(cls, sentences: Iterable[dict[str, Any]]) -> "Secrets":
        """Those of an original transcript, as the API answers it."""
        found: set[str] = set()
        for sentence in sentences:
            numbers = _DIGITS.findall(sentence["text"])
            found.update(numbers)
            if numbers:
                words = {word["text"] for word in sentence["words"]}
                found.update(f'"{word}"' for word in words if word.isdigit() and len(word) >= _LEAST)
        assert any(len(each) > _LEAST + 2 for each in found), found
        return cls(frozenset(each.encode() for each in found))

    def left(self, places: Iterable[tuple[str, bytes]]) -> list[str]:
        """Where something of them is."""
        sought = [form for text in self.texts for form in (text, *_in_base64(text))]
        return [place for place, data in places if any(each in data for each in sought)]


def heard(places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where the number is as it sounds."""
    return [place for place, data in places if any(each in data for each in _SOUNDS)]


def blobs(fleet: Fleet) -> Iterator[tuple[str, bytes]]:
    """What is in the object store."""
    with closing(fleet.store.client()) as client:
        for key in fleet.store.blobs():
            yield f"blob {key}", client.get_object(Bucket=BUCKET, Key=f"all/{key}")["Body"].read()


def files(fleet: Fleet) -> Iterator[tuple[str, bytes]]:
    """What is on the disk: of the database, of the object store with what it has deleted, of spools, and all logs."""
    for folder in (fleet.folder, fleet.postgres.data):
        for path in folder.rglob("*"):
            if path.is_file() and "models" not in path.parts:
                yield f"file {path.relative_to(folder)}", path.read_bytes()


def rows(fleet: Fleet) -> Iterator[tuple[str, bytes]]:
    """What is in the tables, where the database has compressed it on the disk."""
    tables = fleet.postgres.rows(
        "SELECT format('%%I.%%I', table_schema, table_name) FROM information_schema.tables "
        "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    for (table,) in tables:
        for number, (text,) in enumerate(fleet.postgres.rows(f"SELECT t::text FROM {table} t")):
            yield f"row {number} of {table}", text.encode()


def _in_base64(text: bytes) -> Iterator[bytes]:
    """What there is of it in base64 whatever stands before and behind it: three forms, and none of a short one."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + text)
        inner = encoded[0 if not before else 4 : len(encoded) - 4]
        if len(inner) >= 12:  # else it could be there by chance
            yield inner
