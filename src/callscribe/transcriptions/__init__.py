"""Transcriptions: the resource, and the workflow that turns a recording into a transcript."""
