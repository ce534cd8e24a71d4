"""Accounts, their auth tokens and API keys."""
