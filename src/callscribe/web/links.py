"""Links of the OpenAPI document: from an answer to every operation on the resource that it has made.

With them a program that reads the document, a generator of tests, say, knows which member of which answer is the
parameter of which other operation.
"""

import re
from collections.abc import Iterator
from typing import Any

_POINTERS = {"/v3/Transcriptions": "/transcription/id"}
"""Where an answer has the id of what was made, if not in `id` or `sid`."""

_TRANSCRIBE = {
    "operation": ("post", "/v3/Transcriptions"),
    "body": {"transcriptionConfigurationId": "$response.body#/id", "mediaUrl": "https://media.example.com/call.wav"},
}
_IN_BODIES = {"/v2/Configurations/Transcription": [_TRANSCRIBE]}
"""Operations that take the id of what was made in their bodies."""


def add_links(document: dict[str, Any]) -> None:
    """Put the links into the document of the whole application."""
    for path, item in document["paths"].items():
        if "post" not in item:
            continue
        for status, response in item["post"]["responses"].items():
            if status.startswith("2") and (links := dict(_links(document, path, response))):
                response["links"] = links


def _links(document: dict[str, Any], path: str, response: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    pointer = _POINTERS.get(path) or _id_pointer(document, response)
    if pointer is None:
        return
    given = {f"path.{name}": f"$request.path.{name}" for name in re.findall(r"\{(\w+)\}", path)}
    below = re.compile(re.escape(path.removesuffix(".json")) + r"/\{(\w+)\}(?:[./].*)?")
    for target, item in document["paths"].items():
        match = below.fullmatch(target)
        # What is below what was made needs an id that is not known yet.
        if match is None or "{" in target[match.end(1) + 1 :].replace("{format_}", ""):
            continue
        for operation in item.values():
            parameters = {**given, f"path.{match[1]}": f"$response.body#{pointer}"}
            yield operation["operationId"], {"operationId": operation["operationId"], "parameters": parameters}
    for each in _IN_BODIES.get(path, ()):
        method, target = each["operation"]
        name = document["paths"][target][method]["operationId"]
        yield name, {"operationId": name, "requestBody": each["body"]}


def _id_pointer(document: dict[str, Any], response: dict[str, Any]) -> str | None:
    reference = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return next((f"/{name}" for name in ("id", "sid") if name in schema.get("properties", {})), None)
