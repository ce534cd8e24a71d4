"""How requests go to a provider: by the guarded transport, to one host, with a deadline for each."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import httpx2

from callscribe.cancellation import Cancellation
from callscribe.errors import Code, JobError
from callscribe.outbound import USER_AGENT, AllowList, GuardedTransport, HostRefused

MOST_BYTES: Final = 256 * 1024 * 1024
"""Of an answer. One for eight hours of two channels who never stop talking has about 60 MiB."""

CONNECT_TIMEOUT: Final = 10.0
WRITE_TIMEOUT: Final = 60.0
"""Seconds for which a provider may take nothing of what is sent."""

HEADERS: Final = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
"""Of each request, whatever else an SDK says."""

_PIECE: Final = 256 * 1024
"""Bytes that are sent at once. So many that sending them can be broken off, see `outbound`."""

_OF_BODY: Final = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
"""Headers of a body that is left out."""

_PLAIN: Final = frozenset({"host", "accept", "content-type", "content-length", "transfer-encoding", "connection"})
"""Headers that say nothing of who asks, or from where."""


def provider_httpx2_client(
    base_url: str,
    *,
    timeout: float,
    cancelled: Cancellation,
    most_bytes: int = MOST_BYTES,
    headers: Mapping[str, str] | None = None,
) -> httpx2.Client:
    """What `client.provider_client` is, for SDKs that take a client of httpx2. `headers` as `ProviderTransport` has."""
    return httpx2.Client(
        transport=ProviderTransport(base_url, timeout, cancelled, most_bytes, headers),
        headers=HEADERS,
        timeout=httpx2.Timeout(timeout, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT),
        follow_redirects=False,
        trust_env=False,
    )


class ProviderTransport(httpx2.BaseTransport):
    """Sends each request by a guarded transport of its own, so that each has its own deadline.

    Beside the errors of httpx2 its requests raise:
        Cancelled: what `cancelled` raises, within a second.
        DeadlinePassed: a request took longer than `timeout` seconds.
        OutboundError: it was not sent: it goes elsewhere than to the API at `base_url`, or there is no such host.
        JobError: 17566, the answer has more than `most_bytes`, or is compressed, which nobody asked for.

    Where there are `headers`, such as the one with the key, they are sent with what every request needs, and nothing
    that an SDK adds: what its environment says, and what machine this is.
    """

    def __init__(
        self,
        base_url: str,
        timeout: float,
        cancelled: Cancellation,
        most_bytes: int = MOST_BYTES,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._base = httpx2.URL(base_url)
        self._timeout = timeout
        self._cancelled = cancelled
        self._most_bytes = most_bytes
        self._headers = headers
        self._allow = AllowList([self._base.raw_host.decode("ascii").rstrip(".")])
        self._tls: ssl.SSLContext | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        if _origin(request.url) != _origin(self._base):
            raise HostRefused(f"{request.url.host} is not where the provider's API is")
        if self._tls is None:
            self._tls = httpx2.create_ssl_context(trust_env=False)
        guarded = GuardedTransport(
            self._allow, cancelled=self._cancelled.with_deadline(self._timeout), verify=self._tls
        )
        assert isinstance(request.stream, httpx2.SyncByteStream)
        # The SDK's own request stays as it is: it looks at it again.
        carried = httpx2.Request(
            request.method,
            request.url,
            headers=self._sent(request.headers),
            stream=_Upload(request.stream),
            extensions=request.extensions,
        )
        try:
            response = guarded.handle_request(carried)
            assert isinstance(response.stream, httpx2.SyncByteStream)
            body = _Download(response.stream, guarded, self._most_bytes)
        except BaseException:
            guarded.close()
            raise
        if encoding := response.headers.get("Content-Encoding", "").strip().lower().replace("identity", ""):
            body.close()
            if response.is_error:  # of some gateway: its status says enough
                kept = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_BODY]
                return httpx2.Response(response.status_code, headers=kept)
            raise JobError(Code.PROVIDER_REFUSED, f"the provider's answer is encoded ({encoding[:20]}), unasked for")
        return httpx2.Response(response.status_code, headers=response.headers.raw, stream=body)

    def _sent(self, headers: httpx2.Headers) -> httpx2.Headers:
        if self._headers is None:
            return headers
        plain = {name: value for name, value in headers.items() if name in _PLAIN}
        return httpx2.Headers({**plain, **HEADERS, **self._headers})


def _origin(url: httpx2.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port


class _Upload(httpx2.SyncByteStream):
    """A request's body in pieces of a size that can be broken off; only a body that is small as a whole has none."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        held = bytearray()
        for part in self._stream:
            held += part
            # One piece is held back, so that what is left at the end is not a small one.
            while len(held) >= 2 * _PIECE:
                yield bytes(held[:_PIECE])
                del held[:_PIECE]
        if held:
            yield bytes(held)


class _Download(httpx2.SyncByteStream):
    """A response's body, which may have so many bytes; closes the transport behind it."""

    def __init__(self, stream: httpx2.SyncByteStream, transport: GuardedTransport, most_bytes: int) -> None:
        self._stream = stream
        self._transport = transport
        self._most_bytes = most_bytes

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._stream:
            size += len(part)
            if size > self._most_bytes:
                mib = self._most_bytes // 2**20
                raise JobError(Code.PROVIDER_REFUSED, f"the provider's answer has more than {mib} MiB")
            yield part

    def close(self) -> None:
        self._stream.close()
        self._transport.close()
