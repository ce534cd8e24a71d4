"""Accounts, their auth tokens and API keys."""

__all__ = [
    "authentication",
    "endpoints",
    "examples",
    "keys",
    "limits",
    "repository",
    "retention",
    "secrets",
    "service",
    "tables",
    "usage",
    "usage_repository",
]
"""What the rest of the program may use of it: modules."""
