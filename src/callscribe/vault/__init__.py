"""The accounts' keys: made, sealed by a master key or a KMS, kept apart from what they seal, rotated and erased."""

__all__ = ["account_keys", "master", "opening", "transit"]
"""What the rest of the program may use of it: modules."""
