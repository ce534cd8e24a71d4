"""What the application has, as parameters of endpoints."""

from typing import Any

from fastapi import Depends, Request


def of_application(name: str) -> Any:
    """The dependency of a parameter that is `app.state.NAME`."""

    async def found(request: Request) -> Any:  # FastAPI takes what is not asynchronous to a thread
        return getattr(request.app.state, name)

    return Depends(found)
