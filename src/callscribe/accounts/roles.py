"""What may be done in an account, in four roles, and which of them a way into it has.

An auth token has all. An API key has those it was made with; one that was made without any is a standard key, as Twilio
calls them: it may do what every key could before there were roles.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from callscribe.errors import Code, RequestError


class Role(StrEnum):
    """What somebody may do in an account. None of them has another in it."""

    SUBMIT = "submit"
    """Bring recordings, and have them transcribed."""
    READ = "read"
    """Read and hear what is there, redacted where that was asked for."""
    READ_ORIGINALS = "read_originals"
    """Read and hear what was redacted, where the original is kept."""
    ADMINISTER = "administer"
    """Configure, delete, make API keys with the roles that one has, and read the audit log."""


ALL: Final = frozenset(Role)
STANDARD: Final = frozenset({Role.SUBMIT, Role.READ, Role.ADMINISTER})
"""Of a standard key, which however may not see or change who has access: keys, tokens, the audit log."""


def in_order(roles: Iterable[Role]) -> list[Role]:
    """Roles in the order of their definition, each once."""
    given = set(roles)
    return [role for role in Role if role in given]


def roles_of(kept: Sequence[str] | None) -> list[Role]:
    """The roles of a key as its row has them. One that this version does not know gives nothing."""
    return in_order(STANDARD) if kept is None else [role for role in Role if role in kept]


def lacking(missing: Sequence[Role], *, any_of: bool = False) -> RequestError:
    """The refusal of somebody who has not these roles: 20403 that names them."""
    names = (" or " if any_of else " and ").join(f"`{role}`" for role in missing)
    noun = "role" if len(missing) == 1 else "roles"
    detail = f"This needs the {noun} {names}, which the API key of this request does not have."
    return RequestError(Code.FORBIDDEN, detail)
