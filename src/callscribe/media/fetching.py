"""Fetching a recording from the address that a request names, into the blob store.

One call is one attempt. Its errors carry the public code; the durable step around it makes further attempts
where `is_transient` says that they may help.
"""

import hashlib
import os
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from callscribe.cancellation import Cancellation, DeadlinePassed, run_cancellable
from callscribe.errors import CallscribeError, Code, JobError, TransientJobError
from callscribe.media.blobs import BlobStore
from callscribe.outbound import AllowList, HostRefused, HostUnresolved, guarded_client
from callscribe.settings import Settings

MAX_REDIRECTS = 5
CONNECT_TIMEOUT = 10.0
"""Seconds, the general limit of Twilio's requests."""

STALL_BYTES = 64 * 1024
"""What a download must bring in each `media_stall_timeout`."""

_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """What was fetched: bytes, SHA-256 in hexadecimal, and what the host called it (never relied on)."""

    size: int
    sha256: str
    content_type: str | None


def is_transient(error: BaseException) -> bool:
    """Whether another attempt may succeed."""
    return isinstance(error, TransientJobError)


def fetch(
    url: str,
    *,
    blobs: BlobStore,
    key: str,
    settings: Settings,
    cancelled: Cancellation,
    allow: AllowList | None = None,
    credentials: tuple[str, str] | None = None,
    verify: ssl.SSLContext | None = None,
    late: Callable[[], None] | None = None,
) -> FetchedMedia:
    """Fetch `url` into the blob `key`, in one attempt. After an error nothing of it is kept.

    Args:
        url: `https://`, `http://` where the allow-list permits the host, `s3://` where it names the bucket.
        blobs: where the recording goes.
        key: its key there.
        settings: limits and the allow-list, `media_*`.
        cancelled: looked at twice a second.
        allow: what may be reached although it is private, or plain http; `media_allow` by default.
        credentials: user and password, for the URL's own host; a redirect to another is followed without them.
        verify: the TLS context, the system's authorities by default.
        late: called when the download ends behind its cancellation, to tidy up; by default the blob is removed. A
            caller with blobs that another may have written as well must look first.

    Raises:
        Cancelled: `cancelled` says so.
        TransientJobError: 17551, or 17550 where the resolver failed; another attempt may succeed.
        JobError: 17550 to 17554 or 17560.
    """
    intake = _Intake(settings, cancelled)

    def transfer() -> FetchedMedia:
        with ExitStack() as stack:
            # Only the source's errors get the codes of a download. The blob store's own are the caller's affair.
            with _errors_as_codes():
                if urlsplit(url).scheme.lower() == "s3":
                    source = _open_s3(url, settings, intake.cancelled)
                else:
                    request = _Request(url, allow or AllowList(settings.media_allow), credentials, verify)
                    source = _open_http(request, settings, intake.cancelled, stack)
                if source.size is not None:
                    intake.announce(source.size)
            blobs.put_stream(key, intake.count(source.pieces))
            return FetchedMedia(intake.size, intake.sha256, source.content_type)

    # It looks itself where it can; an object store that takes nothing more is one place where not.
    return run_cancellable(transfer, cancelled, late=lambda _: late() if late is not None else blobs.delete(key))


