"""Which methods an address has, for `Allow` in answers with 405.

The framework has a route for each method and lets the first that knows the address answer, with its own method only
(RFC 9110, section 10.2.1, asks for all of them).
"""

import re
from typing import Any


def methods_of(document: dict[str, Any], path: str) -> list[str]:
    """What the OpenAPI document has for this path; nothing where it does not know the path."""
    # `/Default` before `/{id}`.
    for template in sorted(document["paths"], key=lambda template: template.count("{")):
        pattern = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template)
        )
        if re.fullmatch(pattern, path):
            return sorted(method.upper() for method in document["paths"][template])
    return []
