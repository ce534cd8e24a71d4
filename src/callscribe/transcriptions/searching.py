"""Transcriptions and the search index: what of one goes in, and the making up for those that were never put in."""

from collections.abc import Sequence

import structlog
from pydantic import ValidationError
from sqlalchemy.orm import Session

from callscribe.db.engine import Database, begin_writing
from callscribe.errors import BlobDamaged
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.search.index import Prepared, replace
from callscribe.search.tables import Call, SpokenSentence
from callscribe.transcriptions import index_repository, keys, version_repository
from callscribe.transcriptions.tables import Transcription, TranscriptVersion
from callscribe.transcriptions.versions import versioned
from callscribe.transcripts.models import TRANSCRIPT, Transcript

BATCH = 20
MOST_BATCHES = 50
"""In one round, so that the rest of a worker's housekeeping gets its turn; a thousand calls take some 20 s."""

_log = structlog.get_logger(__name__)


def call_of(row: Transcription) -> Call:
    """What search knows of a job."""
    return Call(row.account_sid, row.id, row.created_at, row.language, row.source_id)


def prepared(row: Transcription, transcript: Transcript) -> Prepared:
    """A job with what is said in it, for `put`; made before the transaction, since it takes a while for a long call."""
    return Prepared.of(
        call_of(row),
        [
            SpokenSentence(each.channel, each.participant, each.start, each.language or transcript.language, each.text)
            for each in transcript.sentences
        ],
    )


def put(session: Session, spoken: Prepared) -> None:
    """Have a job found by this and nothing else, in the transaction that makes it the job's transcript."""
    replace(session, spoken)
    index_repository.set_searchable(session, spoken.call.transcription_id, searchable=True)


class MakingUp:
    """Puts those into the index that ended without: before there was one, or with a worker of a version before.

    Newest first, a few in a transaction. Whoever is killed in it leaves them for the next round, of any worker.
    """

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    def __call__(self) -> None:
        """Do so for as many as a round may have."""
        added = 0
        for _ in range(MOST_BATCHES):
            with self._database.read() as session:
                rows = index_repository.unsearched(session, BATCH)
                corrected = [row for row in rows if row.transcript_version is not None]
                versions = {row.id: version_repository.versions(session, row.id) for row in corrected}
            put_now = self._put({row.id: self._prepared(row, versions.get(row.id, ())) for row in rows})
            added += put_now
            if put_now < BATCH:  # there are no more, or another worker is at it
                break
        if added:
            _log.info("search.indexed", number=added)

    def _put(self, known: dict[str, Prepared | None]) -> int:
        with self._database.write() as session:
            begin_writing(session)
            ids = index_repository.hold_unsearched(
                session, known.keys()
            )  # not those that are gone, erased, or done by now
            for transcription_id in ids:
                spoken = known[transcription_id]
                if spoken is None:
                    index_repository.set_searchable(session, transcription_id, searchable=False)
                else:
                    put(session, spoken)
            return len(ids)

    def _prepared(self, row: Transcription, versions: Sequence[TranscriptVersion]) -> Prepared | None:
        """None where there is nothing to be read, and never will be."""
        try:
            data = self._blobs.get_document(keys.transcript(row.blobs))
            return prepared(row, versioned(row, TRANSCRIPT.validate_json(data), versions).transcript)
        except (BlobMissing, BlobDamaged, ValidationError) as error:
            _log.warning("search.not_indexed", transcription=row.id, reason=type(error).__name__)
            return None
