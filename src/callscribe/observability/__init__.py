"""What the program says of itself while it works: ids in every log line, metrics, traces."""

__all__ = ["context", "logs", "metrics", "tracing"]
"""What the rest of the program may use of it: modules."""
