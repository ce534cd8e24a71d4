"""The process that does the work: what it serves, its own check, and where it answers for itself."""
