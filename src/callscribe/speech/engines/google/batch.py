"""A recording of more than a minute: it is put into the operator's bucket, recognised there, and taken away again.

`SentRequests` knows of it as part 0, by a handle that has first the object's address, from before anything is uploaded,
and then the operation's name, too. A worker that goes on behind one that died asks by that name; where that one died
before it was told the name, Google is asked for the operation that works on this object. So nothing is sent twice.

    nothing ── sending, accepted(object) ──► upload ──► BatchRecognize ── accepted(object, operation) ──► done
                                                                            delete the object ──► answered

The object is deleted before it is written down that the answer is here, and before a failure is: who dies in between
asks for the operation again, which Google keeps for days.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias
from uuid import uuid4

import structlog
from google.cloud.speech_v2.types import cloud_speech

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled, JobError, ProviderUnavailable
from callscribe.speech.engines.google import results
from callscribe.speech.engines.google.answers import PROVIDER, Answer, never_sent
from callscribe.speech.engines.google.bucket import Bucket
from callscribe.speech.engines.google.speech_client import SpeechClient
from callscribe.speech.engines.remote.failures import charges_nothing, unreadable
from callscribe.speech.interface import SentRequests

PART: Final = 0
"""Of `SentRequests`; pieces that are answered at once count from 1, so that none is taken for the whole."""

FOLDER: Final = "callscribe/"
"""Before the names of objects, for a rule of the bucket that deletes what is left by a worker that never came back."""

_OPERATION: Final = re.compile(r"projects/[^/\s?#]+/locations/[^/\s?#]+/operations/[^/\s?#]+")

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
"""Seconds between two questions whether it is done."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Clients:
    """Who is asked, each for the time of one recording."""

    speech: SpeechClient
    bucket: Bucket


OpenClients: TypeAlias = Callable[[Cancellation, ExitStack], Clients]


@dataclass(frozen=True, slots=True)
class _Handle:
    """An object in the bucket, and the operation that works on it, once there is one."""

    name: str
    operation: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.operation or ''}".rstrip()

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        name, _, operation = (text or "").partition(" ")
        return cls(name, operation or None) if name.startswith(FOLDER) else None


class _Forgotten(Exception):  # noqa: N818  says what is the case
    """Google knows no operation of this name any more."""


