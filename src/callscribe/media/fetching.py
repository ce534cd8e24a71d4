"""Fetching a recording from the address that a request names, into the blob store.

One call is one attempt. Its errors carry the public code; the durable step around it makes further attempts
where it is a `TransientJobError`.
"""

import hashlib
import os
import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import httpx2
import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from callscribe.cancellation import Cancellation, DeadlinePassed, run_cancellable
from callscribe.errors import CallscribeError, Code, JobError, TransientJobError
from callscribe.media.blobs import BlobStore
from callscribe.media.content_encoding import EncodingError, is_encoded, unpacked
from callscribe.outbound import (
    AllowList,
    HostRefused,
    HostUnresolved,
    exact_url,
    guarded_client,
    redirect_exactly,
    retry_after,
)
from callscribe.settings import Settings

MAX_REDIRECTS = 5
CONNECT_TIMEOUT = 10.0
"""Seconds, the general limit of Twilio's requests."""

MOST_ATTEMPTS = 50
"""Attempts to fetch one recording, whatever a host asks for."""

STALL_BYTES = 64 * 1024
"""What a download must bring in each `media_stall_timeout`."""

_PIECE = 256 * 1024
_VERSIONED = re.compile(r"(?P<key>.*)\?versionId=(?P<version>[^&]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """What was fetched: bytes, SHA-256 in hexadecimal, and what the host called it (never relied on)."""

    size: int
    sha256: str
    content_type: str | None


def next_attempt(error: TransientJobError, made: int, waited: float, settings: Settings) -> float | None:
    """Seconds to wait for the next attempt; None where there is none any more.

    Args:
        error: of the last one.
        made: attempts so far.
        waited: seconds that were waited between them.
        settings: `media_*`.
    """
    if made >= MOST_ATTEMPTS:
        return None
    pause = settings.media_retry_interval * 2.0 ** (made - 1)
    if error.retry_after is not None:
        pause = max(error.retry_after, pause, 1.0)
        return pause if waited + pause <= settings.media_retry_after else None
    if error.code == Code.MEDIA_NOT_FOUND:
        return settings.media_not_found_waits[made - 1] if made <= len(settings.media_not_found_waits) else None
    return pause if made < settings.media_attempts else None


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
        TransientJobError: 17551, 17550 where the resolver failed, or 17552 for a 404, since recordings appear late;
            another attempt may succeed.
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

    @classmethod
    def encoded(cls, size: int | None, content_type: str | None, encoding: str, pieces: Iterable[bytes]) -> "_Source":
        """One that may be stored compressed: then the bytes announced are not those that come out."""
        return cls(None if is_encoded(encoding) else size, content_type, unpacked(pieces, encoding))


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
    client.event_hooks = {"response": [redirect_exactly]}
    # Compressed bodies are never asked for; what is stored so comes so, and is unpacked piece by piece.
    headers = {"Accept-Encoding": "identity", "Accept": "audio/*, */*;q=0.5"}
    # Without credentials the client takes those that a URL carries.
    auth = httpx2.USE_CLIENT_DEFAULT if request.credentials is None else request.credentials
    response = stack.enter_context(client.stream("GET", exact_url(request.url), headers=headers, auth=auth))
    _check_status(response)
    length = response.headers.get("Content-Length", "")
    # A body that ends before its Content-Length or its last chunk is an error of the protocol here.
    return _Source.encoded(
        int(length) if length.isascii() and length.isdigit() else None,
        response.headers.get("Content-Type"),
        response.headers.get("Content-Encoding", ""),
        response.iter_raw(_PIECE),
    )


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if status in {200, 203} or (status == 206 and _is_whole(response.headers.get("Content-Range", ""))):
        return
    if status in {404, 410}:
        raise _job_error(Code.MEDIA_NOT_FOUND, f"the host answered {status}", transient=status == 404)
    if status in {401, 403}:
        raise JobError(Code.MEDIA_FORBIDDEN, f"the host answered {status}")
    if status >= 500 or status in {408, 425, 429}:
        asked = retry_after(response.headers.get("Retry-After", "")) if status in {429, 503} else None
        after = "" if asked is None else f" and asked to wait {asked:.0f} s"
        raise TransientJobError(Code.MEDIA_DOWNLOAD, f"the host answered {status}{after}", asked)
    raise JobError(Code.MEDIA_DOWNLOAD, f"the host answered {status}")


def _is_whole(content_range: str) -> bool:
    """Whether `bytes 0-99/100` is all that there is."""
    found = re.fullmatch(r"bytes 0-([0-9]{1,18})/([0-9]{1,18})", content_range.strip())
    return found is not None and int(found[1]) + 1 == int(found[2])


def _open_s3(url: str, settings: Settings, cancelled: Cancellation) -> _Source:
    # A key may hold what divides other URLs.
    bucket, _, path = url[len("s3://") :].partition("/")
    versioned = _VERSIONED.fullmatch(path)
    path, version = (versioned["key"], unquote(versioned["version"])) if versioned else (path, None)
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
    options: obstore.GetOptions = {"version": version} if version else {}
    found = run_cancellable(lambda: obstore.get(store, path, options=options), cancelled)
    stream = found.stream(min_chunk_size=_PIECE)

    def pieces() -> Iterator[bytes]:
        while (piece := run_cancellable(lambda: next(stream, None), cancelled)) is not None:
            yield bytes(piece)

    attributes = found.attributes
    return _Source.encoded(
        found.meta["size"], attributes.get("Content-Type"), attributes.get("Content-Encoding") or "", pieces()
    )


# The first line that fits an error tells its code, whether another attempt may help, and what its owner
# reads: no address, no credential.
_MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Code, bool, str], ...] = (
    (httpx2.TooManyRedirects, Code.MEDIA_DOWNLOAD, False, f"more than {MAX_REDIRECTS} redirects"),
    (httpx2.TimeoutException, Code.MEDIA_DOWNLOAD, True, "the host did not answer in time"),
    (httpx2.ConnectError, Code.MEDIA_DOWNLOAD, True, "the host cannot be connected to"),
    (httpx2.TransportError, Code.MEDIA_DOWNLOAD, True, "the connection broke before the end"),
    ((httpx2.RequestError, httpx2.InvalidURL), Code.MEDIA_HOST, False, "the address is not a URL"),
    (FileNotFoundError, Code.MEDIA_NOT_FOUND, True, "the bucket has no such object"),
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
    except EncodingError as error:
        raise _job_error(Code.MEDIA_DOWNLOAD, str(error), transient=error.truncated) from error
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
