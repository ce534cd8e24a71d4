"""A random key for each account, and those it had before, wrapped by the master key, in a store of their own.

    AC…/000001           a key: JSON with `wrapped`; the greatest number seals, all open
    AC…/erased           names of keys that were erased; what was sealed with them is gone, and known to be

A key is written once and never changed but by wrapping it anew. Two processes that need an account's first key at the
same time get the same: the file is made where there is none, and read by whoever comes second.
"""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from callscribe.errors import Code, KeyUnknown
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.sealing import Keyring, Keys, key_name, new_key
from callscribe.vault.master import MasterKey

MEMORY: Final = 30.0
"""Seconds for which a process uses the keys of an account without looking whether they still are those."""

_ERASED: Final = "erased"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccountKey:
    """One key of an account. `created_at` in UTC."""

    number: int
    key: bytes
    created_at: str
    wrapped: str

    @property
    def name(self) -> str:
        """What sealed objects call it, in hexadecimal."""
        return key_name(self.key).hex()


@dataclass(frozen=True, slots=True)
class _Held:
    keys: tuple[bytes, ...]
    """The current one first."""
    erased: frozenset[str]
    until: float


class AccountKeys:
    """The keys of all accounts. Safe to use from several threads at once.

    It is what blobs (`media.seals.Seals`) and rows (`db.sealed.Vault`) are sealed and opened by.

    Args:
        store: where they lie.
        master: what they are wrapped by.
        seals: whether what is new is to be sealed; what is sealed is opened in either case.
    """

    def __init__(self, store: BlobStore, master: MasterKey, *, seals: bool) -> None:
        self._store = store
        self.master = master
        self._seals = seals
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    @property
    def seals(self) -> bool:
        """Whether what is new is sealed."""
        return self._seals

    def key_of(self, account_sid: str) -> bytes | None:
        """What an account's new values are sealed with, made where it has none; None where nothing is sealed.

        Raises:
            SetupError: it cannot be unwrapped.
        """
        if not self._seals:
            return None
        held = self._look(account_sid)
        return held.keys[0] if held.keys else self._begin(account_sid)

    def keys_of(self, account_sid: str) -> Sequence[bytes]:
        """All keys of an account, the current one first."""
        return self._look(account_sid).keys

    def find(self, account_sid: str, name: bytes) -> bytes | None:
        """The key of a name; None where it was erased.

        Raises:
            KeyUnknown: it is not here.
            SetupError: it cannot be unwrapped.
        """
        for fresh in (False, True):  # another process may have made it since
            held = self._look(account_sid, fresh=fresh)
            if name.hex() in held.erased:
                return None
            for key in held.keys:
                if key_name(key) == name:
                    return key
        raise KeyUnknown(
            Code.JOB_INTERNAL,
            f"the key {name.hex()} of account {account_sid} is not in the store of CALLSCRIBE_KEYS_URL",
        )

    def to_seal(self, blob: str) -> Keys | None:
        """See `media.seals.Seals`; the account is the first part of a blob's key."""
        account_sid = _account(blob)
        return None if account_sid is None else self.key_of(account_sid)

    def to_open(self, blob: str) -> Keys:
        """See `media.seals.Seals`."""
        account_sid = _account(blob)
        if account_sid is None:
            raise KeyUnknown(Code.JOB_INTERNAL, f"the blob {blob} is no account's, and sealed")
        return _Opening(self, account_sid, blob)

    def check(self) -> None:
        """Make sure that keys can be wrapped and written, by doing so with one that is nobody's."""
        probe = f"probe-{new_key().hex()[:16]}"
        self._store.put_bytes(probe, self._document(probe, new_key(), ""))
        self._store.get_bytes(probe)
        self._store.delete(probe)

    def accounts(self) -> list[str]:
        """SIDs of the accounts that have keys, or had some."""
        return sorted({key.partition("/")[0] for key in self._store.keys("") if _account(key)})

    def every(self, account_sid: str) -> list[AccountKey]:
        """The keys of an account, the current one first.

        Raises:
            SetupError: one cannot be unwrapped.
        """
        found = [self._read(account_sid, number) for number in self._numbers(account_sid)]
        return [key for key in reversed(found) if key is not None]

    def erased(self, account_sid: str) -> frozenset[str]:
        """The names of keys that an account had."""
        try:
            return frozenset(json.loads(self._store.get_bytes(f"{account_sid}/{_ERASED}")))
        except BlobMissing:
            return frozenset()

    def rotate(self, account_sid: str) -> AccountKey:
        """Make a new key for what an account gets from now on; others use it `MEMORY` seconds later at the latest."""
        number = max(self._numbers(account_sid), default=0) + 1
        while not self._add(account_sid, number):  # another was quicker
            number += 1
        self.forget(account_sid)
        made = self._read(account_sid, number)
        assert made is not None
        return made

    def rewrap(self, account_sid: str) -> int:
        """Have an account's keys wrapped by the present master key; how many were not. Twice is as once."""
        changed = 0
        for each in self.every(account_sid):
            if not self.master.is_current(each.wrapped):
                path = _path(account_sid, each.number)
                self._store.put_bytes(path, self._document(account_sid, each.key, each.created_at))
                changed += 1
        return changed

    def drop(self, account_sid: str, numbers: Sequence[int]) -> None:
        """Remove older keys, with which nothing is sealed any more."""
        for number in numbers:
            self._store.delete(_path(account_sid, number))
        self.forget(account_sid)

    def erase(self, account_sid: str) -> int:
        """Remove all keys of an account, and with them what they had sealed, wherever it lies; how many there were.

        Killed in between, it is done once more: the names are written before the keys go, and hold from then on.
        """
        numbers = self._numbers(account_sid)
        names = {each.name for each in self.every(account_sid)} | self.erased(account_sid)
        self._store.put_bytes(f"{account_sid}/{_ERASED}", json.dumps(sorted(names)).encode())
        for number in numbers:
            self._store.delete(_path(account_sid, number))
        self.forget(account_sid)
        return len(numbers)

    def forget(self, account_sid: str) -> None:
        """Look for its keys anew at the next need."""
        with self._lock:
            self._held.pop(account_sid, None)

    def _look(self, account_sid: str, *, fresh: bool = False) -> _Held:
        with self._lock:
            held = self._held.get(account_sid)
        if not fresh and held is not None and time.monotonic() < held.until:
            return held
        erased = self.erased(account_sid)
        keys = tuple(each.key for each in self.every(account_sid) if each.name not in erased)
        held = _Held(keys, erased, time.monotonic() + MEMORY)
        with self._lock:
            self._held[account_sid] = held
        return held

    def _begin(self, account_sid: str) -> bytes:
        while True:
            # Listed before it is looked: a key made by another in between is seen, one made later has this very number.
            number = max(self._numbers(account_sid), default=0) + 1
            held = self._look(account_sid, fresh=True)
            if held.keys:
                return held.keys[0]
            if self._add(account_sid, number):
                _log.info("keys.made", account=account_sid)

    def _add(self, account_sid: str, number: int) -> bool:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return self._store.put_new(_path(account_sid, number), self._document(account_sid, new_key(), created))

    def _document(self, account_sid: str, key: bytes, created_at: str) -> bytes:
        return json.dumps({"wrapped": self.master.wrap(account_sid, key), "createdAt": created_at}).encode()

    def _numbers(self, account_sid: str) -> list[int]:
        names = (key.rpartition("/")[2] for key in self._store.keys(account_sid))
        return sorted(int(name) for name in names if name.isdecimal())

    def _read(self, account_sid: str, number: int) -> AccountKey | None:
        try:
            found = json.loads(self._store.get_bytes(_path(account_sid, number)))
        except BlobMissing:  # erased in this moment
            return None
        wrapped = str(found["wrapped"])
        return AccountKey(number, self.master.unwrap(account_sid, wrapped), str(found["createdAt"]), wrapped)


class _Opening(Keyring):
    """An account's keys by name, asked for when one is needed. What was sealed with an erased one is no more."""

    def __init__(self, keys: AccountKeys, account_sid: str, blob: str) -> None:
        self._of = keys
        self._account_sid = account_sid
        self._blob = blob

    @property
    def keys(self) -> tuple[bytes, ...]:  # type: ignore[override]  # looked up, and not held
        return tuple(self._of.keys_of(self._account_sid))

    def find(self, name: bytes) -> bytes:
        """See `Keyring`.

        Raises:
            BlobMissing: the key was erased.
        """
        key = self._of.find(self._account_sid, name)
        if key is None:
            raise BlobMissing(f"the key of the blob {self._blob} was erased")
        return key


def _account(blob: str) -> str | None:
    first, slash, _ = blob.partition("/")
    return first if slash and len(first) == 34 and first.startswith("AC") else None


def _path(account_sid: str, number: int) -> str:
    return f"{account_sid}/{number:06}"
