"""What it means for a job that a provider's answer is an error, or that there is none."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx2

from callscribe.cancellation import DeadlinePassed
from callscribe.errors import CallscribeError, Code, JobError, ProviderKeyRefused, ProviderUnavailable
from callscribe.outbound import HostRefused, HostUnresolved, retry_after

_MOST_WORDS: Final = 300
"""Characters that are told of what a provider says."""

_LATER: Final = frozenset({408, 425, 429})
"""Beside 5xx: asked again later, the same request may be answered."""

_GATEWAYS: Final = frozenset({502, 504})
"""Said by who stands before the provider, and knows not what became of the request behind it."""

_UNAVAILABLE: Final[tuple[tuple[type[Exception], str], ...]] = (
    (DeadlinePassed, "{provider} did not answer in time: {cause}"),
    (httpx2.TimeoutException, "{provider} did not answer in time"),
    (httpx2.TransportError, "the connection to {provider} broke before the end of the answer"),
)
"""The first line that fits an error tells what the job's owner reads. One of httpx has one of httpx2 as its cause."""


class Unreached(ProviderUnavailable):
    """A provider cannot be connected to: nothing was sent, and nothing is charged."""


def error_of(provider: str, status: int, headers: Mapping[str, str], words: str, *, secret: str) -> JobError:
    """What an answer with an error means.

    `words` are what it says, in the provider's own way; without `secret`, the key, and cut, they are told. `headers`
    are asked for `retry-after` in small letters.
    """
    said = _told(words, secret)
    if status in _LATER or status >= 500:
        wait = retry_after(headers.get("retry-after", ""))
        return ProviderUnavailable(f"{provider} answered {status}{said}", wait)
    if status == 401:
        # What is said of it repeats parts of the key, at some.
        return ProviderKeyRefused(f"{provider} does not take the key (401)")
    if status == 402:
        return ProviderKeyRefused(f"the account at {provider} has no credit (402){said}")
    if status == 403:
        return ProviderKeyRefused(f"{provider} does not let this key do that (403){said}")
    if 300 <= status < 400:
        return JobError(Code.PROVIDER_REFUSED, f"{provider} answered {status}: redirects are not followed")
    return JobError(Code.PROVIDER_REFUSED, f"{provider} answered {status}{said}")


def charges_nothing(status: int) -> bool:
    """Whether an error is the provider's own answer, so that the request is known to have come to nothing."""
    return status not in _GATEWAYS


def unreadable(provider: str, what: str) -> JobError:
    """Of an answer that was paid for and cannot be read: to ask again would be to pay again for the same."""
    return JobError(Code.PROVIDER_REFUSED, f"the answer of {provider} cannot be read: {what[:_MOST_WORDS]}")


@contextmanager
def failures_of(provider: str) -> Iterator[None]:
    """Turn whatever a client raises for want of an answer into what becomes of the job, as SDKs wrap it or not.

    Raises:
        Unreached: the provider cannot be connected to.
        ProviderUnavailable: the connection broke, or it took too long.
        CallscribeError: what this program itself raised within the client, such as `Cancelled`.
        OSError: what is sent cannot be read.
        JobError: 17561, anything else: it is a fault here, and is not paid for again.
    """
    try:
        yield
    except Exception as error:
        found = _judged(provider, error)
        if found is error:
            raise
        raise found from error


def _judged(provider: str, error: Exception) -> Exception:
    """What becomes of the job, by the first error in the chain of causes that tells."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, HostUnresolved):
            return Unreached(f"{provider} cannot be reached: {cause}")
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
            return Unreached(f"{provider} cannot be connected to")
        if isinstance(cause, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
            break
        for kind, detail in _UNAVAILABLE:
            if isinstance(cause, kind):
                return ProviderUnavailable(detail.format(provider=provider, cause=cause))
        if isinstance(cause, HostRefused):
            return JobError(Code.PROVIDER_REFUSED, f"{provider} may not be reached: {cause}")
        if isinstance(cause, CallscribeError | OSError):
            return cause
        cause = cause.__cause__
    return JobError(Code.JOB_INTERNAL, f"the client of {provider} failed ({type(error).__name__})")


def _told(words: str, secret: str) -> str:
    """What is said, as the end of a sentence; nothing where nothing is."""
    plain = " ".join(words.replace(secret, "…").split()) if secret else " ".join(words.split())
    plain = "".join(character for character in plain if character.isprintable())
    if len(plain) > _MOST_WORDS:
        plain = plain[: _MOST_WORDS - 1] + "…"
    return f": {plain}" if plain else ""
