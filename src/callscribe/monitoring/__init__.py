"""What is asked of a running installation: whether it can work, how much waits, what it measures."""

__all__ = ["access", "gauges", "readiness", "ttl_cache"]
"""What the rest of the program may use of it: modules."""
