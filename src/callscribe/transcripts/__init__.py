"""Timed words to transcripts: sentences by participant, and the formats that they are read in."""

__all__ = ["assembly", "corrections", "formats", "models", "statistics", "wire"]
"""What the rest of the program may use of it: modules."""
