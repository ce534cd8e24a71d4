"""Every error that this program raises on purpose, and the public codes. What is not here says where it lives.

    CallscribeError
    ├── SetupError              the operator has to change something: a setting, a file, a model
    ├── RequestError            a request was refused: public code, HTTP status, pointers into the body
    │   └── NoRoom                  an upload that is larger than what its account may still store (recordings.intake)
    ├── JobError                a job cannot be done: ends as FAILED with its public code
    │   ├── ProviderKeyRefused      a provider does not take the key that it was sent
    │   └── TransientJobError       the same, but another attempt may succeed
    │       ├── ProviderUnavailable     a provider is too busy, out of order, or does not answer
    │       │   └── Unreached               it cannot be connected to (speech.engines.remote.failures)
    │       ├── BlobDamaged             what came from the blob store is not what was put there
    │       │   └── SealBroken              what was sealed is not as it was sealed
    │       └── KeyUnknown              what was sealed was so with a key that is not at hand
    ├── DeliveryError           a callback was not accepted; the job's state is untouched
    ├── Cancelled               the job was deleted while it ran
    ├── DeadlinePassed          something took longer than it may (cancellation)
    ├── EngineClosed            the program ends while an engine works (speech.engines.process)
    ├── AudioChanged            a recording was redacted by another job meanwhile: look at it anew (jobs.replacing)
    ├── BlobMissing             there is nothing at a key of the blob store (media.blobs)
    ├── SpoolFull               the spool had no room in the time that was given (media.spool)
    ├── OutboundError           a request to an address that somebody else chose (outbound)
    │   ├── HostRefused             it may not be reached (outbound)
    │   └── HostUnresolved          its name has no address (outbound)
    ├── TwilioUnavailable       Twilio's API does not answer as it should (recordings.twilio)
    ├── TwilioMissing           Twilio does not know the recording (recordings.twilio)
    ├── EncodingError           a compressed body cannot be unpacked (media.content_encoding)
    ├── NoReference             nobody can tell from a file what was said in a recording (evaluation.references)
    └── DemoError               the demonstration cannot go on (demo.client)

    TimeoutError            an outage, which an error of the program's own is not
    └── TimedOut                somebody that a request waited for did not answer in time (waiting)

The public codes are Twilio's (https://www.twilio.com/docs/api/errors).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self, TypeVar

Row = TypeVar("Row")


class Code(IntEnum):
    """A public error code with its title, and the HTTP status it is answered with when it is an answer."""

    title: str
    http_status: int

    def __new__(cls, value: int, title: str, http_status: int = 400) -> Self:
        """Make a member that is its number and carries the rest."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.title = title
        member.http_status = http_status
        return member

    # Requests in general.
    INVALID_PARAMETER = 20001, "Invalid parameter"
    AUTHENTICATE = 20003, "Authentication failed", 401
    FORBIDDEN = 20403, "Forbidden to this caller", 403
    NOT_FOUND = 20404, "Resource not found", 404
    METHOD_NOT_ALLOWED = 20004, "Method not allowed", 405
    CONFLICT = 20409, "Conflict with what is there", 409
    TOO_LARGE = 20413, "Request body too large", 413
    TOO_MANY_REQUESTS = 20429, "Too many requests", 429
    INTERNAL = 20500, "Internal server error", 500
    RECORDING_MONO = 16113, "Recording has one channel only"

    # A transcription that is not created.
    SOURCE_MISSING = 17500, "Exactly one of sourceId and mediaUrl is required"
    CONFIGURATION_ID_INVALID = 17501, "transcriptionConfigurationId is missing or malformed"
    SOURCE_ID_INVALID = 17502, "sourceId is malformed"
    MEDIA_URL_INVALID = 17503, "mediaUrl is not an absolute https or s3 URL"
    PARTICIPANT_COUNT = 17510, "Wrong number of participants"
    CHANNEL_OUT_OF_RANGE = 17511, "audioChannelIndex is not 1 or 2"
    CHANNEL_NOT_INTEGER = 17512, "audioChannelIndex is not an integer"
    CHANNEL_DUPLICATE = 17513, "Both participants are on one audio channel"
    PARTICIPANT_TYPE_INVALID = 17514, "Participant type is not CUSTOMER, HUMAN_AGENT or AI_AGENT"
    PARTICIPANT_TYPE_PARTIAL = 17515, "Participant type is given for one participant only"
    CUSTOMER_MISSING = 17516, "No participant is of type CUSTOMER"
    ADDRESS_MISSING = 17517, "Participant address is missing"
    CONFIGURATION_NOT_FOUND = 17530, "Transcription configuration not found", 404
    RECORDING_NOT_ELIGIBLE = 17533, "Recording cannot be transcribed", 422
    IDEMPOTENCY_MISMATCH = 17534, "Idempotency-Key was used with another payload", 422
    SOURCE_ID_TOO_MANY = 17535, "Too many transcriptions of this sourceId"
    ADDRESSES_UNRESOLVED = 17563, "Participant addresses cannot be resolved from the call", 422

    # A transcription that fails.
    MEDIA_HOST = 17550, "Media host cannot be resolved or is not allowed"
    MEDIA_DOWNLOAD = 17551, "Media download failed"
    MEDIA_NOT_FOUND = 17552, "Media was not found"
    MEDIA_FORBIDDEN = 17553, "Media access denied"
    MEDIA_EMPTY = 17554, "Media is empty, too short or without audio"
    MEDIA_TOO_LONG = 17555, "Media is longer than 8 hours"
    MEDIA_FORMAT = 17556, "Media format is not supported"
    MEDIA_SAMPLE_RATE = 17557, "Media sample rate is below 8 kHz"
    MEDIA_UNDECODABLE = 17558, "Media cannot be decoded"
    MEDIA_CHANNELS = 17559, "Media has more than two channels"
    MEDIA_TOO_LARGE = 17560, "Media is larger than 3 GiB"
    JOB_INTERNAL = 17561, "Transcription failed", 500
    PROVIDER_REFUSED = 17566, "Speech provider refused the request"

    # A callback that is not delivered.
    CALLBACK_TOO_LARGE = 17564, "Callback payload is larger than 1 MB"
    CALLBACK_HTTP = 17580, "Callback answered with an error"
    CALLBACK_TIMEOUT = 17581, "Callback timed out"
    CALLBACK_UNREACHABLE = 17582, "Callback host cannot be reached"
    CALLBACK_RESPONSE_TOO_LARGE = 17583, "Callback response is too large"
    CALLBACK_REDIRECTS = 17584, "Callback redirected too often"
    CALLBACK_URL = 17585, "Callback URL is not a well-formed http or https URL"

    @property
    def type(self) -> str:
        """The URI that identifies the error in a problem document (RFC 9457)."""
        return f"https://www.twilio.com/docs/api/errors/{self.value}"


