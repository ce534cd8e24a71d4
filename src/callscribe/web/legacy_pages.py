"""Lists of the 2010 API: `Page`, `PageSize` and `PageToken` in the query, addresses of the pages beside in the answer.

The addresses repeat the query of the list, filters and all, so following them is enough. `Page` is the client's own
count and finds nothing: `PageToken` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from callscribe.db.paging import Page

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class LegacyPaging:
    """Which page is asked for. `size` is what the client gets, `token` where the page begins."""

    size: int
    number: int
    token: str | None


async def _legacy_paging(  # not in a thread
    request: Request,
    page_size: Annotated[int, Query(alias="PageSize", ge=1, description="More than 1000 is taken as 1000.")] = (
        DEFAULT_PAGE_SIZE
    ),
    page: Annotated[int, Query(alias="Page", ge=0, le=2**31, description="The client's own count.")] = 0,
    page_token: Annotated[str | None, Query(alias="PageToken")] = None,
) -> LegacyPaging:
    paging = LegacyPaging(min(page_size, MAX_PAGE_SIZE), page, page_token)
    request.state.legacy_paging = paging
    return paging


Paging = Annotated[LegacyPaging, Depends(_legacy_paging)]
"""A parameter of every endpoint that answers with `legacy_page`."""


class LegacyPage(BaseModel):
    """A page as it is answered, less its rows, which stand in a member of their own. URIs begin with `/2010-04-01`."""

    uri: str
    first_page_uri: str
    next_page_uri: str | None
    previous_page_uri: str | None
    page: int
    page_size: int
    start: int
    end: int


def example_page(uri: str, key: str, item: dict[str, Any]) -> dict[str, Any]:
    """A list at `uri` with one item, for the OpenAPI document."""
    first = f"{uri}?PageSize={DEFAULT_PAGE_SIZE}&Page=0"
    page = LegacyPage(
        uri=first,
        first_page_uri=first,
        next_page_uri=None,
        previous_page_uri=None,
        page=0,
        page_size=DEFAULT_PAGE_SIZE,
        start=0,
        end=0,
    )
    return {key: [item], **page.model_dump()}


def legacy_page(request: Request, key: str, items: Sequence[Any], page: Page[Any]) -> dict[str, Any]:
    """The members of a `LegacyPage`, and the `items` under their `key`.

    The endpoint must have a parameter of type `Paging`.
    """
    paging: LegacyPaging = request.state.legacy_paging
    path = request.scope["path"]
    own = [(name, value) for name, value in request.query_params.multi_items() if name not in _PLACE]

    def uri(number: int, token: str | None) -> str:
        place = [("PageSize", str(paging.size)), ("Page", str(number)), *([("PageToken", token)] if token else [])]
        return f"{path}?{urlencode([*own, *place])}"

    start = paging.number * paging.size
    return {
        key: items,
        "uri": uri(paging.number, paging.token),
        "first_page_uri": uri(0, None),
        "next_page_uri": uri(paging.number + 1, page.next_token) if page.next_token else None,
        "previous_page_uri": uri(max(paging.number - 1, 0), page.previous_token) if page.previous_token else None,
        "page": paging.number,
        "page_size": paging.size,
        "start": start,
        "end": start + max(len(items) - 1, 0),
    }


_PLACE = frozenset({"PageSize", "Page", "PageToken"})
