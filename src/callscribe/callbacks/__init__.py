"""Callbacks: signed, delivered by a durable workflow, each attempt logged."""

__all__ = ["events", "repository", "service", "signing", "tables", "urls", "workflows"]
"""What the rest of the program may use of it: modules."""