class CallscribeError(Exception):
    """Base of every error raised on purpose."""


class SetupError(CallscribeError):
    """The installation is not as it must be. The message says what to do."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in a request body; `pointer` is a JSON pointer (RFC 6901) to the field, such as `/mediaUrl`."""

    detail: str
    pointer: str


def json_pointer(path: Iterable[str | int]) -> str:
    """The JSON pointer of a path into a document: `/participants/0/type`; the document itself is the empty string."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


class RequestError(CallscribeError):
    """A request that is refused with a public code."""

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        status: int | None = None,
        retry_after: int | None = None,
        conflicting: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.status = status or code.http_status
        self.retry_after = retry_after
        self.conflicting = conflicting
        """The id of what is there already, with 409."""

    @classmethod
    def at(cls, pointer: str, code: Code, detail: str, *, conflicting: str | None = None) -> "RequestError":
        """A request refused because of one field."""
        return cls(code, detail, errors=[FieldError(detail, pointer)], conflicting=conflicting)


def found(row: Row | None, what: str) -> Row:
    """What was looked for.

    Raises:
        RequestError: 20404, there is no `what`.
    """
    if row is None:
        raise RequestError(Code.NOT_FOUND, f"There is no {what}.")
    return row


class JobError(CallscribeError):
    """A job that cannot be done, with the code and the sentence its owner will read."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(code, detail)  # both in args, so that the error survives pickling
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code.value} {self.code.title}: {self.detail}"


class TransientJobError(JobError):
    """A job that cannot be done just now: a time-out, a reset, a 5xx. `retry_after`: seconds that a host asks for."""

    def __init__(self, code: Code, detail: str, retry_after: float | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class ProviderKeyRefused(JobError):  # noqa: N818  says what is the case
    """A provider of speech recognition does not take the key, or the account behind it has no credit."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.PROVIDER_REFUSED, detail)
        self.args = (detail,)  # so that the error survives pickling


class ProviderUnavailable(TransientJobError):  # noqa: N818  says what is the case
    """A provider of speech recognition is too busy or out of order, or does not answer."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(Code.PROVIDER_REFUSED, detail, retry_after)
        self.args = (detail, retry_after)


class BlobDamaged(TransientJobError):  # noqa: N818  says what is the case
    """What came from the blob store is not what was put there, however often it was asked for."""


class SealBroken(BlobDamaged):
    """What was sealed has been changed, cut short or mixed up; or it never was sealed."""


class KeyUnknown(TransientJobError):  # noqa: N818  says what is the case
    """What was sealed was so with another key than those at hand, which may be erased."""


class DeliveryError(CallscribeError):
    """A callback that was not accepted. `retriable`: whether another attempt may be made."""

    def __init__(self, code: Code, detail: str, *, retriable: bool, http_status: int | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.retriable = retriable
        self.http_status = http_status


class Cancelled(CallscribeError):  # noqa: N818  a request that was granted, not a fault
    """The job was deleted while it ran; nothing of it is kept."""
