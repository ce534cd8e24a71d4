"""The process that does the work: what it serves, its own check, and where it answers for itself."""

__all__ = ["process", "relay"]
"""What the rest of the program may use of it: modules."""