class _Intake:
    """Counts and checks what comes in: size, speed and time."""

    def __init__(self, settings: Settings, cancelled: Cancellation) -> None:
        self._max_bytes = settings.media_max_bytes
        self._stall_timeout = settings.media_stall_timeout
        in_time = cancelled.with_deadline(settings.media_timeout)
        self.cancelled = Cancellation(in_time.raise_if_cancelled, self._check_speed)
        self._digest = hashlib.sha256()
        self.size = 0
        self._mark_size = 0
        self._mark_time = time.monotonic()

    def _check_speed(self) -> None:
        """Raise when the download is all but standing still."""
        now = time.monotonic()
        if self.size - self._mark_size >= STALL_BYTES:
            self._mark_size, self._mark_time = self.size, now
        elif now - self._mark_time > self._stall_timeout:
            raise TransientJobError(
                Code.MEDIA_DOWNLOAD,
                f"the host sent {self.size - self._mark_size} bytes in {self._stall_timeout:g} s",
            )

    def announce(self, size: int) -> None:
        """Refuse at once what says that it is too large, or empty."""
        if size > self._max_bytes:
            raise JobError(Code.MEDIA_TOO_LARGE, f"{size} bytes, where {self._max_bytes} are allowed")
        if size == 0:
            raise JobError(Code.MEDIA_EMPTY, "the host sent an empty file")

    def count(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces, each counted and checked."""
        with _errors_as_codes():
            self.cancelled.raise_if_cancelled()
            for piece in pieces:
                self.size += len(piece)
                if self.size > self._max_bytes:
                    raise JobError(Code.MEDIA_TOO_LARGE, f"more than {self._max_bytes} bytes")
                self.cancelled.raise_if_cancelled()
                self._digest.update(piece)
                yield piece
        if self.size == 0:
            raise JobError(Code.MEDIA_EMPTY, "the host sent an empty file")

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of what came in."""
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Source:
    """A download under way: bytes announced, what the host calls it, and the bytes themselves."""

    size: int | None
    content_type: str | None
    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked of whom; see `fetch`."""

    url: str
    allow: AllowList
    credentials: tuple[str, str] | None
    verify: ssl.SSLContext | None


def _open_http(request: _Request, settings: Settings, cancelled: Cancellation, stack: ExitStack) -> _Source:
    client = stack.enter_context(
        guarded_client(
            allow=request.allow,
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=settings.media_stall_timeout,
            max_redirects=MAX_REDIRECTS,
            cancelled=cancelled,
            verify=request.verify,
        )
    )
    # Compressed bodies are never asked for, and where one comes nevertheless its raw bytes are what is kept:
    # so nothing can be blown up on the way.
    headers = {"Accept-Encoding": "identity", "Accept": "audio/*, */*;q=0.5"}
    # Without credentials the client takes those that a URL carries.
    auth = httpx2.USE_CLIENT_DEFAULT if request.credentials is None else request.credentials
    response = stack.enter_context(client.stream("GET", request.url, headers=headers, auth=auth))
    _check_status(response.status_code)
    length = response.headers.get("Content-Length", "")
    return _Source(
        int(length) if length.isascii() and length.isdigit() else None,
        response.headers.get("Content-Type"),
        # A body that ends before its Content-Length or its last chunk is an error of the protocol here.
        response.iter_raw(_PIECE),
    )


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in {404, 410}:
        raise JobError(Code.MEDIA_NOT_FOUND, f"the host answered {status}")
    if status in {401, 403}:
        raise JobError(Code.MEDIA_FORBIDDEN, f"the host answered {status}")
    raise _job_error(
        Code.MEDIA_DOWNLOAD,
        f"the host answered {status}",
        transient=status >= 500 or status in {408, 425, 429},
    )


def _open_s3(url: str, settings: Settings, cancelled: Cancellation) -> _Source:
    parts = urlsplit(url)
    bucket, path = parts.netloc, parts.path.lstrip("/")
    if not AllowList(settings.media_allow).allows_bucket(bucket):
        raise JobError(Code.MEDIA_HOST, f"the bucket s3://{bucket} is not allowed")
    if not path:
        raise JobError(Code.MEDIA_NOT_FOUND, "the URL names a bucket and no object in it")
    store = S3Store(
        bucket,
        client_options={
            # Options given here displace those of the environment; this one makes a local store reachable.
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"},
            "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT),
            "read_timeout": timedelta(seconds=settings.media_stall_timeout),
            "timeout": timedelta(seconds=settings.media_timeout),
        },
        retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=settings.media_stall_timeout)},
    )
    # In other threads also since obstore cannot read from one store while it writes to another in the same one.
    found = run_cancellable(lambda: obstore.get(store, path), cancelled)
    stream = found.stream(min_chunk_size=_PIECE)

    def pieces() -> Iterator[bytes]:
        while (piece := run_cancellable(lambda: next(stream, None), cancelled)) is not None:
            yield bytes(piece)

    return _Source(found.meta["size"], found.attributes.get("Content-Type"), pieces())


# The first line that fits an error tells its code, whether another attempt may help, and what its owner
# reads: no address, no credential.
_MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Code, bool, str], ...] = (
    (httpx2.TooManyRedirects, Code.MEDIA_DOWNLOAD, False, f"more than {MAX_REDIRECTS} redirects"),
    (httpx2.TimeoutException, Code.MEDIA_DOWNLOAD, True, "the host did not answer in time"),
    (httpx2.ConnectError, Code.MEDIA_DOWNLOAD, True, "the host cannot be connected to"),
    (httpx2.TransportError, Code.MEDIA_DOWNLOAD, True, "the connection broke before the end"),
    ((httpx2.RequestError, httpx2.InvalidURL), Code.MEDIA_HOST, False, "the address is not a URL"),
    (FileNotFoundError, Code.MEDIA_NOT_FOUND, False, "the bucket has no such object"),
    (
        (PermissionDeniedError, UnauthenticatedError, PermissionError),
        Code.MEDIA_FORBIDDEN,
        False,
        "the bucket refused access",
    ),
    (BaseError, Code.MEDIA_DOWNLOAD, True, "the object store did not deliver"),
    (ValueError, Code.MEDIA_HOST, False, "the address is not a URL"),
)


@contextmanager
def _errors_as_codes() -> Iterator[None]:
    """Turn what a download can raise into what its owner may read."""
    try:
        yield
    except HostRefused as error:
        raise JobError(Code.MEDIA_HOST, str(error)) from error
    except HostUnresolved as error:
        raise _job_error(Code.MEDIA_HOST, str(error), transient=error.temporary) from error
    except DeadlinePassed as error:
        raise TransientJobError(Code.MEDIA_DOWNLOAD, f"the download was {error}") from error
    except CallscribeError:
        raise
    except Exception as error:
        for kinds, code, transient, detail in _MEANINGS:
            if isinstance(error, kinds):
                raise _job_error(code, detail, transient=transient) from error
        raise


def _job_error(code: Code, detail: str, *, transient: bool) -> JobError:
    return (TransientJobError if transient else JobError)(code, detail)
