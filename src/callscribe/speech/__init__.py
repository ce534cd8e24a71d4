"""Recorded speech to timed words: voice activity, windows, engines, and the catalogue of their models."""
