"""A Twilio account whose recordings are read through: the little of its API that this needs.

Credentials go to the host that the operator names and to no other: a redirect elsewhere is followed without them.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from callscribe.cancellation import NEVER, DeadlinePassed
from callscribe.errors import CallscribeError, SetupError
from callscribe.outbound import AllowList, OutboundError, guarded_client
from callscribe.recordings.fields import LooseInstant
from callscribe.recordings.tables import TWILIO, Call, Recording
from callscribe.settings import Settings

CONNECT_TIMEOUT = 3.0
REQUEST_TIMEOUT = 8.0
"""Seconds for one question and its answer. Somebody waits for it."""

MAX_ANSWER_BYTES = 256 * 1024


class TwilioUnavailable(CallscribeError):  # noqa: N818  says what is the case
    """Twilio did not answer, or not as it should. Another attempt may succeed."""


class TwilioMissing(CallscribeError):  # noqa: N818
    """The Twilio account has no such thing."""


def _seconds(value: object) -> object:
    """A number in a string; -1 while it is not known."""
    seconds = None if value in (None, "") else float(str(value))
    return None if seconds is None or seconds < 0 else seconds


Seconds = Annotated[Annotated[float, Field(allow_inf_nan=False)] | None, BeforeValidator(_seconds)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sid: str
    status: str
    date_created: LooseInstant | None = None
    start_time: LooseInstant | None = None
    duration: Seconds = None

    def columns(self) -> dict[str, Any]:
        """What a row is to hold; what is created without a date, is created now."""
        return self.model_dump(exclude=None if self.date_created else {"date_created"})


class _RecordingAnswer(_Answer):
    call_sid: str | None = None
    conference_sid: str | None = None
    channels: int | None = None
    source: str | None = None
    error_code: int | None = None
    encryption_details: dict[str, Any] | None = None
    media_url: str | None = Field(None, exclude=True)


class _CallAnswer(_Answer):
    parent_call_sid: str | None = None
    from_: str | None = Field(None, alias="from")
    to: str | None = None
    direction: str | None = None
    end_time: LooseInstant | None = None


_Kind = TypeVar("_Kind", bound=_Answer)


@dataclass(frozen=True, slots=True)
class Found:
    """A recording at Twilio with its call, as rows of the account here that are not stored yet."""

    recording: Recording
    call: Call | None


class TwilioAccount:
    """Asks one Twilio account, that of the settings, for recordings and calls.

    Raises:
        SetupError: there are no credentials for it, or only half of an API key.
    """

    def __init__(self, settings: Settings) -> None:
        assert settings.twilio_account_sid is not None
        self.sid = settings.twilio_account_sid
        self.credentials = _credentials(settings)
        self._base = str(settings.twilio_base_url).rstrip("/")
        host = settings.twilio_base_url.host
        self.allow = AllowList([host] if host else [])

    def look_up(self, account_sid: str, recording_sid: str) -> Found:
        """A recording with its call, for the account here that it belongs to.

        Raises:
            TwilioMissing: there is no such recording.
            TwilioUnavailable: another attempt may succeed.
        """
        recording = self._ask(f"/Recordings/{recording_sid}.json", _RecordingAnswer)
        if recording.sid != recording_sid:
            raise TwilioUnavailable("Twilio answered with another recording")
        call = None
        if recording.call_sid is not None:
            # Calls are deleted at Twilio while their recordings stay.
            with suppress(TwilioMissing):
                call = self._ask(f"/Calls/{recording.call_sid}.json", _CallAnswer)
        return Found(
            _recording_row(account_sid, recording),
            None if call is None else Call(account_sid=account_sid, **call.columns()),
        )

    def media_url(self, recording_sid: str, channels: int) -> str:
        """Where the audio of a recording is, each party on a channel of its own where that was recorded."""
        url = f"{self._base}{self._path}/Recordings/{recording_sid}.wav"
        return f"{url}?RequestedChannels=2" if channels == 2 else url

    @property
    def _path(self) -> str:
        return f"/2010-04-01/Accounts/{self.sid}"

    def _ask(self, path: str, kind: type[_Kind]) -> _Kind:
        with (
            _failures(),
            guarded_client(
                allow=self.allow,
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=REQUEST_TIMEOUT,
                cancelled=NEVER.with_deadline(REQUEST_TIMEOUT),
            ) as client,
            client.stream("GET", f"{self._base}{self._path}{path}", auth=self.credentials) as response,
        ):
            if response.status_code == 404:
                raise TwilioMissing("the Twilio account has no such recording")
            if response.status_code in {401, 403}:
                raise TwilioUnavailable("Twilio refuses the credentials of CALLSCRIBE_TWILIO_…")
            if response.status_code != 200:
                raise TwilioUnavailable(f"Twilio answered {response.status_code}")
            body = b""
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise TwilioUnavailable("Twilio's answer is too large")
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            raise TwilioUnavailable("Twilio's answer is not understood") from error


def _credentials(settings: Settings) -> tuple[str, str]:
    if (settings.twilio_api_key is None) != (settings.twilio_api_secret is None):
        raise SetupError("Set CALLSCRIBE_TWILIO_API_KEY and CALLSCRIBE_TWILIO_API_SECRET together, or neither.")
    if settings.twilio_api_key is not None and settings.twilio_api_secret is not None:
        return settings.twilio_api_key, settings.twilio_api_secret.get_secret_value()
    if settings.twilio_auth_token is None or settings.twilio_account_sid is None:
        raise SetupError(
            "CALLSCRIBE_TWILIO_ACCOUNT_SID needs CALLSCRIBE_TWILIO_AUTH_TOKEN, or CALLSCRIBE_TWILIO_API_KEY with "
            "CALLSCRIBE_TWILIO_API_SECRET."
        )
    return settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (OutboundError, DeadlinePassed) as error:
        raise TwilioUnavailable(f"Twilio is not reached: {error}") from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise TwilioUnavailable(f"Twilio is not reached: {type(error).__name__}") from error


def _recording_row(account_sid: str, answer: _RecordingAnswer) -> Recording:
    row = Recording(account_sid=account_sid, origin=TWILIO, external=_is_external(answer), **answer.columns())
    row.channels = answer.channels or 1
    row.source = answer.source or "OutboundAPI"
    return row


def _is_external(answer: _RecordingAnswer) -> bool:
    """Whether the media is in a bucket of the customer's: then its URL is no address of the API."""
    return answer.media_url is not None and f"/Recordings/{answer.sid}" not in urlsplit(answer.media_url).path
