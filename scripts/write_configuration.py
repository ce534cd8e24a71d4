"""Write the table of settings in docs/configuration.md anew from `callscribe.settings`."""

import re
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import HttpUrl, SecretStr
from pydantic.fields import FieldInfo

from callscribe.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"

_TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    HttpUrl: "URL",
    SecretStr: "secret",
}
_COMPUTED = {"data_dir": "the platform's folder for user data"}
"""Defaults that differ from machine to machine."""


def table() -> str:
    """The table, a row for each setting in the order of the class."""
    rows = ["| Variable | Type | Default | Meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `CALLSCRIBE_{name.upper()}` | {kind(field)} | {default(name, field)} | {meaning} |")
    return "\n".join(rows)


def kind(field: FieldInfo) -> str:
    """A setting's type in words, with its limits."""
    limits = [
        f"{words} {getattr(limit, attribute)}"
        for limit in field.metadata
        for attribute, words in (("ge", "at least"), ("gt", "above"), ("le", "at most"))
        if hasattr(limit, attribute)
    ]
    return ", ".join([_words(field.annotation), *limits])


def _words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return " or ".join(_words(argument) for argument in arguments if argument is not type(None))
    if origin is Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin is tuple:
        return "list"
    return _TYPES.get(annotation, str(annotation))


def default(name: str, field: FieldInfo) -> str:
    """A setting's default as it would be written."""
    value = field.default
    if name in _COMPUTED:
        return _COMPUTED[name]
    if value is None or (isinstance(value, Sequence) and not value):
        return "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def written(page: str) -> str:
    """The page with the table of today."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{table()}\n{END}", page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
