"""Web pages: a file here each; and the API's reference at `/docs`."""

__all__ = ["endpoints"]
"""What the rest of the program may use of it: modules."""
