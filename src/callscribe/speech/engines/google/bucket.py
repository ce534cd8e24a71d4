"""The operator's bucket in Cloud Storage, in which a long recording lies while it is recognised: the JSON API.

Uploads are resumable (https://cloud.google.com/storage/docs/performing-resumable-uploads): their length need not be
known before, and nothing of them is to be seen in the bucket until they are whole.
"""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

import httpx
import structlog

from callscribe.cancellation import Cancellation
from callscribe.errors import Code, JobError, ProviderKeyRefused, ProviderUnavailable
from callscribe.speech.engines.google.access_tokens import AccessTokens
from callscribe.speech.engines.google.answers import PROVIDER, Answer
from callscribe.speech.engines.remote.client import provider_client
from callscribe.speech.engines.remote.failures import failures_of, unreadable

CHUNK: Final = 8 * 1024 * 1024
"""Bytes of one request; a multiple of 256 KiB, as all but the last must have."""

_MOST_BYTES: Final = 1024 * 1024
_DELETIONS: Final = 3
_PAUSE: Final = 1.0

_log = structlog.get_logger(__name__)


class Bucket:
    """One bucket, for one recording. What its methods raise beside what they say is as in `SpeechClient`."""

    def __init__(
        self, base_url: str, name: str, tokens: AccessTokens, *, timeout: float, cancelled: Cancellation
    ) -> None:
        self._base = base_url.rstrip("/")
        self._name = name
        self._tokens = tokens
        self._cancelled = cancelled
        self._client = provider_client(self._base, timeout=timeout, cancelled=cancelled, most_bytes=_MOST_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def uri(self, name: str) -> str:
        """An object as Speech-to-Text is told of it."""
        return f"gs://{self._name}/{name}"

    def upload(self, name: str, content_type: str, pieces: Iterable[bytes]) -> None:
        """Put an object there, of which two chunks are in memory at a time.

        Raises:
            ProviderKeyRefused: the account may not, or there is no such bucket.
            JobError: it is refused for another reason.
        """
        session = self._begin(name, content_type)
        sent = 0
        for chunk, is_last in _chunks(pieces):
            end = sent + len(chunk)
            while sent < end:
                left = chunk[len(chunk) - (end - sent) :]
                total = str(end) if is_last else "*"
                answer = self._ask(
                    "PUT", session, left, {"Content-Range": f"bytes {sent}-{end - 1}/{total}", **_type(content_type)}
                )
                if answer.status in {200, 201} and is_last:
                    return
                if answer.status != 308:
                    raise self._error(answer)
                kept = _kept(answer)
                if not sent < kept <= end or (is_last and kept == end):
                    raise ProviderUnavailable(f"{PROVIDER} keeps nothing of what is uploaded")
                sent = kept
        raise unreadable(PROVIDER, "the upload does not end")

    def delete(self, name: str) -> bool:
        """Take an object away, and say whether it is gone; the log says where it is not. None is no error.

        Raises:
            Cancelled: `cancelled` says so.
        """
        url = f"{self._base}/storage/v1/b/{quote(self._name, safe='')}/o/{quote(name, safe='')}"
        reason = ""
        for attempt in range(_DELETIONS):
            if attempt:
                self._cancelled.wait(_PAUSE)
            try:
                answer = self._ask("DELETE", url)
            except JobError as error:
                reason = error.detail
                continue
            if answer.status == 404 or answer.error() is None:
                return True
            reason = self._error(answer).detail
            if answer.status in {401, 403}:
                break
        _log.error("google.recording_left_in_bucket", object=self.uri(name), reason=reason)
        return False

    def _begin(self, name: str, content_type: str) -> str:
        """The address of an upload."""
        url = f"{self._base}/upload/storage/v1/b/{quote(self._name, safe='')}/o"
        # Nothing is overwritten: the name is new.
        query = f"uploadType=resumable&name={quote(name, safe='')}&ifGenerationMatch=0"
        answer = self._ask("POST", f"{url}?{query}", b"", {"X-Upload-Content-Type": content_type})
        if answer.status != 200:
            raise self._error(answer)
        session = answer.headers.get("location", "")
        if urlsplit(session)[:2] != urlsplit(self._base)[:2]:
            raise JobError(Code.PROVIDER_REFUSED, f"{PROVIDER} wants the upload at another address")
        return session

    def _error(self, answer: Answer) -> JobError:
        if answer.status == 404:
            return ProviderKeyRefused(f"{PROVIDER} has no bucket of the name in CALLSCRIBE_GOOGLE_BUCKET (404)")
        if answer.status == 403:
            return ProviderKeyRefused(
                f"{PROVIDER} does not let the service account use the bucket of CALLSCRIBE_GOOGLE_BUCKET (403)"
            )
        return answer.error() or unreadable(PROVIDER, f"status {answer.status} to an upload")

    def _ask(
        self, method: str, url: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        token = self._tokens.token(self._cancelled)
        with failures_of(PROVIDER):
            response: httpx.Response = self._client.request(
                method, url, content=content, headers={"Authorization": f"Bearer {token}", **(headers or {})}
            )
            answer = Answer.of(response, token)
        if answer.status == 401:
            self._tokens.forget()
        return answer


def _type(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type}


def _kept(answer: Answer) -> int:
    """Bytes that are there, by `Range: bytes=0-N` of an upload that goes on."""
    first, _, last = answer.headers.get("range", "").partition("-")
    return int(last) + 1 if first == "bytes=0" and last.isdecimal() and len(last) < 16 else 0


def _chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The same in chunks of `CHUNK` bytes, and a last one, told as such, that is not empty."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > CHUNK:
            yield bytes(held[:CHUNK]), False
            del held[:CHUNK]
    yield bytes(held), True
