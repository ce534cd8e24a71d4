"""Accounts and their auth tokens."""
