"""Batch transcription for recorded calls, on your own machines."""

import os

# Before anything imports numpy, whose library reads it once: its products here are small, and threads that wait for
# more of them would take the processor from the models.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
