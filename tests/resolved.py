"""What jobs are resolved to, for rows that tests make."""

from typing import Any

from callscribe.transcriptions.documents import ResolvedConfiguration


def resolved(**members: Any) -> ResolvedConfiguration:
    """A configuration that says no more than what serves it, but for members as they stand in the document."""
    return ResolvedConfiguration.model_validate({"servedBy": {"engine": "whisper", "model": "base"}} | members)
