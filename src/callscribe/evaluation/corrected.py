"""Calls of an account whose transcripts people corrected: what was said in them is what they let stand.

Who corrects reads what an engine wrote, and lets stand what sounds right: the engine that wrote it has an advantage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from callscribe.accounts.audit import Action, record
from callscribe.db.engine import Database
from callscribe.errors import RequestError
from callscribe.evaluation.references import Recording, Reference, Unusable
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.settings import Settings
from callscribe.transcriptions.correcting import Corrections
from callscribe.transcriptions.results import Results
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription

PAGE: Final = 100
"""Calls that are looked up at once."""


def recordings(
    database: Database,
    corrections: Corrections,
    results: Results,
    blobs: BlobStore,
    settings: Settings,
    account_sid: str,
) -> Iterator[Recording | Unusable]:
    """Those calls, the oldest first, each as it is in the latest version of its transcript.

    That somebody read and heard it is in the audit log, before it is done.
    """
    for transcription_id in _corrected(database, account_sid):
        with database.write() as session:
            row = session.get(Transcription, transcription_id)
            if row is None or not row.transcript_version:
                continue  # deleted meanwhile
            record(session, account_sid, Action.TRANSCRIPT_READ, row.id, version="latest")
            record(session, account_sid, Action.MEDIA_READ, row.id)
        try:
            transcript = results.in_version(row, corrections.versions(row, None))
            key = results.media(row).key
        except RequestError as error:
            yield Unusable(row.id, error.detail)
            continue
        yield Recording(row.id, Reference.of(transcript), partial(_opened, blobs, key, settings.spool))


def count(database: Database, account_sid: str) -> int:
    """How many there are."""
    with database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(_query(account_sid).subquery())) or 0


def _corrected(database: Database, account_sid: str) -> Iterator[str]:
    last = ""
    while True:
        with database.read() as session:
            query = _query(account_sid).where(Transcription.id > last).order_by(Transcription.id).limit(PAGE)
            ids = session.scalars(query).all()
        yield from ids
        if len(ids) < PAGE:
            return
        last = ids[-1]


def _query(account_sid: str) -> sa.Select[str]:
    return sa.select(Transcription.id).where(
        Transcription.account_sid == account_sid,
        Transcription.status == Status.COMPLETED,
        Transcription.transcript_version > 0,
    )


@contextmanager
def _opened(blobs: BlobStore, key: str, spool: Path) -> Iterator[Path]:
    try:
        with blobs.local_path(key, spool) as path:
            yield path
    except BlobMissing as error:
        raise FileNotFoundError("the recording was erased") from error
