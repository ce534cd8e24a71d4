"""Accounts, their auth tokens and API keys."""

__all__ = [
    "actors",
    "addresses",
    "attempts",
    "audit",
    "audit_endpoints",
    "authentication",
    "browser_sessions",
    "endpoints",
    "examples",
    "keys",
    "limits",
    "permissions",
    "provider_usage",
    "repository",
    "retention",
    "roles",
    "secrets",
    "service",
    "session_endpoints",
    "tables",
    "token_endpoints",
    "usage",
    "usage_repository",
]
"""What the rest of the program may use of it: modules."""
