"""Configurations: how recordings are to be transcribed, and which of them are by themselves."""

__all__ = ["documents", "endpoints", "engines", "examples", "repository", "service", "tables"]
"""What the rest of the program may use of it: modules."""
