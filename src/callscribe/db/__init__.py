"""The database: connections, table base and migrations."""
