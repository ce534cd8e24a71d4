"""Checks answers of a server against its own OpenAPI document, for tests."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema

STREAMS = frozenset({"text/event-stream", "application/octet-stream"})
"""Media types that have no schema worth a check, and may have no end."""

codes_seen: set[int] = set()
"""Every error code that an answer had anywhere in it, of all servers: refusals, failed jobs, logs of callbacks."""


class Conformance:
    """The promises of one document. `seen` collects what was answered: method, path of the document, status."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._components = _closed(document["components"])
        # `/Default` before `/{id}`.
        paths = sorted(document["paths"], key=lambda path: path.count("{"))
        self._paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]
        self.seen: set[tuple[str, str, int]] = set()

    def check(self, method: str, path: str, status: int, content_type: str, body: bytes) -> None:
        """Raise AssertionError for an answer that the document does not foresee."""
        if content_type.partition(";")[0].endswith("json"):
            codes_seen.update(_codes(json.loads(body)))
        template = next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)
        if template is None or method.lower() not in self._document["paths"][template]:
            return
        self.seen.add((method, template, status))
        operation = self._document["paths"][template][method.lower()]
        responses = operation["responses"]
        assert str(status) in responses, f"{method} {template} answered {status}, documented are {list(responses)}"
        content = responses[str(status)].get("content", {})
        media_type = content_type.partition(";")[0]
        if not content:
            assert not body, f"{method} {template} {status} is documented without a body"
            return
        assert media_type in content, f"{method} {template} {status} is {media_type}, documented are {list(content)}"
        if media_type.endswith("json"):
            schema = {**_closed(content[media_type]["schema"]), "components": self._components}
            jsonschema.validate(json.loads(body), schema, jsonschema.Draft202012Validator)

    def httpx_hook(self, response: httpx2.Response) -> None:
        """For `event_hooks` of httpx clients."""
        content_type = response.headers.get("Content-Type", "")
        body = b"" if content_type.partition(";")[0] in STREAMS else response.read()
        self.check(response.request.method, response.request.url.path, response.status_code, content_type, body)

    def requests_hook(self, response: Any, *_: object, **__: object) -> None:
        """For `request_hooks` of the Twilio SDK's HTTP client."""
        path = httpx2.URL(response.url).path
        content_type = response.headers.get("Content-Type", "")
        self.check(response.request.method, path, response.status_code, content_type, response.content)


def _codes(answer: Any) -> Iterator[int]:
    """What stands under `code` and `errorCode`, however deep."""
    if isinstance(answer, list):
        for each in answer:
            yield from _codes(each)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name in {"code", "errorCode"} and isinstance(value, int):
                yield value
            else:
                yield from _codes(value)


def _closed(schema: Any) -> Any:
    """The same schema with every object closed: a member that is not documented is a fault too."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
