"""How well engines do on recordings of which is known what was said: compared, counted, shown and kept.

The command line runs it (`evaluate`); the API shows the operator what was kept.
"""

__all__ = [
    "charts",
    "corrected",
    "documents",
    "endpoints",
    "examples",
    "references",
    "running",
    "scoring",
    "service",
    "tables",
]
"""What the rest of the program may use of it: modules."""
