"""The address that clients reach this server by."""

from typing import Annotated

from fastapi import Depends, Request

from callscribe.settings import Settings


async def _base_url(request: Request) -> str:  # not in a thread
    settings: Settings = request.app.state.settings
    return str(settings.public_url or request.base_url).rstrip("/")


BaseUrl = Annotated[str, Depends(_base_url)]
"""Without a slash at the end."""
