"""Recorded speech to timed words: voice activity, windows, engines, and the catalogue of their models."""

__all__ = [
    "abilities",
    "by_name",
    "catalogue",
    "diarization",
    "engines",
    "interface",
    "keyterms",
    "languages",
    "model_files",
    "models",
    "pipeline",
    "prices",
    "routes",
    "segmentation",
    "serialization",
    "served_models",
    "speeds",
    "trial",
    "twilio_engines",
    "windows",
]
"""What the rest of the program may use of it: modules."""
