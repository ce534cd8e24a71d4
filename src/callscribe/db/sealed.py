"""Columns that hold what was said, or who said it: sealed with the key of the account whose row it is.

A sealed value says whose it is, so that any query reads it. One that is written does not: `owned` says it, for rows
that are inserted without the ORM, and is called for all that the ORM writes. With sealing on, a value of which nobody
said so is refused, since it would go into the table in plain.

    text     a control character, `sealed:AC…:` and the sealed object in base64; no text that a client sends begins so
    JSON     a string, `"sealed:AC…:…"`; what is not sealed is an object or a list
    bytes    the account's SID, and the sealed object

Terms that are looked for or counted by the database are sealed so that the same ones look the same (AES-SIV, RFC 5297).
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import set_committed_value

from callscribe.db.base import Base
from callscribe.db.documents import JsonOf
from callscribe.db.engine import Database
from callscribe.errors import Code, KeyUnknown, SealBroken
from callscribe.sealing import HEADER, NAME_BYTES, derived, is_sealed, key_name, name_in, seal, unseal

_TEXT: Final = "\x1asealed:"
_JSON: Final = "sealed:"
_TERM: Final = "\x1aterm:"
_SID: Final = 34
_HEADER_LETTERS: Final = 44
"""Letters of base64 that have a header; no sealed object, and no sealed term, has fewer."""


class Vault(Protocol):
    """Has the keys of accounts."""

    @property
    def seals(self) -> bool:
        """Whether what is written is to be sealed."""
        ...

    def key_of(self, account_sid: str) -> bytes | None:
        """What an account's new values are sealed with; None is not at all."""
        ...

    def keys_of(self, account_sid: str) -> Sequence[bytes]:
        """All that an account's values may be sealed with, the current one first."""
        ...

    def find(self, account_sid: str, name: bytes) -> bytes | None:
        """The key of a name; None where it was erased.

        Raises:
            KeyUnknown: it is not here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Owned:
    """A value to be written, and whose it is."""

    account_sid: str
    value: Any


_vaults: WeakKeyDictionary[sa.Dialect, Vault] = WeakKeyDictionary()
"""By dialect, of which each engine has one of its own: types are told nothing else of where they are used."""


def use_vault(database: Database, vault: Vault) -> None:
    """Have a database's sealed columns use these keys."""
    _vaults[database.engine.dialect] = vault


def vault_of(bind: sa.Engine | sa.Connection) -> Vault | None:
    """The keys that a database's sealed columns use."""
    return _vaults.get(bind.dialect)


def owned(table: type[Base], row: Mapping[str, Any], account_sid: str | None = None) -> dict[str, Any]:
    """A row to be inserted, or changes, with whose its sealed values are: `account_sid`, or that of the row itself."""
    whose = account_sid or row["account_sid"]
    names = sealed_columns(table)
    return {
        name: Owned(whose, value) if name in names and value is not None and not isinstance(value, Owned) else value
        for name, value in row.items()
    }


@cache
def sealed_columns(table: type[Base]) -> frozenset[str]:
    """The names of a table's sealed columns, and of the attributes with them."""
    mapper = sa.inspect(table)
    return frozenset({each for name in _attributes(mapper) for each in (name, mapper.attrs[name].columns[0].name)})


class _Text(sa.TypeDecorator[str]):
    """Text of any length. SQLite's tables were made with a length, of which it takes no notice."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, made_with: int | None = None) -> None:
        super().__init__()
        self.made_with = made_with

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """As the table has it."""
        is_short = self.made_with is not None and dialect.name == "sqlite"
        return sa.String(self.made_with) if is_short else self.impl_instance


class SealedText(_Text):
    """Text. It is NULL to who reads it once its key was erased."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Sealed, where that is on."""
        sealed, plain = _to_seal(value, dialect, str.encode)
        return plain if sealed is None else f"{_TEXT}{_written(sealed)}"

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """In plain."""
        if value is None or not value.startswith(_TEXT):
            return value
        opened = _opened(value.removeprefix(_TEXT), dialect)
        return opened.decode() if opened is not None else None


