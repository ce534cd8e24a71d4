"""Which communications belong together: the key that an open conversation of a configuration has to itself.

The rules are Twilio's grouping types. An address is the same on every channel that carries it: `whatsapp:+15550100` and
`rcs:+15550100` are `+15550100`.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from callscribe.conversations.tables import Grouping

_PREFIXES = ("whatsapp:", "rcs:")


@dataclass(frozen=True, slots=True)
class MatchedParty:
    """What grouping looks at in a participant. `addresses` are pairs of channel and address."""

    type: str
    profile_id: str | None = None
    addresses: Sequence[tuple[str, str]] = field(default=())


def plain_address(address: str) -> str:
    """The address without what names the channel, in one case: addresses of e-mail are the same in capitals."""
    for prefix in _PREFIXES:
        if address.lower().startswith(prefix):
            return address[len(prefix) :].casefold()
    return address.casefold()


def grouping_key(grouping: Grouping, parties: Sequence[MatchedParty], channel: str | None = None) -> str | None:
    """64 hexadecimal digits that are the same for the same parties; None where nothing says who they are.

    By profile, the customers decide, not their agents: by their profiles, or else by their addresses, since profiles
    are not looked up here. By addresses, all of them decide. `channel` is that of the communication; without
    one it is that of the first address.
    """
    if grouping is Grouping.PROFILE:
        customers = [party for party in parties if party.type == "CUSTOMER"]
        profiles = {party.profile_id for party in customers if party.profile_id}
        if profiles:
            return _digest("profile", sorted(profiles))
        parties = customers or parties
    addresses = _addresses(parties)
    if not addresses:
        return None
    if grouping is Grouping.ADDRESSES_AND_CHANNEL:
        first = channel or next(kind for party in parties for kind, _ in party.addresses)
        return _digest("channel", [first, *addresses])
    return _digest("addresses", addresses)


def _addresses(parties: Iterable[MatchedParty]) -> list[str]:
    return sorted({plain_address(address) for party in parties for _, address in party.addresses})


def _digest(kind: str, parts: list[str]) -> str:
    return hashlib.sha256(json.dumps([kind, *parts]).encode()).hexdigest()