class BatchRecognition:
    """One recording by `BatchRecognize`.

    Args:
        open_clients: makes clients that a cancellation ends, and that a stack closes.
        requests: what is known of attempts before this one.
        config: what is asked about it.
        content: makes what is uploaded: its content type, and its pieces.
        seconds: the recording's length.
        channels: how many of it are heard, each of which is charged.
        timeout: seconds after which it is not waited for here any more, but asked for again later.
    """

    def __init__(
        self,
        open_clients: OpenClients,
        requests: SentRequests,
        config: cloud_speech.RecognitionConfig,
        content: Callable[[], tuple[str, Iterable[bytes]]],
        *,
        seconds: float,
        channels: int,
        timeout: float,
        cancelled: Cancellation,
    ) -> None:
        self._open_clients = open_clients
        self._requests = requests
        self._config = config
        self._content = content
        self._seconds = seconds
        self._channels = channels
        self._timeout = timeout
        self._cancelled = cancelled
        self._current: _Handle | None = None

    def recognize(self) -> results.Results:
        """What was heard.

        Raises:
            Cancelled: within a second; the operation is cancelled and the object deleted behind it.
            ProviderUnavailable: Google is out of order, or is not done yet; the next attempt goes on.
            ProviderKeyRefused: it does not take the key, or the account may not use the bucket.
            JobError: it refuses the recording, or its answer cannot be read.
        """
        kept = self._requests.answer(PART)
        if kept is not None:
            return results.of_operation(_operation(kept))
        try:
            with ExitStack() as stack:
                return self._recognized(self._open_clients(self._cancelled, stack))
        except Cancelled:
            if self._current is not None:
                threading.Thread(target=self._abandon, args=(self._current,), name="abandon", daemon=True).start()
            raise

    def _recognized(self, clients: Clients) -> results.Results:
        self._current = _Handle.parse(self._requests.handle(PART))
        if self._current is not None and self._current.operation is None:
            self._current = self._found(clients, self._current)
        if self._current is not None:
            try:
                return self._awaited(clients, self._current)
            except _Forgotten:
                clients.bucket.delete(self._current.name)
        return self._awaited(clients, self._started(clients))

    def _found(self, clients: Clients, handle: _Handle) -> _Handle | None:
        """The handle of which only the object was written down, with the operation; None where there is none."""
        uri = clients.bucket.uri(handle.name)
        try:
            for operation in clients.speech.operations():
                name = operation.get("name")
                if isinstance(name, str) and _OPERATION.fullmatch(name) and uri in _uris(operation):
                    return self._accepted(_Handle(handle.name, name))
        except ProviderUnavailable:
            raise
        except JobError as error:  # the account may not list them: whether it was sent, nobody can tell
            _log.warning("google.operations_unknown", reason=error.detail)
            clients.bucket.delete(handle.name)
            return None
        clients.bucket.delete(handle.name)
        self._requests.refused(PART)
        return None

    def _started(self, clients: Clients) -> _Handle:
        """Send the recording."""
        clients.speech.prepare()
        self._requests.sending(PART, self._seconds * self._channels)
        handle = self._accepted(_Handle(f"{FOLDER}{uuid4().hex}"))
        uri = clients.bucket.uri(handle.name)
        try:
            content_type, pieces = self._content()
            clients.bucket.upload(handle.name, content_type, pieces)
        except JobError:
            self._refused(clients, handle)
            raise
        request = cloud_speech.BatchRecognizeRequest(
            config=self._config,
            files=[cloud_speech.BatchRecognizeFileMetadata(uri=uri)],
            recognition_output_config=cloud_speech.RecognitionOutputConfig(
                inline_response_config=cloud_speech.InlineOutputConfig()
            ),
        )
        try:
            answer = clients.speech.batch_recognize(request)
        except ProviderUnavailable as error:
            if never_sent(error):
                self._refused(clients, handle)
            raise  # else the next attempt looks whether it arrived
        if (refusal := answer.error()) is not None:
            if charges_nothing(answer.status):
                self._refused(clients, handle)
            raise refusal
        try:
            name = answer.json().get("name")
            if not isinstance(name, str) or not _OPERATION.fullmatch(name):
                raise unreadable(PROVIDER, "an operation without a name")
        except JobError:
            clients.bucket.delete(handle.name)
            raise
        return self._accepted(_Handle(handle.name, name))

    def _awaited(self, clients: Clients, handle: _Handle) -> results.Results:
        """The result of an operation, once it is done."""
        assert handle.operation is not None
        end, pause = time.monotonic() + max(self._timeout, self._seconds), _FIRST_PAUSE
        while True:
            answer = clients.speech.operation(handle.operation)
            if answer.status == 404:
                raise _Forgotten
            if (error := answer.error()) is not None:
                raise error
            operation = answer.json()
            if operation.get("done") is True:
                return self._done(clients, handle, answer, operation)
            if time.monotonic() >= end:
                raise ProviderUnavailable(f"{PROVIDER} is not done yet", retry_after=_LONGEST_PAUSE)
            self._cancelled.wait(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)

    def _done(self, clients: Clients, handle: _Handle, answer: Answer, operation: dict[str, Any]) -> results.Results:
        clients.bucket.delete(handle.name)
        try:
            found = results.of_operation(operation)
        except JobError:
            if _failed(operation):
                self._requests.refused(PART)
            else:
                self._requests.answered(PART, answer.body)
            raise
        self._requests.answered(PART, answer.body)
        return found

    def _accepted(self, handle: _Handle) -> _Handle:
        self._requests.accepted(PART, str(handle))
        self._current = handle
        return handle

    def _refused(self, clients: Clients, handle: _Handle) -> None:
        clients.bucket.delete(handle.name)
        self._requests.refused(PART)

    def _abandon(self, handle: _Handle) -> None:
        try:
            withdraw(self._open_clients, str(handle))
        except JobError as error:
            _log.warning("google.not_withdrawn", reason=error.detail)


def withdraw(open_clients: OpenClients, handle: str) -> None:
    """Let Google do nothing more for a recording that nobody wants, and keep nothing of it.

    Raises:
        JobError: the recording may still lie in the bucket.
    """
    known = _Handle.parse(handle)
    if known is None:
        return
    with ExitStack() as stack:
        clients = open_clients(NEVER, stack)
        if known.operation is not None:
            try:
                refusal = clients.speech.cancel(known.operation).error()
            except JobError as error:
                refusal = error
            if refusal is not None:  # it has ended, say; what matters is the recording
                _log.warning("google.operation_not_cancelled", reason=refusal.detail)
        if not clients.bucket.delete(known.name):
            raise ProviderUnavailable(f"{PROVIDER} does not delete {clients.bucket.uri(known.name)}")


def _operation(body: bytes) -> dict[str, Any]:
    return Answer(200, {}, body).json()


def _uris(operation: dict[str, Any]) -> list[Any]:
    """The addresses of the files that an operation is for (`OperationMetadata`)."""
    try:
        return [file["uri"] for file in operation["metadata"]["batchRecognizeRequest"]["files"]]
    except (KeyError, TypeError):
        return []


def _failed(operation: dict[str, Any]) -> bool:
    """Whether an operation that is done, or its only file, has an error in place of words."""
    try:
        return "error" in operation or any("error" in file for file in operation["response"]["results"].values())
    except (KeyError, TypeError, AttributeError):
        return False
