"""What HTTP endpoints are made with: errors as answers, wire types, paging, idempotency, ranges. Knows no domain."""

__all__ = [
    "application",
    "idempotency",
    "legacy_pages",
    "links",
    "methods",
    "observation",
    "origins",
    "pagination",
    "problems",
    "ranges",
    "suffixes",
    "tables",
    "urls",
    "wire",
]
"""What the rest of the program may use of it: modules."""
