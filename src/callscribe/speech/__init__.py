"""Recorded speech to timed words: voice activity, windows, engines, and the catalogue of their models."""

__all__ = [
    "abilities",
    "catalogue",
    "diarization",
    "engines",
    "interface",
    "keyterms",
    "languages",
    "model_files",
    "models",
    "pipeline",
    "routes",
    "segmentation",
    "serialization",
    "served_models",
    "speeds",
    "trial",
]
"""What the rest of the program may use of it: modules."""
