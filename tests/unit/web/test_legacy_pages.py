"""Pages of the 2010 API."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from callscribe.db.paging import Page
from callscribe.web.legacy_pages import Paging, legacy_page

PAGES = {None: Page([1, 2], "b", None), "b": Page([3, 4], "c", "a"), "c": Page([], None, None)}

app = FastAPI()


@app.get("/2010-04-01/Accounts/AC1/Numbers.json")
async def numbers(request: Request, paging: Paging) -> dict[str, Any]:
    page = PAGES[paging.token]
    return legacy_page(request, "numbers", page.rows, page)


client = TestClient(app)
PATH = "/2010-04-01/Accounts/AC1/Numbers.json"


def test_other_pages_repeat_query() -> None:
    first = client.get(PATH, params={"DateCreated<": "2026-03-02", "PageSize": "2", "CallSid": "CA1"}).json()
    filters = "DateCreated%3C=2026-03-02&CallSid=CA1"
    assert first == {
        "numbers": [1, 2],
        "uri": f"{PATH}?{filters}&PageSize=2&Page=0",
        "first_page_uri": f"{PATH}?{filters}&PageSize=2&Page=0",
        "next_page_uri": f"{PATH}?{filters}&PageSize=2&Page=1&PageToken=b",
        "previous_page_uri": None,
        "page": 0,
        "page_size": 2,
        "start": 0,
        "end": 1,
    }
    second = client.get(first["next_page_uri"]).json()
    assert (second["page"], second["start"], second["end"]) == (1, 2, 3)
    assert second["uri"] == first["next_page_uri"]
    assert second["previous_page_uri"] == f"{PATH}?{filters}&PageSize=2&Page=0&PageToken=a"


def test_empty_page_ends_at_its_start() -> None:
    page = client.get(PATH, params={"PageToken": "c", "Page": "2"}).json()
    assert (page["numbers"], page["start"], page["end"], page["next_page_uri"]) == ([], 100, 100, None)


def test_page_has_1000_rows_at_most() -> None:
    assert client.get(PATH, params={"PageSize": "1001"}).json()["page_size"] == 1000
    assert client.get(PATH).json()["page_size"] == 50
