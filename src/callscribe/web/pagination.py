"""Lists as Twilio's SDK asks for them.

Some of its methods spell query parameters in Pascal case. And for a further page they send the token and nothing
else, so a token carries all of the query that its page belongs to: filters and page size hold for every page.
What a request says itself goes before what its token says.
"""

import base64
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict
from urllib.parse import parse_qs, urlencode

from fastapi import Depends, Query, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from callscribe.db.paging import Page

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 100

TOKEN = "pageToken"  # noqa: S105  a place in a list, no secret

_NAMES = (
    *("pageSize", TOKEN, "createdAfter", "createdBefore", "languageCode", "sourceId", "status"),
    *("search", "orderBy", "order"),
    *("subject", "actor", "action"),
)
_PASCAL_CASE = {name[0].upper() + name[1:]: name for name in _NAMES}


class ListQuery:
    """Gives endpoints the query as it is meant: in camel case, and with what the page token carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the query where it needs to be."""
        if scope["type"] == "http" and scope["query_string"] and scope["path"].startswith(("/v2/", "/v3/")):
            query: dict[str, list[str]] = {}
            for name, values in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).items():
                query.setdefault(_PASCAL_CASE.get(name, name), []).extend(values)
            if TOKEN in query and (carried := _carried(query[TOKEN][-1])):
                query = carried | query | {TOKEN: carried[TOKEN]}
            scope = {**scope, "query_string": urlencode(query, doseq=True).encode("ascii")}
        await self._app(scope, receive, send)


def carrying_query(request: Request, position: str | None) -> str | None:
    """The token for the page at `position` of the list that the request asks for."""
    if position is None:
        return None
    query = urlencode(parse_qs(request.url.query, keep_blank_values=True) | {TOKEN: [position]}, doseq=True)
    return base64.urlsafe_b64encode(query.encode()).decode().rstrip("=")


class Place(TypedDict):
    """Where a page stands, as members of a list's `meta`."""

    page_size: int
    next_token: str | None
    previous_token: str | None


@dataclass(frozen=True, slots=True)
class ListPaging:
    """Which page is asked for. `size` is what the client gets, `token` where the page begins."""

    size: int
    token: str | None
    _request: Request

    def place(self, page: Page[Any]) -> Place:
        """Where a page stands, as the members of a list's `meta`; its tokens carry the query of its list."""
        return {
            "page_size": self.size,
            "next_token": carrying_query(self._request, page.next_token),
            "previous_token": carrying_query(self._request, page.previous_token),
        }


async def _paging(  # not in a thread
    request: Request,
    page_size: Annotated[int, Query(alias="pageSize", ge=1, description="More than 100 is taken as 100.")] = (
        DEFAULT_PAGE_SIZE
    ),
    page_token: Annotated[str | None, Query(alias=TOKEN)] = None,
) -> ListPaging:
    return ListPaging(min(page_size, MAX_PAGE_SIZE), page_token, request)


Paging = Annotated[ListPaging, Depends(_paging)]
"""A parameter of every endpoint that answers with a list whose `meta` tells the place of its page."""


def _carried(token: str) -> dict[str, list[str]] | None:
    """The query in a token; None where it is not one of ours, which the endpoint will say."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
        query = parse_qs(text, keep_blank_values=True)
    except ValueError:
        return None
    return query if TOKEN in query else None
