"""Conversations: what was said between the same participants, with their configurations."""

__all__ = [
    "control_plane",
    "control_plane_endpoints",
    "endpoints",
    "examples",
    "repository",
    "service",
    "tables",
    "transcripts",
]
"""What the rest of the program may use of it: modules."""
