"""The schema of the database by revision (Alembic), and whether a database fits this version."""

__all__ = ["runner", "schema"]
"""What the rest of the program may use of it: modules."""
