"""Transcriptions: the resource, as requests see it. What is done for one is in `jobs`."""
