"""Transcription configurations: how recordings are to be transcribed and what happens afterwards."""
