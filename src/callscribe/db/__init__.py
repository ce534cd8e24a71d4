"""SQL: connections, the table base, the clock of the database, paging."""