class SealedJson(JsonOf):
    """A column of JSON, which SQL cannot look into. Once its key was erased it is read as `erased`, a JSON text."""

    cache_ok = True

    def __init__(self, kind: Any, erased: str = "null") -> None:
        super().__init__(kind)
        self.erased = erased

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Sealed, where that is on."""
        dump = super().process_bind_param
        sealed, plain = _to_seal(value, dialect, lambda each: json.dumps(dump(each, dialect)).encode())
        return dump(plain, dialect) if sealed is None else f"{_JSON}{_written(sealed)}"

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any]:
        """Back from text."""
        read = super().result_processor(dialect, coltype)

        def process(value: str | None) -> Any:
            if value is not None and value.startswith('"'):
                opened = _opened(json.loads(value).removeprefix(_JSON), dialect)
                value = self.erased if opened is None else opened.decode()
            return None if value is None or value == "null" else read(value)

        return process


class SealedBytes(sa.TypeDecorator[bytes]):
    """Bytes. They are NULL to who reads them once their key was erased."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> bytes | None:
        """Sealed, where that is on."""
        sealed, plain = _to_seal(value, dialect, bytes)
        return plain if sealed is None else sealed[0].encode() + sealed[1]

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> bytes | None:
        """In plain."""
        if value is None or not is_sealed(value[_SID:]):
            return value
        return _unsealed(value[:_SID].decode(), value[_SID:], dialect)


