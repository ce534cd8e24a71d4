"""Batch transcription for recorded calls, on your own machines.

This is read first in every process of the program, so here stands what libraries have to know before they are imported.
"""

import os
import sys

# Nothing calls home. OpenVINO counts each import of itself at a web analytics service, under an id that it keeps in
# ~/intel, unless this package is missing. (To opt out by the package's own command is reported, too.)
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # whoever imports it meets an ImportError
for _name in (
    # The client of the Hugging Face hub tells with downloads which programs it runs in, and asks for a list of such.
    "HF_HUB_DISABLE_TELEMETRY",
    # Its native downloader reports as well, and keeps a cache and logs in the home folder; it can do without.
    "HF_HUB_DISABLE_XET",
    # ONNX Runtime comes with faster-whisper and reports where it is used. Nothing here imports it.
    "ORT_DISABLE_TELEMETRY",
    # NumPy's library: products here are small, and threads that wait for more would take the processor from the models.
    "OPENBLAS_NUM_THREADS",
):
    os.environ.setdefault(_name, "1")

__version__ = "0.1.0"
