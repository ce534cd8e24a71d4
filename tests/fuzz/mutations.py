"""Changes to data that was right, each drawn from a generator with a seed."""

import random
import struct
from collections.abc import Callable
from typing import Any

BORDERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
"""Numbers at which sizes and counts go wrong."""

HEAD = 400
"""Bytes at the beginning that are hit more often: there is what the rest is read by."""


def _place(chance: random.Random, data: bytearray) -> int:
    """A position, every second time in the head."""
    return chance.randrange(max(1, min(len(data), HEAD) if chance.random() < 0.5 else len(data)))


def _flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice((1, 3, 30))):
        data[_place(chance, data)] ^= 1 << chance.randrange(8)


def _number(chance: random.Random, data: bytearray) -> None:
    place, form = _place(chance, data), chance.choice(("<I", ">I", "<H", ">H", "<Q", ">Q"))
    number = chance.choice(BORDERS) & (256 ** struct.calcsize(form) - 1)
    data[place : place + struct.calcsize(form)] = struct.pack(form, number)


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[_place(chance, data) :]


def _remove(chance: random.Random, data: bytearray) -> None:
    place = _place(chance, data)
    del data[place : place + chance.choice((1, 4, 100, 5000))]


def _repeat(chance: random.Random, data: bytearray) -> None:
    place = _place(chance, data)
    part = data[place : place + chance.choice((4, 100, 5000))]
    data[place:place] = part * chance.choice((1, 2, 40))


def _stuff(chance: random.Random, data: bytearray) -> None:
    place = _place(chance, data)
    data[place:place] = chance.randbytes(chance.choice((1, 8, 1000))) if chance.random() < 0.5 else bytes(1000)


CHANGES: tuple[Callable[[random.Random, bytearray], None], ...] = (_flip, _number, _cut, _remove, _repeat, _stuff)


def changed(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """The data with one change or a few; now and then with the rest of another file from some place on."""
    result = bytearray(data)
    if chance.random() < 0.1:
        result = result[: _place(chance, result)] + bytearray(other[chance.randrange(len(other)) :])
    for _ in range(chance.choice((1, 1, 2, 5))):
        if result:
            chance.choice(CHANGES)(chance, result)
    return bytes(result)


VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 2**63, 10**40, "", "\0", "\ud800", "x" * 5000, "🙂", "\u202e", " "),
    *([], {}, [[]], [None] * 50, {"": None}, {"$ref": "#"}, "2026-02-30T25:61:00Z", "1e9999", "../../etc/passwd"),
)
"""What a member of a body may be instead."""


def changed_document(chance: random.Random, document: Any) -> Any:
    """A document of JSON with one member that is another, is gone, or is one too many."""
    if isinstance(document, dict) and document and chance.random() < 0.8:
        name = chance.choice(sorted(document))
        rest = {key: value for key, value in document.items() if key != name}
        match chance.randrange(4):
            case 0:
                return rest
            case 1:
                return document | {chance.choice(("x", "", "id", "\0", "__class__")): chance.choice(VALUES)}
            case _:
                return {**rest, name: changed_document(chance, document[name])}
    if isinstance(document, list) and document and chance.random() < 0.8:
        place = chance.randrange(len(document))
        parts = [changed_document(chance, document[place])] * chance.choice((1, 1, 300))
        return [*document[:place], *parts, *document[place + 1 :]]
    return chance.choice(VALUES)


HOSTS = (
    *("127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "0.0.0.0", "localhost", "localhost."),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[2002:7f00:1::]", "127.0.0.1.", "127.000.000.001", "0x7f.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "[::1%25lo]"),
)
"""Ways to write this machine."""


def url(chance: random.Random, port: int) -> str:
    """A URL that means this machine, or is near one that does."""
    host, other = chance.choice(HOSTS), chance.choice(HOSTS)
    scheme = chance.choice(("http", "https", "HTTP", "file", "ftp", "gopher", "http:", "//", "s3", "\thttp", ""))
    place = chance.choice(("", "user:pass@", "media.example@", "media.example:80@", "media.example\\@", "a@b@", "%00@"))
    rest = chance.choice(("/", "", "/../", f"/?u=http://{other}", "#@a", "/%0d%0aX: y"))
    text = f"{scheme}://{place}{host}:{port}{rest}"
    if chance.random() < 0.3:
        where = chance.randrange(len(text) + 1)
        text = (
            text[:where]
            + chance.choice(("\\", "/", "@", ":", "#", "\0", "\r\n", "%", "é", " ", "\u200b"))
            + text[where:]
        )
    return text
