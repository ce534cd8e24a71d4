"""Where a transcription stands, in a module that loads nothing: the command line offers it as an option."""

from enum import StrEnum


class Status(StrEnum):
    """Where a transcription stands.

    PENDING ──► RUNNING ──► COMPLETED
                   └──────► FAILED
    """

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self in {Status.COMPLETED, Status.FAILED}

    def may_become(self, status: "Status") -> bool:
        """Whether there is an arrow to this status in the diagram."""
        return (self, status) in {
            (Status.PENDING, Status.RUNNING),
            (Status.RUNNING, Status.COMPLETED),
            (Status.RUNNING, Status.FAILED),
        }
