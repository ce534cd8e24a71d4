"""The schema of the database by revision (Alembic), and whether a database fits this version."""
