"""What in a call is nobody's to read: card numbers, names, addresses and the like, found as they are said."""

__all__ = ["entities", "finding", "masking", "numerals", "policy", "tokens"]
"""What the rest of the program may use of it: modules."""
