"""What the OpenAPI document says beside the endpoints themselves: links, and the methods of an address."""

from typing import Any

import pytest

from callscribe.web.links import add_links
from callscribe.web.methods import methods_of

THING = {"properties": {"id": {"type": "string"}}}


def _operation(name: str, status: str = "200", **answer: Any) -> dict[str, Any]:
    return {"operationId": name, "responses": {status: answer}}


@pytest.fixture
def document() -> dict[str, Any]:
    made = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    return {
        "components": {"schemas": {"Thing": THING}},
        "paths": {
            "/of/{owner}/things.json": {"post": _operation("make", "201", **made), "get": _operation("list")},
            "/of/{owner}/things/{thing}.json": {"get": _operation("fetch"), "delete": _operation("delete", "204")},
            "/of/{owner}/things/{thing}/parts": {"get": _operation("parts")},
            "/of/{owner}/things/{thing}/parts/{part}": {"get": _operation("part")},
            "/of/{owner}/things/Default": {"get": _operation("default")},
        },
    }


def test_made_leads_to_everything(document: dict[str, Any]) -> None:
    add_links(document)
    links = document["paths"]["/of/{owner}/things.json"]["post"]["responses"]["201"]["links"]
    assert links.keys() == {"fetch", "delete", "parts"}
    assert links["parts"] == {
        "operationId": "parts",
        "parameters": {"path.owner": "$request.path.owner", "path.thing": "$response.body#/id"},
    }


def test_unmade_is_not_linked(document: dict[str, Any]) -> None:
    add_links(document)
    assert "links" not in str(document["paths"]["/of/{owner}/things/{thing}.json"])


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/of/me/things.json", ["GET", "HEAD", "POST"]),
        ("/of/me/things/1.json", ["DELETE", "GET", "HEAD"]),
        ("/of/me/things/Default", ["GET", "HEAD"]),
        ("/of/me/things", []),
        ("/of/me/thingsXjson", []),
    ],
)
def test_the_methods_of_an_address(document: dict[str, Any], path: str, methods: list[str]) -> None:
    assert methods_of(document, path) == methods
