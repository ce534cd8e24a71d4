"""The domains' services over one database, put together in one place for API, worker and command line."""

from dataclasses import dataclass

from callscribe.accounts.retention import of_settings
from callscribe.accounts.service import Accounts
from callscribe.callbacks.service import Callbacks
from callscribe.configurations.service import TranscriptionConfigurations
from callscribe.conversations.service import Conversations
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.media.blobs import BlobStore
from callscribe.media.decoding import Decoder
from callscribe.recordings.reading import ReadingThrough
from callscribe.settings import Settings
from callscribe.transcriptions.automatic import RecordingTranscriber
from callscribe.transcriptions.correcting import Corrections
from callscribe.transcriptions.quotas import Quotas
from callscribe.transcriptions.results import Results
from callscribe.transcriptions.service import Transcriptions
from callscribe.vault.opening import use_keys


@dataclass(frozen=True, slots=True)
class Services:
    """What more than one process needs; what only one does, it makes of these."""

    queue: WorkQueue
    blobs: BlobStore
    decoder: Decoder
    callbacks: Callbacks
    conversations: Conversations
    configurations: TranscriptionConfigurations
    reading: ReadingThrough
    quotas: Quotas
    transcriptions: Transcriptions
    results: Results
    corrections: Corrections
    automatic: RecordingTranscriber

    @classmethod
    def over(cls, database: Database, settings: Settings, patience: float | None = None) -> "Services":
        """The services of a migrated database; `patience` is with the blob store, see there.

        Raises:
            SetupError: the credentials of the Twilio account are not complete, or the accounts' keys cannot be used.
        """
        database.cipher = Accounts.of(database, settings)
        keys = use_keys(database, settings)
        queue = WorkQueue()
        callbacks = Callbacks(queue, settings.callback_max_bytes, of_settings(settings))
        conversations = Conversations(database, callbacks)
        configurations = TranscriptionConfigurations(database, settings, conversations.configuration_exists)
        reading = ReadingThrough(database, settings)
        quotas = Quotas(database, settings)
        transcriptions = Transcriptions(database, queue, configurations, callbacks, reading, quotas, settings)
        blobs = BlobStore(settings.blobs, patience, keep_free=settings.disk_keep_free, seals=keys)
        results = Results(blobs, database.cipher)
        return cls(
            queue=queue,
            blobs=blobs,
            decoder=Decoder.from_settings(settings),
            callbacks=callbacks,
            conversations=conversations,
            configurations=configurations,
            reading=reading,
            quotas=quotas,
            transcriptions=transcriptions,
            results=results,
            corrections=Corrections(database, results, conversations, configurations),
            automatic=RecordingTranscriber(transcriptions, quotas, settings),
        )
