"""Conversations: what was said between the same participants, with their configurations."""
