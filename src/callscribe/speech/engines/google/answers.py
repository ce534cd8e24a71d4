"""What Google answers, and what an error among it means for a job.

An error is `google.rpc.Status`, as JSON (https://google.aip.dev/193): a code, words, and details, of which `RetryInfo`
says how long to wait.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from callscribe.errors import JobError, ProviderUnavailable
from callscribe.outbound import HostUnresolved
from callscribe.speech.engines.remote.failures import error_of, unreadable

PROVIDER: Final = "Google"

_HTTP: Final[Mapping[int, int]] = {1: 499, 3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 11: 400, 12: 501, 16: 401}
"""HTTP statuses for the codes of `google.rpc.Code`, as that file has them; of what is not here the same may succeed
later: unknown, deadline exceeded, aborted, internal, unavailable, data loss."""

_RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came. `headers` are by names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    secret: str = ""

    @classmethod
    def of(cls, response: httpx.Response, secret: str) -> Self:
        """A response that is read to its end. `secret`, what was sent to be let in, is not told of."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return cls(response.status_code, headers, response.content, secret)

    def error(self) -> JobError | None:
        """What it means where it is an error."""
        if 200 <= self.status < 300:
            return None
        said = _status_in(self.body)
        found = error_of(PROVIDER, self.status, self.headers, str(said.get("message", "")), secret=self.secret)
        return _waiting(found, said)

    def json(self) -> dict[str, Any]:
        """Its members.

        Raises:
            JobError: 17566, it has none.
        """
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise unreadable(PROVIDER, "it is no JSON") from error
        if not isinstance(found, dict):
            raise unreadable(PROVIDER, "it is no object")
        return found


def status_error(status: Mapping[str, Any]) -> JobError:
    """What `google.rpc.Status` means, of an operation or of a file in it."""
    code = status.get("code")
    http_status = _HTTP.get(code, 503) if isinstance(code, int) else 503
    found = error_of(PROVIDER, http_status, {}, str(status.get("message", "")), secret="")
    return _waiting(found, status)


def never_sent(error: ProviderUnavailable) -> bool:
    """Whether what failed did so before there was a connection to send it by."""
    return isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | HostUnresolved)


def _status_in(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _waiting(error: JobError, status: Mapping[str, Any]) -> JobError:
    """The same error, with how long to wait where only its details say that."""
    if not isinstance(error, ProviderUnavailable) or error.retry_after is not None:
        return error
    details = status.get("details")
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict) and each.get("@type") == _RETRY_INFO:
            asked = _DURATION.fullmatch(str(each.get("retryDelay", "")))
            return ProviderUnavailable(error.detail, float(asked[1])) if asked else error
    return error
