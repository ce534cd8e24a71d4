"""Batch transcription for recorded calls, on your own machines."""

from importlib.metadata import version

__version__ = version("callscribe")
