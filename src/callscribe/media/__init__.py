"""Recordings: fetched safely, kept, inspected, and decoded in windows."""

__all__ = ["blobs", "decoding", "derived", "fetching", "forms", "inspecting", "muting", "peaks", "playing", "spool"]
"""What the rest of the program may use of it: modules."""
