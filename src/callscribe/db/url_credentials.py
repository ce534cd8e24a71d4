"""User and password in a URL: sealed where the URL is kept, masked where it is shown."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeVar

_CREDENTIALS: Final = re.compile(r"^([^:/?#]+://)([^/?#\\]*)@")
_SEALED: Final = re.compile(r"^([^:/?#]+://)sealed-([\w=-]+)@")

Value = TypeVar("Value")


class Cipher(Protocol):
    """Encrypts, with a key that is not in the database."""

    def encrypt(self, token: str) -> str:
        """Encrypted and authenticated, as letters, digits, hyphens, underscores and equals signs."""
        ...

    def decrypt(self, encrypted: str) -> str:
        """What was encrypted."""
        ...


def sealed(value: Value, cipher: Cipher | None, kept: object = None) -> Value:
    """A URL as it is kept; or a document, with each `url` in it so.

    `kept` is the document whose place it takes: a URL that comes back as `masked` has shown it stays what it was.
    """
    known = {masked(url): url for url in _urls(kept)}

    def seal(url: str) -> str:
        found = _CREDENTIALS.match(url)
        if url in known or found is None:
            return known.get(url, url)
        if cipher is None:
            raise RuntimeError("nothing is known that credentials could be sealed with")
        return f"{found[1]}sealed-{cipher.encrypt(found[2])}{url[found.end() - 1 :]}"

    result: Value = _changed(value, seal)
    return result


def unsealed(url: str, cipher: Cipher | None) -> str:
    """The URL as it was given.

    Raises:
        SetupError: it was sealed with another key.
    """
    found = _SEALED.match(url)
    if found is None or cipher is None:
        return url
    return f"{found[1]}{cipher.decrypt(found[2])}{url[found.end() - 1 :]}"


def masked(value: Value) -> Value:
    """A URL without its user and password; or a document, with each `url` in it so."""
    result: Value = _changed(value, lambda url: _CREDENTIALS.sub(r"\1***@", url))
    return result


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [each if isinstance(each, str) else _changed(each, change) for each in value]
    if isinstance(value, dict):
        return {
            name: _changed(each, change) if name == "url" or not isinstance(each, str) else each
            for name, each in value.items()
        }
    return value


def _urls(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(url := value.get("url"), str):
            yield url
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _urls(each)
