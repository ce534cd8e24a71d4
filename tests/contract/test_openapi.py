"""The OpenAPI document is valid and true, and the pages load nothing from elsewhere.

That answers are as it says is checked for every request of these tests; see `conformance`.
"""

import re
from typing import Any

import httpx2
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from callers import Front
from callscribe.web.problems import LEGACY_PREFIXES


@pytest.fixture
def client(api: Front) -> httpx2.Client:
    with httpx2.Client(base_url=api.server.url, trust_env=False) as client:
        yield client


@pytest.fixture
def document(client: httpx2.Client) -> dict[str, Any]:
    result: dict[str, Any] = client.get("/openapi.json").json()
    return result


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _validate(instance: object, schema: dict[str, Any], document: dict[str, Any]) -> None:
    jsonschema.validate(instance, {**schema, "components": document["components"]}, jsonschema.Draft202012Validator)


def test_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_operations_tell_their_errors(document: dict[str, Any]) -> None:
    for method, path, operation in _operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        if path in {"/healthz", "/readyz"}:
            continue
        if path.startswith("/webhooks/"):
            assert operation["security"] == [{"TwilioSignature": []}]
            continue
        assert operation.get("security") == (None if path == "/v3/Sessions" else [{"HTTPBasic": []}])
        expected = {"401", "429", "500"} | ({"400", "413"} if "requestBody" in operation else set())
        assert operation["responses"].keys() >= expected, (method, path)
        for status, response in operation["responses"].items():
            if status >= "400":
                kind = "application/json" if path.startswith(LEGACY_PREFIXES) else "application/problem+json"
                assert list(response["content"]) == [kind], (method, path, status)
                assert "HTTPValidationError" not in str(response)


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for method, path, operation in _operations(document):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [response.get("content", {}) for response in operation["responses"].values()]
        for content in contents:
            for media_type, described in content.items():
                if media_type.endswith("json") and "$ref" in described["schema"]:
                    name = described["schema"]["$ref"].rpartition("/")[2]
                    assert schemas[name].get("examples"), (method, path, name)
    for schema in schemas.values():
        for example in schema.get("examples", []):
            _validate(example, schema, document)
        for field in schema.get("properties", {}).values():
            for example in field.get("examples", []):
                _validate(example, field, document)


@pytest.mark.parametrize("path", ["/console", "/docs"])
def test_page_loads_no_other_host(client: httpx2.Client, path: str) -> None:
    page = client.get(path)
    assert page.headers["Content-Type"].startswith("text/html")
    addresses = re.findall(r"""(?:src|href|url|action)\s*[=:(]\s*['"]?([^'")\s>]+)""", page.text)
    assert addresses
    for address in addresses:
        assert not re.match(r"(?:[a-z]+:)?//", address, re.IGNORECASE), address
        if address.startswith("/") and address != "/readyz":
            assert client.get(address).is_success, address
    assert "@import" not in page.text
