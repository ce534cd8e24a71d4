"""Addresses of callbacks, as requests give them."""

import re
from typing import Annotated
from urllib.parse import urlsplit

import httpx2
from pydantic import AfterValidator, Field, StrictStr
from pydantic_core import PydanticCustomError


def _absolute(value: str) -> str:
    try:
        url = httpx2.URL(value)
        urlsplit(value).port  # noqa: B018  raises where it is none
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL()
    if url.scheme not in {"http", "https"} or not url.host or re.search(r"\s", value):
        raise PydanticCustomError("url", "must be an absolute http or https URL")
    return value


CallbackUrl = Annotated[StrictStr, Field(max_length=2048), AfterValidator(_absolute)]
"""An absolute http or https URL."""
