"""Transcriptions: the resource, as requests see it. What is done for one is in `jobs`."""

__all__ = [
    "administration",
    "automatic",
    "checkpoints",
    "conversation_export",
    "correcting",
    "correction_endpoints",
    "documents",
    "endpoints",
    "examples",
    "keys",
    "media",
    "quotas",
    "repository",
    "results",
    "retention",
    "schemas",
    "searching",
    "service",
    "sources",
    "status",
    "tables",
    "watching",
]
"""What the rest of the program may use of it: modules."""
