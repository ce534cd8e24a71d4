"""Full-text search over what was said: the index, and finding calls in it. Knows nothing of jobs."""

__all__ = ["finding", "index", "queries", "schemas", "tables"]
"""What the rest of the program may use of it: modules."""
