"""Recordings: fetched safely, kept, inspected, and decoded in windows."""
