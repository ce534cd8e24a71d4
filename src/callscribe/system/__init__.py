"""What an operator sees of an installation: what is wrong and what to do, who works, which models there are.

The command line shows it (`doctor`, `models`, `accounts limits`), and the API answers it to the operator's account.
"""

__all__ = ["endpoints", "examples", "findings", "limits", "provider_gauges", "pulling", "pulls", "resealing", "status"]
"""What the rest of the program may use of it: modules."""
