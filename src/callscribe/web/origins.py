"""Where a browser's request comes from: a page of this server, or of another that would act in the user's name.

The rule is that of Fetch Metadata (https://www.w3.org/TR/fetch-metadata/), and where a browser sends none, as without
TLS, that of `Origin` (https://www.rfc-editor.org/rfc/rfc6454#section-7). A program that is no browser sends neither.
"""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from callscribe.errors import Code, RequestError

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})
"""`none` is what the user began: an address typed in, a bookmark."""


def refuse_foreign(request: Request, *, by_cookie: bool) -> None:
    """Make sure that no page of another server made a request; `by_cookie`: which the browser would add by itself.

    Raises:
        RequestError: 20403, one did; or nobody can tell, and the request has a cookie and would change something.
    """
    origin, fetch_site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        is_own = fetch_site in _OWN
    elif origin is not None:
        is_own = urlsplit(origin).netloc == request.headers.get("Host")
    else:
        is_own = request.method in _SAFE or not by_cookie
    if not is_own:
        raise RequestError(Code.FORBIDDEN, "A page of another server may not act for a user who is signed in here.")
