"""The kit: what is sealed comes back whole and by ranges, and nothing that was changed, cut or mixed comes at all."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callscribe.errors import KeyUnknown, SealBroken
from callscribe.sealing import (
    HEADER,
    PIECE,
    TAG,
    Keyring,
    Pieces,
    SealedPath,
    SealedReader,
    is_sealed,
    new_key,
    object_key,
    plain_size,
    seal,
    sealed_size,
    sealing,
    unseal,
    unsealing,
)

KEY = new_key()
DATA = os.urandom(3 * PIECE + 1234)
SEALED = seal(KEY, DATA)
SIZES = [0, 1, TAG, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 5]


def pieces_of(sealed: bytes) -> list[bytes]:
    body = sealed[HEADER:]
    return [body[start : start + PIECE + TAG] for start in range(0, len(body), PIECE + TAG)]


@pytest.mark.parametrize("size", SIZES)
def test_sealed_and_unsealed(size: int) -> None:
    data = os.urandom(size)
    sealed = seal(KEY, data)
    assert is_sealed(sealed)
    assert size < 16 or data[:16] not in sealed
    assert unseal(KEY, sealed) == data
    assert plain_size(len(sealed)) == size
    assert sealed_size(size) == len(sealed)
    with SealedReader(io.BytesIO(sealed), KEY) as reader:
        assert reader.readall() == data
        assert reader.size == size


@given(st.lists(st.binary(max_size=2 * PIECE + 3), max_size=5), st.integers(1, 3 * PIECE))
@settings(deadline=None, max_examples=60)
def test_any_split_gives_the_same(chunks: list[bytes], step: int) -> None:
    sealed = b"".join(sealing(KEY, chunks))
    assert unseal(KEY, sealed) == b"".join(chunks)
    again = (sealed[start : start + step] for start in range(0, len(sealed), step))
    assert b"".join(unsealing(KEY, len(sealed), again)) == b"".join(chunks)


@given(st.integers(0, len(DATA) + 10), st.integers(0, 2 * PIECE))
@settings(deadline=None)
def test_any_range_is_read(start: int, length: int) -> None:
    reader = SealedReader(io.BytesIO(SEALED), KEY)
    reader.seek(start)
    assert io.BufferedReader(reader).read(length) == DATA[start : start + length]
    pieces = Pieces.of(SEALED[:HEADER], len(SEALED), KEY)
    end = min(start + length, len(DATA))
    if start < end:
        first, last = pieces.span(start, end)
        assert pieces.cut(start, end, SEALED[first:last]) == DATA[start:end]
        assert last - first <= end - start + 2 * PIECE + 4 * TAG


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
@settings(deadline=None, max_examples=300)
def test_every_changed_byte_is_found(position: int, change: int) -> None:
    changed = bytearray(SEALED)
    changed[position] ^= change
    with pytest.raises((SealBroken, KeyUnknown)):
        unseal(KEY, bytes(changed))


def test_every_byte_of_a_small_object_is_watched() -> None:
    sealed = seal(KEY, b"what was said")
    for position in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[position] ^= 1 << bit
            with pytest.raises((SealBroken, KeyUnknown)):
                unseal(KEY, bytes(changed))


@pytest.mark.parametrize("size", [*range(0, HEADER + TAG, 7), HEADER + PIECE + TAG, HEADER + 2 * (PIECE + TAG), -1])
def test_a_truncated_object_is_refused(size: int) -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, SEALED[:size])
    with pytest.raises(SealBroken):
        b"".join(unsealing(KEY, len(SEALED), [SEALED[:size]]))


def test_pieces_take_no_others_place() -> None:
    header, own, other = SEALED[:HEADER], pieces_of(SEALED), pieces_of(seal(KEY, DATA))
    swapped = [own[1], own[0], *own[2:]]
    mixed = [own[0], other[1], *own[2:]]
    doubled = [own[0], own[0], *own[2:]]
    without = [own[0], *own[2:]]
    behind = [*own[:-1], own[-2], own[-1]]
    for wrong in (swapped, mixed, doubled, without, behind):
        with pytest.raises(SealBroken):
            unseal(KEY, header + b"".join(wrong))


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, SEALED + b"\0")
    with pytest.raises(SealBroken):
        b"".join(unsealing(KEY, len(SEALED), [SEALED, bytes(PIECE + TAG)]))


def test_another_key_is_said_to_be_unknown() -> None:
    with pytest.raises(KeyUnknown, match="not at hand"):
        unseal(new_key(), SEALED)
    with pytest.raises(SealBroken, match="not a sealed object"):
        unseal(KEY, b"plain")


def test_two_objects_of_the_same_differ() -> None:
    assert seal(KEY, DATA)[HEADER:] != SEALED[HEADER:]


def test_an_older_key_opens_still() -> None:
    new = new_key()
    ring = Keyring(new, KEY)
    assert unseal(ring, SEALED) == DATA
    assert unseal(new, seal(ring, b"x")) == b"x"
    with pytest.raises(KeyUnknown):
        unseal(KEY, seal(ring, b"x"))


def test_a_path_has_the_key_of_its_object_alone(tmp_path: Path) -> None:
    file = tmp_path / "media"
    file.write_bytes(SEALED)
    path = SealedPath.of(file, object_key(KEY, SEALED[:HEADER]))
    assert path.read_bytes() == DATA
    assert file.read_bytes() == SEALED
    other = tmp_path / "other"
    other.write_bytes(seal(KEY, DATA))
    with pytest.raises(SealBroken):
        SealedPath.of(other, path.object_key).read_bytes()


def test_reading_takes_little_memory(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415  measures from here on

    file = tmp_path / "media"
    with file.open("wb") as sealed:
        sealed.writelines(sealing(KEY, (bytes(1024**2) for _ in range(64))))
    with file.open("rb") as sealed:
        header = sealed.read(HEADER)
    tracemalloc.start()
    with SealedPath.of(file, object_key(KEY, header)).reader() as reader:
        while reader.read(1024**2):
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024**2
