"""Timed words to transcripts: sentences by participant, and the formats that they are read in."""
