"""Recordings and the calls that they are of."""

__all__ = [
    "endpoints",
    "examples",
    "importing",
    "intake",
    "keys",
    "media",
    "metadata",
    "reading",
    "reading_workflows",
    "repository",
    "service",
    "tables",
    "twilio",
    "webhook",
    "workflows",
]
"""What the rest of the program may use of it: modules."""
