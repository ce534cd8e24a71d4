"""Who may read the metrics, which name accounts and say how busy they are."""

import secrets
from ipaddress import ip_address

from callscribe.settings import Settings

FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
"""Headers by which a proxy says that it asks for somebody else, who is elsewhere."""


def may_read(settings: Settings, *, peer: str | None, authorization: str | None, proxied: bool) -> bool:
    """Whether a request may have them. `peer` is who asks; `proxied` whether one of `FORWARDED` is there."""
    if settings.metrics_token is not None and authorization is not None:
        scheme, _, token = authorization.partition(" ")
        wanted = settings.metrics_token.get_secret_value()
        if scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), wanted.encode()):
            return True
    if settings.metrics == "loopback":
        return not proxied and not _behind_proxy(settings) and peer is not None and _is_loopback(peer)
    return settings.metrics == "open"


def _behind_proxy(settings: Settings) -> bool:
    """Whether clients reach the server from elsewhere: by a proxy on this machine, perhaps, that does not say so."""
    host = settings.public_url.host if settings.public_url else None
    return host is not None and host != "localhost" and not _is_loopback(host.strip("[]"))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
