"""Recordings and the calls that they are of."""
