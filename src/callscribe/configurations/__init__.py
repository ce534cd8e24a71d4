"""Configurations: how recordings are to be transcribed, and which of them are by themselves."""
