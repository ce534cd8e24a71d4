"""Requests to addresses that somebody else chose: media URLs and callbacks.

Every hop is checked where it counts, at the connect: the name is resolved, each address it has must be one
that anybody on the Internet could reach, and the connection goes to exactly the address that was checked, so
a name that resolves differently a moment later gains nothing. TLS is still verified against the name.

    OutboundError
    ├── HostRefused       the host or the scheme may not be reached
    └── HostUnresolved    the name has no address; `temporary` when the resolver itself failed
"""

import contextlib
import logging
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore2
import httpx2

import callscribe
from callscribe.cancellation import LOOK_INTERVAL, NEVER, Cancellation, run_cancellable
from callscribe.errors import CallscribeError, SetupError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

USER_AGENT = f"callscribe/{callscribe.__version__}"
"""Some hosts turn away what calls itself a Python library."""

_MUCH = 64 * 1024
"""Bytes that a connection may not take at once, so that sending them can be broken off."""

# The client logs each URL at INFO, with the credentials and signatures in it.
logging.getLogger("httpx2").setLevel(logging.WARNING)

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?")

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_NOT_PUBLIC: tuple[Network, ...] = (
    # Special by the IANA registries, and taken for global by some of the Python versions that this runs on.
    ip_network("192.0.0.0/24"),
    ip_network("192.88.99.0/24"),
    ip_network("3fff::/20"),
)


class OutboundError(CallscribeError):
    """A request that was not sent, or was given up."""


class HostRefused(OutboundError):  # noqa: N818  says what happened, as httpx's own names do
    """The host or the scheme may not be reached from here."""


class HostUnresolved(OutboundError):  # noqa: N818
    """The host name has no address. `temporary`: the resolver failed, so another attempt may succeed."""

    def __init__(self, message: str, *, temporary: bool) -> None:
        super().__init__(message)
        self.temporary = temporary


class AllowList:
    """What an operator allows in spite of the rules.

    Entries are host names (`media.example`), every host below a name (`*.example`), addresses and networks
    (`10.0.0.0/8`, `::1`), and buckets (`s3://bucket`).

    Raises:
        SetupError: an entry is none of these.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._suffixes: list[str] = []
        self._networks: list[Network] = []
        self._buckets: set[str] = set()
        for entry in entries:
            self._add(entry.strip())

    def _add(self, entry: str) -> None:
        if bucket := _BUCKET.fullmatch(entry):
            self._buckets.add(bucket[1])
            return
        try:
            self._networks.append(ip_network(entry.strip("[]")))
        except ValueError:
            name = entry.removeprefix("*.")
            # Digits and slashes only are a network with a slip in it, and no host name.
            if not _HOST.fullmatch(name) or re.fullmatch(r"[\d./]+", name):
                raise SetupError(
                    f"{entry!r} in an allow-list is not understood. Write a host (media.example), a domain "
                    "(*.example), an address or a network without host bits (10.0.0.0/8, ::1), or a bucket "
                    "(s3://bucket), separated by commas."
                ) from None
            if entry.startswith("*."):
                self._suffixes.append("." + name.lower())
            else:
                self._hosts.add(name.lower())

    def allows_host(self, host: str) -> bool:
        """Whether the name itself is listed; what it resolves to is not asked."""
        name = host.lower().rstrip(".")
        return name in self._hosts or any(name.endswith(suffix) for suffix in self._suffixes)

    def allows_address(self, address: Address) -> bool:
        """Whether the address lies in a listed network."""
        plain = _unmapped(address)
        return any(plain in network for network in self._networks if network.version == plain.version)

    def may_allow(self, host: str) -> bool:
        """Whether a host is listed, or is a name that could resolve into a listed network."""
        try:
            return self.allows_address(ip_address(host))
        except ValueError:
            return self.allows_host(host) or bool(self._networks)

    def allows_bucket(self, bucket: str) -> bool:
        """Whether `s3://bucket` is listed."""
        return bucket in self._buckets


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could reach the address.

    An IPv6 address that carries an IPv4 address (mapped, 6to4, Teredo, NAT64) is as public as that one.
    """
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    if carried := _carried(address):
        return all(is_public(inner) for inner in carried)
    return address in _GLOBAL_UNICAST and address.is_global and not address.is_multicast


