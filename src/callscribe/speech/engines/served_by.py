"""What serves a job."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServedBy:
    """An engine of this program with one of its models. As a string `ENGINE/MODEL`, by which queues are named."""

    engine: str
    model: str

    def __str__(self) -> str:
        return f"{self.engine}/{self.model}"

    @classmethod
    def parse(cls, name: str) -> "ServedBy":
        """The inverse of `str`. A model may be a path."""
        engine, _, model = name.partition("/")
        return cls(engine, model)

    def document(self) -> dict[str, str]:
        """The member `servedBy` of a resolved configuration."""
        return {"engine": self.engine, "model": self.model}
