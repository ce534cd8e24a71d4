"""Which address a request comes from.

Of a request that a proxy passes on it is the one that the proxy names, where it is among `CALLSCRIBE_TRUSTED_PROXIES`:
the server goes by `X-Forwarded-For` for these alone, from its end, which the nearest proxy has written.
"""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request


def client_address(request: Request) -> str | None:
    """Of the client, as far as the server knows it."""
    host = request.client.host if request.client else ""
    try:
        return str(ip_address(host.partition("%")[0]))  # without the zone of a link-local one
    except ValueError:
        return None


def party(address: str | None) -> str:
    """Who is taken to be one at an address: of IPv6 the network of 64 bits, of which one customer has all."""
    known = ip_address(address) if address else None
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or ip_network((int(known), 64), strict=False).network_address)
    return str(known)