def _carried(address: IPv6Address) -> list[IPv4Address]:
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    return []


def _unmapped(address: Address) -> Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def resolve(host: str, port: int) -> list[Address]:
    """Every address of a host, in the resolver's order of preference.

    Odd forms of IPv4 (`127.1`, `0x7f000001`, `2130706433`) come out as the address they mean.

    Raises:
        HostUnresolved: there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise HostUnresolved(
            f"the host {host} cannot be resolved", temporary=error.errno == socket.EAI_AGAIN
        ) from error
    except UnicodeError as error:  # a label that is empty or too long
        raise HostUnresolved(f"{host} is not a host name", temporary=False) from error
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


class _CancellableStream(httpcore2.NetworkStream):
    """A stream that waits in short stretches, and looks between them whether it is wanted.

    A time-out for each read is no limit at all for a host that sends a byte at a time, in its headers too.
    """

    def __init__(self, stream: httpcore2.NetworkStream, cancelled: Cancellation) -> None:
        self._stream = stream
        self._cancelled = cancelled

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            self._cancelled.raise_if_cancelled()
            left = LOOK_INTERVAL if end is None else max(0.001, min(LOOK_INTERVAL, end - time.monotonic()))
            try:
                return self._stream.read(max_bytes, left)
            except httpcore2.ReadTimeout:
                if end is not None and time.monotonic() >= end:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if len(buffer) < _MUCH:
            self._cancelled.raise_if_cancelled()
            self._stream.write(buffer, timeout)
        else:
            run_cancellable(lambda: self._stream.write(buffer, timeout), self._cancelled)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        stream = run_cancellable(
            lambda: self._stream.start_tls(ssl_context, server_hostname, timeout), self._cancelled, late=_close
        )
        return _CancellableStream(stream, self._cancelled)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _close(stream: httpcore2.NetworkStream | None) -> None:
    if stream is not None:
        stream.close()


class _GuardedBackend(httpcore2.NetworkBackend):
    """Connects to checked addresses only. Without `public`, only to what the allow-list names."""

    def __init__(self, allow: AllowList, cancelled: Cancellation, *, public: bool) -> None:
        self._allow = allow
        self._cancelled = cancelled
        self._public = public
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = run_cancellable(lambda: resolve(host, port), self._cancelled)
        if not self._allow.allows_host(host):
            for address in addresses:
                self._check(host, address)
        # Where a name has several addresses, they share the time.
        for remaining, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            started = time.monotonic()
            try:
                connect = partial(
                    self._backend.connect_tcp,
                    str(address),
                    port,
                    timeout and timeout / remaining,
                    local_address,
                    socket_options,
                )
                stream = run_cancellable(connect, self._cancelled, late=_close)
                return _CancellableStream(stream, self._cancelled)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if remaining == 1:
                    raise
                if timeout is not None:
                    timeout = max(0.001, timeout - (time.monotonic() - started))
        raise HostUnresolved(f"the host {host} has no address", temporary=False)

    def _check(self, host: str, address: Address) -> None:
        # The address itself stays out of the message: its reader may be exploring somebody's network.
        if self._allow.allows_address(address):
            return
        if not is_public(address):
            raise HostRefused(f"the host {host} is not on the public Internet, and is not allowed")
        if not self._public:
            raise HostRefused(f"the host {host} is reached by plain http, and is not allowed")


_ABSOLUTE_PATH = re.compile(r"((?:[a-z][a-z0-9+.-]*:)?//[^/?#]*)?(/[^?#]*)", re.IGNORECASE)
_DOTS = re.compile(r"(?<=/)(?=\.\.?(?:/|$))")


def exact_url(url: str) -> str:
    """A URL, or the absolute path of one, that the client leaves as it is written, `/../` included.

    A signature is over what was written. The dots are hidden behind a NUL, which no path has; `GuardedTransport` brings
    them out again.
    """
    found = _ABSOLUTE_PATH.match(url)
    return url if found is None else (found[1] or "") + _DOTS.sub("%00", found[2]) + url[found.end() :]


def redirect_exactly(response: httpx2.Response) -> None:
    """A hook of a client's responses: it follows redirects to exactly what they say."""
    if location := response.headers.get("Location"):
        response.headers["Location"] = exact_url(location)


