"""A job as it stands when a worker turns to it."""

from callscribe.db.engine import Database
from callscribe.errors import Cancelled
from callscribe.transcriptions import repository
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription


def load_job(database: Database, transcription_id: str) -> Transcription:
    """The job with this id.

    Raises:
        Cancelled: it was deleted.
    """
    with database.read() as session:
        row = repository.find(session, transcription_id)
    if row is None:
        raise Cancelled
    return row


def start_job(database: Database, transcription_id: str) -> Transcription:
    """The same, RUNNING where it was PENDING."""
    with database.write() as session:
        repository.transition(session, transcription_id, Status.PENDING, Status.RUNNING)
    return load_job(database, transcription_id)
