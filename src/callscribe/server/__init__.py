"""The HTTP process: the application, its health and figures, and the limits of its requests."""

__all__ = ["app", "connections", "metrics", "tls"]
"""What the rest of the program may use of it: modules."""
