"""SQL: connections, the table base, the clock of the database, paging."""

__all__ = [
    "base",
    "clock",
    "committed",
    "documents",
    "engine",
    "group_commit",
    "paging",
    "presence",
    "sealed",
    "upsert",
    "url_credentials",
]
"""What the rest of the program may use of it: modules."""