class SealedTerm(_Text):
    """A short text that the database compares and counts: the same ones of an account are sealed to the same."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Sealed, where that is on; a plain text is looked for as it is."""
        if not isinstance(value, Owned):
            return None if value is None else str(value)
        vault = _vaults.get(dialect)
        key = None if vault is None else vault.key_of(value.account_sid)
        return value.value if key is None or value.value is None else _term(value.account_sid, key, value.value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """In plain."""
        if value is None or not value.startswith(_TERM):
            return value
        account_sid, _, rest = value.removeprefix(_TERM).partition(":")
        token = base64.b64decode(rest)
        key = _found(account_sid, token[:NAME_BYTES], dialect)
        if key is None:
            return None
        try:
            return AESSIV(derived(key, b"callscribe terms", 64)).decrypt(token[NAME_BYTES:], None).decode()
        except InvalidTag:
            raise _broken() from None


def forms_of(bind: sa.Engine | sa.Connection, account_sid: str, value: str) -> list[str]:
    """How a `SealedTerm` of an account may stand in a table: in plain, and sealed with each of its keys."""
    vault = vault_of(bind)
    keys = () if vault is None else vault.keys_of(account_sid)
    return [value, *(_term(account_sid, key, value) for key in keys)]


def _term(account_sid: str, key: bytes, value: str) -> str:
    token = key_name(key) + AESSIV(derived(key, b"callscribe terms", 64)).encrypt(value.encode(), None)
    return f"{_TERM}{account_sid}:{base64.b64encode(token).decode()}"


def _to_seal(
    value: Any, dialect: sa.Dialect, dump: Callable[[Any], bytes]
) -> tuple[tuple[str, bytes], None] | tuple[None, Any]:
    """The account and what is sealed of a value; or else the value itself."""
    whose, plain = (value.account_sid, value.value) if isinstance(value, Owned) else (None, value)
    vault = _vaults.get(dialect)
    if plain is None or vault is None or not vault.seals:
        return None, plain
    if whose is None:
        raise TypeError("whose a value is must be said where it is to be sealed; see db.sealed.owned")
    key = vault.key_of(whose)
    return (None, plain) if key is None else ((whose, seal(key, dump(plain))), None)


def _written(sealed: tuple[str, bytes]) -> str:
    return f"{sealed[0]}:{base64.b64encode(sealed[1]).decode()}"


def _opened(written: str, dialect: sa.Dialect) -> bytes | None:
    account_sid, _, text = written.partition(":")
    try:
        return _unsealed(account_sid, base64.b64decode(text, validate=True), dialect)
    except binascii.Error:
        raise _broken() from None


def _unsealed(account_sid: str, sealed: bytes, dialect: sa.Dialect) -> bytes | None:
    key = _found(account_sid, name_in(sealed[:HEADER]), dialect)
    return None if key is None else unseal(key, sealed)


def _found(account_sid: str, name: bytes, dialect: sa.Dialect) -> bytes | None:
    vault = _vaults.get(dialect)
    if vault is None:
        raise KeyUnknown(Code.JOB_INTERNAL, "a value is sealed, and no keys are at hand")
    return vault.find(account_sid, name)


def _broken() -> SealBroken:
    return SealBroken(Code.JOB_INTERNAL, "a sealed value is not as it was sealed")


@sa.event.listens_for(Base, "before_insert", propagate=True)
def _own_new(mapper: Mapper[Any], _connection: sa.Connection, target: Any) -> None:
    _own(target, _attributes(mapper))


@sa.event.listens_for(Base, "before_update", propagate=True)
def _own_changed(mapper: Mapper[Any], _connection: sa.Connection, target: Any) -> None:
    if names := _attributes(mapper):
        state = sa.inspect(target)
        _own(target, (name for name in names if state.attrs[name].history.has_changes()))


def _own(target: Any, names: Iterable[str]) -> None:
    for name in names:
        value = getattr(target, name)
        if value is not None and not isinstance(value, Owned):
            setattr(target, name, Owned(target.account_sid, value))


@sa.event.listens_for(Base, "after_insert", propagate=True)
@sa.event.listens_for(Base, "after_update", propagate=True)
def _show(mapper: Mapper[Any], _connection: sa.Connection, target: Any) -> None:
    """What was written is shown in plain again."""
    shown = sa.inspect(target).dict
    for name in _attributes(mapper):
        if isinstance(value := shown.get(name), Owned):
            set_committed_value(target, name, value.value)


@cache
def _attributes(mapper: Mapper[Any]) -> tuple[str, ...]:
    sealed = SealedText | SealedJson | SealedBytes | SealedTerm
    return tuple(attribute.key for attribute in mapper.column_attrs if isinstance(attribute.columns[0].type, sealed))


@dataclass(frozen=True, slots=True)
class Raw:
    """A sealed column's value as it lies in the table."""

    value: Any

    def is_sealed_by(self, key: bytes | None) -> bool:
        """Whether it is as it would be written with this key; None is in plain."""
        name = self._name()
        return name == (None if key is None else key_name(key))

    def _name(self) -> bytes | None:
        """Of the key that it was sealed with."""
        value = self.value
        if isinstance(value, bytes | memoryview):
            sealed = bytes(value[_SID : _SID + HEADER])
            return name_in(sealed) if is_sealed(sealed) else None
        if value.startswith('"'):
            value = _TEXT + json.loads(value).removeprefix(_JSON)
        if not value.startswith((_TEXT, _TERM)):
            return None
        _, _, text = value.split(":", 2)
        start = base64.b64decode(text[:_HEADER_LETTERS])
        return start[:NAME_BYTES] if value.startswith(_TERM) else name_in(start)


@cache
def raw_columns(mapper: Mapper[Any]) -> dict[str, sa.ColumnElement[Any]]:
    """Expressions for a table's sealed columns as they lie there, by the names of the attributes."""
    found: dict[str, sa.ColumnElement[Any]] = {}
    for name in _attributes(mapper):
        column = mapper.attrs[name].columns[0]
        if isinstance(column.type, SealedJson):
            found[name] = sa.cast(sa.type_coerce(column, sa.JSON), sa.Text)
        else:
            found[name] = sa.type_coerce(column, sa.LargeBinary if isinstance(column.type, SealedBytes) else sa.Text)
    return found
