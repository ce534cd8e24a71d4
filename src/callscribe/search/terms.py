"""What stands in the index for a call, and what is looked up there for a query.

A term begins with its account, so that nobody's search comes by what is another's: neither its words nor the time that
they would take. Behind it a sign says what kind it is:

| Term | |
|---|---|
| `en.refund` | a word's stem, in the language of its sentence |
| `=refunds` | the word itself |
| `^ref` | how a word begins; what longer beginnings are looked up by is the word itself |
| `@en-us` | the locale that was asked for |
| `#re0a1b…` | the recording that it is of |
| `-a2b3c4…` | any of these, but for beginnings of words, of a call that is sealed: a keyed hash |

Terms are letters and digits of any script and these signs, without a blank, a quote or a backslash.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from callscribe.sealing import derived
from callscribe.search.queries import SHORTEST_PREFIX, Query, Word
from callscribe.search.tables import Call
from callscribe.search.words import LANGUAGES, folded, stems

SIGNS = ".=^@#-"
"""What a term may have beside letters and digits."""


def of_call(call: Call, said: Mapping[str, Iterable[str]]) -> list[str]:
    """Every term of a call, sorted; `said` has its words by language."""
    account = _account(call.account_sid)
    found = {f"{account}{each}" for each in _narrowing(call.language, call.source_id)}
    for word, language in ((word, language) for language, every in said.items() for word in every):
        plain = folded(word)
        found.add(f"{account}={plain}")
        found.update(f"{account}{language}.{stem}" for stem in stems(word, language))
        if len(plain) >= SHORTEST_PREFIX:
            found.add(f"{account}^{plain[:SHORTEST_PREFIX]}")
    return sorted(found)


def hashed(account_sid: str, key: bytes, terms: Iterable[str]) -> list[str]:
    """The same terms as hashes (BLAKE2b, RFC 7693) by an account's key. Whole words only: a hash has no beginnings.

    Who has the index and not the key sees how many calls have the same word, and not which.
    """
    account = _account(account_sid)
    own = derived(key, b"callscribe search terms")
    return [_hashed(account, own, term) for term in terms if not term.startswith(f"{account}^")]


@dataclass(frozen=True, slots=True)
class Lookup:
    """One of several things that a call must have: any of the terms; with `is_prefix`, one that begins so."""

    terms: tuple[str, ...]
    is_prefix: bool = False


def of_query(
    account_sid: str, query: Query, language: str | None, source_id: str | None, keys: Sequence[bytes] = ()
) -> list[Lookup]:
    """What an account's call must have to be found. Whether the words of a phrase stand side by side is not there.

    With the account's keys, each is looked up in plain and as every key has it hashed.
    """
    account = _account(account_sid)
    looked_up = [Lookup((f"{account}{each}",)) for each in _narrowing(language, source_id)]
    looked_up += [_of_word(account, word) for word in query.wanted]
    return [
        each
        if each.is_prefix
        else Lookup((*each.terms, *(term for key in keys for term in hashed(account_sid, key, each.terms))))
        for each in looked_up
    ]


def _of_word(account: str, word: Word) -> Lookup:
    if word.is_prefix and len(word.plain) == SHORTEST_PREFIX:
        return Lookup((f"{account}^{word.plain}",))
    if word.is_prefix:
        return Lookup((f"{account}={word.plain}",), is_prefix=True)
    inflected = [f"{account}{code}.{stem}" for code in LANGUAGES for stem in sorted(word.stems(code))]
    return Lookup((f"{account}={word.plain}", *inflected))


def _hashed(account: str, key: bytes, term: str) -> str:
    digest = hashlib.blake2b(term.encode(), key=key, digest_size=10).digest()
    return f"{account}-{base64.b32encode(digest).decode().lower()}"


def _narrowing(language: str | None, source_id: str | None) -> Iterator[str]:
    if language is not None:
        yield f"@{_plain(language)}"
    if source_id is not None:
        yield f"#{_plain(source_id)}"


def _plain(value: str) -> str:
    """Clients may ask for anything; what a term cannot have is in none."""
    return "".join(each if each.isalnum() or each == "-" else "." for each in value.lower())


def _account(account_sid: str) -> str:
    """Eight letters and digits. Should two accounts share them, `SearchDocument.account_sid` keeps them apart."""
    digest = hashlib.blake2b(account_sid.encode(), digest_size=5).digest()
    return base64.b32encode(digest).decode().lower()
