"""The page that people see: static files alone, which `server.pages` serves. `vendor/` is what `make vendor` brings."""

from pathlib import Path

__all__ = ["FOLDER"]
"""What the rest of the program may use of it."""

FOLDER = Path(__file__).parent / "static"
