"""What is asked of a running installation: whether it can work, how much waits, what it measures."""

__all__ = ["access", "gauges", "readiness"]
"""What the rest of the program may use of it: modules."""
