"""The HTTP client that a provider's SDK is given where that takes one of httpx: the same transport, carried over."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import httpx2

from callscribe.cancellation import Cancellation
from callscribe.speech.engines.remote.transport import (
    CONNECT_TIMEOUT,
    HEADERS,
    MOST_BYTES,
    WRITE_TIMEOUT,
    ProviderTransport,
)

# The client logs each URL at INFO, and key terms, which may be names, are in the URLs of some.
logging.getLogger("httpx").setLevel(logging.WARNING)


def provider_client(
    base_url: str, *, timeout: float, cancelled: Cancellation, most_bytes: int = MOST_BYTES
) -> httpx.Client:
    """A client for the requests of one recording to the API at `base_url`, and to nowhere else.

    Its host may be private, or plain http; redirects are not followed, and nothing is taken from the environment.
    `timeout` is for each request as a whole, in seconds. An answer of more than `most_bytes` is given up.

    Its requests raise what `ProviderTransport` does, with the errors of httpx2 as those of httpx.
    """
    return httpx.Client(
        transport=_Transport(ProviderTransport(base_url, timeout, cancelled, most_bytes)),
        headers=HEADERS,
        # The provider says nothing until it has heard everything.
        timeout=httpx.Timeout(timeout, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT),
        follow_redirects=False,
        trust_env=False,
    )


class _Transport(httpx.BaseTransport):
    """Carries requests over to httpx2, and answers back, both in pieces."""

    def __init__(self, transport: ProviderTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        carried = httpx2.Request(
            request.method,
            str(request.url),
            headers=request.headers.raw,
            stream=_Upload(request.stream),
            extensions=request.extensions,
        )
        with _named_as_httpx():
            response = self._transport.handle_request(carried)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        return httpx.Response(response.status_code, headers=response.headers.raw, stream=_Download(response.stream))


class _Upload(httpx2.SyncByteStream):
    """A request's body, for httpx2."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream


class _Download(httpx.SyncByteStream):
    """A response's body, for httpx."""

    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _named_as_httpx():
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


@contextmanager
def _named_as_httpx() -> Iterator[None]:
    """Turn the errors of httpx2 into those of httpx, whose names are the same."""
    try:
        yield
    except httpx2.TransportError as error:
        kinds = (getattr(httpx, kind.__name__, None) for kind in type(error).__mro__)
        kind = next((each for each in kinds if each is not None), httpx.TransportError)
        raise kind(str(error)) from error
