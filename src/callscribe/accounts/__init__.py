"""Accounts, their auth tokens and API keys."""

__all__ = [
    "authentication",
    "browser_sessions",
    "endpoints",
    "examples",
    "keys",
    "limits",
    "repository",
    "retention",
    "secrets",
    "service",
    "session_endpoints",
    "tables",
    "usage",
    "usage_repository",
]
"""What the rest of the program may use of it: modules."""
