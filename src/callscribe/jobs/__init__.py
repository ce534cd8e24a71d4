"""The durable way of a job: what is done with a recording, step by step, through the death of any process."""

__all__ = [
    "fetch",
    "finish",
    "job_tracker",
    "provider_outages",
    "recognize",
    "redact",
    "replacing",
    "withdrawals",
    "workflows",
]
"""What the rest of the program may use of it: modules."""
