"""Whole recordings by Google's Speech-to-Text.

Up to a minute a recording is one request, which is answered at once. Beyond that it is recognised in the operator's
bucket (`batch.py`), or without one in pieces of less than a minute, each a request.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Literal

from google.cloud.speech_v2.types import cloud_speech

from callscribe.cancellation import Cancellation
from callscribe.errors import ProviderUnavailable, SetupError
from callscribe.settings import Settings
from callscribe.speech.audio import AudioWindow
from callscribe.speech.engines.google import key_file, results
from callscribe.speech.engines.google.access_tokens import AccessTokens
from callscribe.speech.engines.google.address import speech_url
from callscribe.speech.engines.google.answers import never_sent
from callscribe.speech.engines.google.asking import recognition_config
from callscribe.speech.engines.google.batch import BatchRecognition, Clients, withdraw
from callscribe.speech.engines.google.bucket import Bucket
from callscribe.speech.engines.google.flac import as_flac
from callscribe.speech.engines.google.formats import FLAC, read_by_google
from callscribe.speech.engines.google.pieces import Piece, pieces
from callscribe.speech.engines.google.speech_client import SpeechClient
from callscribe.speech.engines.remote.failures import charges_nothing
from callscribe.speech.interface import RecognitionOptions, Recording, Segment, SentRequests
from callscribe.speech.languages import language_code

LONGEST: Final = 60.0
"""Seconds of a request that is answered at once (https://cloud.google.com/speech-to-text/quotas)."""

MOST_CONTENT: Final = 7_500_000
"""Bytes of it: 10 MB of JSON, in which each three are four letters."""

_FIRST_PIECE: Final = 1
_READ: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `transcribe` was asked."""

    recording: Recording
    config: cloud_speech.RecognitionConfig
    language: str | None
    cancelled: Cancellation
    requests: SentRequests


class GoogleEngine:
    """Recognises by Speech-to-Text v2, in the project of the service account.

    Raises:
        SetupError: the service account's key cannot be used.
    """

    takes: ClassVar[Literal["recordings"]] = "recordings"

    def __init__(self, settings: Settings) -> None:
        if settings.google_credentials is None:
            raise SetupError(f"{key_file.SETTING} is not set.")
        key = key_file.read(settings.google_credentials)
        self._settings = settings
        self._tokens = AccessTokens(key)
        self._parent = f"projects/{key.project_id}/locations/{settings.google_location}"
        self.answered_at: float | None = None

    @property
    def pid(self) -> int | None:
        """It computes elsewhere."""
        return None

    def transcribe(
        self,
        recording: Recording,
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        requests: SentRequests,
    ) -> Iterator[Segment]:
        """Yield the segments of all channels; see `RecordingEngine`. In memory are a piece, or the answer."""
        config = recognition_config(model, options, len(recording.channels))
        asked = _Asked(recording, config, language_code(options.language), cancelled, requests)
        if recording.duration > LONGEST and self._settings.google_bucket is not None:
            yield from self._in_bucket(asked, self._settings.google_bucket)
        else:
            yield from self._at_once(asked)

    def withdraw(self, handle: str) -> None:
        """Cancel the operation, and take the recording out of the bucket; see `RecordingEngine`."""
        if self._settings.google_bucket is None:
            raise SetupError("CALLSCRIBE_GOOGLE_BUCKET is not set any more, and a recording may still lie in it.")
        withdraw(partial(self._clients, self._settings.google_bucket), handle)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _in_bucket(self, asked: _Asked, bucket: str) -> Iterator[Segment]:
        recording = asked.recording

        def content() -> tuple[str, Iterable[bytes]]:
            kind = _sent_as_it_is(recording)
            if kind is not None:
                return kind, _file(recording.path)
            return FLAC, as_flac(_windows(asked), recording.channels)

        batch = BatchRecognition(
            partial(self._clients, bucket),
            asked.requests,
            asked.config,
            content,
            seconds=recording.duration,
            channels=len(recording.channels),
            timeout=self._settings.provider_timeout,
            cancelled=asked.cancelled,
        )
        found = batch.recognize()
        self.answered_at = time.monotonic()
        yield from _segments(asked, found, 0.0, recording.duration)

    def _at_once(self, asked: _Asked) -> Iterator[Segment]:
        recording = asked.recording
        with self._speech(asked.cancelled) as client:
            whole = _small_file(recording)
            if whole is not None:
                found = self._recognized(client, asked, _FIRST_PIECE, recording.duration, whole)
                yield from _segments(asked, found, 0.0, recording.duration)
                return
            for part, piece in enumerate(pieces(_windows(asked), LONGEST), _FIRST_PIECE):
                found = self._recognized(client, asked, part, piece.duration, piece)
                yield from _segments(asked, found, piece.start, piece.duration)

    def _recognized(
        self, client: SpeechClient, asked: _Asked, part: int, seconds: float, audio: bytes | Piece
    ) -> results.Results:
        """The results of one request, now or at an attempt before."""
        body = asked.requests.answer(part)
        if body is None:
            content = audio if isinstance(audio, bytes) else b"".join(as_flac([audio], asked.recording.channels))
            request = cloud_speech.RecognizeRequest(config=asked.config, content=content)
            client.prepare()
            asked.requests.sending(part, seconds * len(asked.recording.channels))
            try:
                answer = client.recognize(request)
            except ProviderUnavailable as error:
                if never_sent(error):
                    asked.requests.refused(part)
                raise
            if (refusal := answer.error()) is not None:
                if charges_nothing(answer.status):
                    asked.requests.refused(part)
                raise refusal
            self.answered_at = time.monotonic()
            body = answer.body
            asked.requests.answered(part, body)
        return results.answered(body)

    def _clients(self, bucket: str, cancelled: Cancellation, stack: ExitStack) -> Clients:
        url, timeout = str(self._settings.google_storage_url), self._settings.provider_timeout
        return Clients(
            stack.enter_context(self._speech(cancelled)),
            stack.enter_context(Bucket(url, bucket, self._tokens, timeout=timeout, cancelled=cancelled)),
        )

    def _speech(self, cancelled: Cancellation) -> SpeechClient:
        timeout = self._settings.provider_timeout
        return SpeechClient(
            speech_url(self._settings), self._tokens, self._parent, timeout=timeout, cancelled=cancelled
        )


def _segments(asked: _Asked, found: results.Results, start: float, duration: float) -> Iterator[Segment]:
    return results.segments(
        found, channels=asked.recording.channels, start=start, duration=duration, language=asked.language
    )


def _windows(asked: _Asked) -> Iterator[AudioWindow]:
    return asked.recording.audio.windows(asked.recording.path, cancelled=asked.cancelled)


def _sent_as_it_is(recording: Recording) -> str | None:
    """The media type of a recording that Google decodes, and of which it is to have the first channels, or all."""
    if recording.channels not in {(0,), (0, 1)}:
        return None
    with recording.path.open("rb") as file:
        return read_by_google(file)


def _small_file(recording: Recording) -> bytes | None:
    """A recording that is one request as it is."""
    if recording.duration > LONGEST or _sent_as_it_is(recording) is None:
        return None
    with recording.path.open("rb") as file:
        content = file.read(MOST_CONTENT + 1)
    return content if len(content) <= MOST_CONTENT else None


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_READ):
            yield piece