def retry_after(value: str) -> float | None:
    """Seconds that the header `Retry-After` asks to wait, in either of its forms; None where it has neither."""
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


class _Body(httpx2.SyncByteStream):
    """A response's body, with the errors of the layer below named as the client's."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except _LOWER_ERRORS as error:
            raise _named(error) from error

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


_LOWER_ERRORS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


def _named(error: Exception) -> httpx2.TransportError:
    """The client's error for an error of the layer below: the names are the same."""
    kind = next(
        (getattr(httpx2, base.__name__) for base in type(error).__mro__ if hasattr(httpx2, base.__name__)),
        httpx2.TransportError,
    )
    named: httpx2.TransportError = kind(str(error))
    return named


class GuardedTransport(httpx2.BaseTransport):
    """Sends requests where they may go; see the module.

    It sees each hop of a redirect as a request of its own. Nothing is taken from the environment.

    Args:
        allow: what may be reached although it is private, or plain http.
        plain_http: whether plain http to public hosts is permitted, not only to allowed ones.
        cancelled: ends a request; what it raises comes out.
        verify: the TLS context, the system's authorities by default.
    """

    def __init__(
        self,
        allow: AllowList,
        *,
        plain_http: bool = False,
        cancelled: Cancellation = NEVER,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        context = verify or httpx2.create_ssl_context(trust_env=False)
        self._pools = {
            scheme: httpcore2.ConnectionPool(
                ssl_context=context,
                # A connection serves one request, so that each request is checked anew.
                max_keepalive_connections=0,
                network_backend=_GuardedBackend(allow, cancelled, public=public),
            )
            for scheme, public in (("https", True), ("http", plain_http))
        }

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request.

        Raises:
            OutboundError: it may not be sent, or cannot.
            httpx2.TransportError: it failed on the way.
        """
        pool = self._pools.get(request.url.scheme)
        if pool is None:
            raise HostRefused(f"{request.url.scheme or 'no scheme'} is neither https nor http")
        if not request.url.host:
            raise HostRefused("the URL names no host")
        try:
            response = pool.handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path.replace(b"/%00.", b"/."),
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except _LOWER_ERRORS as error:
            raise _named(error) from error
        assert isinstance(response.stream, Iterable)
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()


class _Client(httpx2.Client):
    """A client that finds nothing but `httpx2.InvalidURL` wrong with the form of a URL, also behind a redirect."""

    def build_request(self, *arguments: Any, **options: Any) -> httpx2.Request:
        with _invalid_urls():
            return super().build_request(*arguments, **options)

    def send(self, *arguments: Any, **options: Any) -> httpx2.Response:
        with _invalid_urls():
            return super().send(*arguments, **options)


@contextlib.contextmanager
def _invalid_urls() -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:  # such as of letters in the zone of an address
        raise httpx2.InvalidURL("the host is none") from error


def guarded_client(
    *,
    allow: AllowList,
    plain_http: bool = False,
    connect_timeout: float = 10.0,
    read_timeout: float = 30.0,
    max_redirects: int = 5,
    cancelled: Cancellation = NEVER,
    verify: ssl.SSLContext | None = None,
) -> httpx2.Client:
    """An HTTP client for addresses that somebody else chose.

    Follows redirects, each hop checked; more than `max_redirects` raise `httpx2.TooManyRedirects`. Time-outs
    are in seconds, for the connect and for each read; `cancelled` with a deadline limits a request as a whole. Beside
    httpx2's errors its requests raise `OutboundError`, and what `cancelled` raises. A URL's user and password become
    Basic authentication.
    """
    return _Client(
        transport=GuardedTransport(allow, plain_http=plain_http, cancelled=cancelled, verify=verify),
        headers={"User-Agent": USER_AGENT},
        timeout=httpx2.Timeout(read_timeout, connect=connect_timeout),
        follow_redirects=True,
        max_redirects=max_redirects,
        trust_env=False,
    )
