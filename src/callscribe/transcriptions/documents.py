"""What is kept of a transcription as JSON."""

from callscribe.configurations.documents import JobOptions, KeptTranscriptionOptions
from callscribe.db.documents import Document
from callscribe.speech.routes import Service


class ServedBy(Document):
    """The engine and the model that really do the work."""

    engine: str
    model: str


class ResolvedConfiguration(JobOptions):
    """The configuration as it was when the transcription was created, and what serves it."""

    served_by: ServedBy

    @classmethod
    def of(cls, options: KeptTranscriptionOptions, service: Service) -> "ResolvedConfiguration":
        """A configuration as it is now, and what serves it."""
        given = options.document()
        given.pop("configurationType", None)  # there is but one
        return cls.model_validate(given | {"servedBy": service.served_by})
