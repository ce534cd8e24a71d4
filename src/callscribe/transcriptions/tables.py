"""Transcriptions."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, Dated, now, partial_index
from callscribe.db.documents import JsonOf
from callscribe.db.sealed import SealedJson, SealedTerm, SealedText
from callscribe.redaction.policy import Redaction
from callscribe.speech.engines.served_by import ServedBy
from callscribe.transcriptions.documents import (
    Changes,
    Failure,
    InspectedMedia,
    OriginalAudio,
    Participant,
    RecordedAudio,
    ResolvedConfiguration,
    renamed,
)
from callscribe.transcriptions.status import Status
from callscribe.transcripts.wire import Notice, StatisticsResource

UNSEARCHED = "status = 'COMPLETED' AND is_searchable IS NULL AND transcript_erased_at IS NULL"
"""Of jobs that ended before there was a search index, or with a worker of a version that has none."""

UNKNOWN_DURATION = -1
"""What calls without a length count as where a list is ordered by it: shorter than all others."""

_DUE = ("media_due_at", "transcript_due_at", "job_due_at")


class AsRequested:
    """What is asked for and by whom: the columns of a job that one which repeats it has from it."""

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    configuration_id: Mapped[str] = mapped_column(sa.String(64))
    source_id: Mapped[str | None] = mapped_column(sa.String(34))
    recording: Mapped[RecordedAudio | None] = mapped_column(JsonOf(RecordedAudio))
    """Of a `source_id`: where its audio is, and its call."""
    media_url: Mapped[str | None] = mapped_column(SealedText)
    audio_started_at: Mapped[datetime | None]
    title: Mapped[str | None] = mapped_column(SealedText(255))
    """What people call it; nothing goes by it."""
    participants: Mapped[list[Participant]] = mapped_column(SealedJson(list[Participant], "[]"))
    resolved_configuration: Mapped[ResolvedConfiguration] = mapped_column(JsonOf(ResolvedConfiguration))
    language: Mapped[str | None] = mapped_column(sa.String(16))
    """The locale asked for; what `languageCode` filters by."""
    base_url: Mapped[str] = mapped_column(sa.Text)
    """The server's address as the client that made the job knew it, for the links in its callback."""
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    """Of the request that made the job; stands in every line of the log about it."""
    traceparent: Mapped[str | None] = mapped_column(sa.String(55))
    """The trace that the job belongs to, as W3C writes it."""

    def requested(self) -> dict[str, Any]:
        """Its columns by name."""
        return {name: getattr(self, name) for name in AsRequested.__annotations__}


class Transcription(AsRequested, Dated, Base):
    """A job and its result. Media and text are in the blob store, under the folder `blobs`."""

    __tablename__ = "transcriptions"
    # Every filter of the list together with its order, so that a page costs the same however deep it is.
    __table_args__ = (
        sa.Index("ix_transcriptions_list", "account_sid", "created_at", "id"),
        sa.Index("ix_transcriptions_status", "account_sid", "status", "created_at", "id"),
        sa.Index("ix_transcriptions_language", "account_sid", "language", "created_at", "id"),
        sa.Index("ix_transcriptions_language_status", "account_sid", "language", "status", "created_at", "id"),
        sa.Index("ix_transcriptions_source", "account_sid", "source_id", "created_at", "id"),
        # The list by length. Filters are looked at in the index, where no order of theirs is to be had.
        sa.Index(
            "ix_transcriptions_duration",
            *(
                "account_sid",
                "status",
                sa.text(f"coalesce(duration, {UNKNOWN_DURATION})"),
                "id",
                "language",
                "created_at",
                "source_id",
            ),
        ),
        # For the sweep over unfinished jobs; of millions of rows only these few are in it.
        partial_index("ix_transcriptions_unfinished", "id", where="status IN ('PENDING', 'RUNNING')"),
        # For the sweep over what is to be erased.
        *(partial_index(f"ix_transcriptions_{due}", due, where=f"{due} IS NOT NULL") for due in _DUE),
        # For telling an account when something of it goes.
        *(
            partial_index(f"ix_transcriptions_account_{due}", "account_sid", due, where=f"{due} IS NOT NULL")
            for due in _DUE
        ),
        partial_index("ix_transcriptions_failed", "id", where="status = 'FAILED'"),
        # For putting into the search index what is not there yet.
        partial_index("ix_transcriptions_unsearched", "id", where=UNSEARCHED),
        partial_index("ix_transcriptions_retry", "retry_of", where="retry_of IS NOT NULL", unique=True),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    status: Mapped[Status] = mapped_column(sa.Enum(Status, native_enum=False, length=16))
    duration: Mapped[float | None]
    """Seconds of audio, once they are known."""
    progress: Mapped[float] = mapped_column(default=0.0)
    transcribed: Mapped[float | None]
    """Seconds from the start whose sentences can be read; None until it is known where speech is."""
    error: Mapped[Failure | None] = mapped_column(SealedJson(Failure))
    notices: Mapped[list[Notice] | None] = mapped_column(JsonOf(list[Notice]))
    """What is to be known of it, as far as that is known by now."""
    conversation_id: Mapped[str | None] = mapped_column(sa.String(64))
    media_due_at: Mapped[datetime | None]
    """When its recording is to be erased, by the database's clock; known with its end. None is with the job."""
    transcript_due_at: Mapped[datetime | None]
    job_due_at: Mapped[datetime | None]
    """When all of it is to be erased; None is never."""
    media_erased_at: Mapped[datetime | None]
    transcript_erased_at: Mapped[datetime | None]
    media_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    """What its recording takes in the blob store; None where that is not counted yet."""
    media_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    """Of what was fetched, in hexadecimal; every copy must have it."""
    media_info: Mapped[InspectedMedia | None] = mapped_column(JsonOf(InspectedMedia))
    """What that is, once it was looked at."""
    result_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    """The same for its transcript, and the body of its callback."""
    is_searchable: Mapped[bool | None]
    """Whether the search index was given its sentences; None where nobody has looked, false where there are none."""
    retry_of: Mapped[str | None] = mapped_column(sa.String(64))
    """The failed job that an operator had done once more, as this one."""
    transcript_version: Mapped[int | None]
    """The latest version of its transcript; None is as it was recognised."""
    participant_names: Mapped[list[str | None] | None] = mapped_column(SealedJson(list[str | None]))
    """What its participants are called in that version; None is as they were when it was made."""
    statistics: Mapped[StatisticsResource | None] = mapped_column(JsonOf(StatisticsResource))
    """Figures of its transcript in that version, for lists, which read no transcripts."""
    sealing_key: Mapped[str | None] = mapped_column(SealedText)
    """Of a job that redacts: what its media, its chunks and its original are sealed with, encrypted. Gone with its end
    where the original is not kept, and with the key of its account where calls are sealed."""
    audio_folder: Mapped[str | None] = mapped_column(sa.String(64))
    """Where, within `blobs`, its recording is as everybody may hear it, with what is made of it; None is `blobs`."""
    original_audio: Mapped[OriginalAudio | None] = mapped_column(JsonOf(OriginalAudio))
    """What its recording was before it was redacted, where that is kept."""

    @hybrid_property
    def listed_duration(self) -> float:
        """What a list is ordered by that is ordered by length."""
        return UNKNOWN_DURATION if self.duration is None else self.duration

    @listed_duration.inplace.expression
    @classmethod
    def _listed_duration(cls) -> sa.ColumnElement[float]:
        return sa.func.coalesce(cls.duration, sa.literal_column(str(UNKNOWN_DURATION)))

    @property
    def blobs(self) -> str:
        """Folder in the blob store that holds everything of this job and nothing else."""
        return f"{self.account_sid}/{self.id}"

    @property
    def audio(self) -> str:
        """Folder in the blob store that holds its recording as everybody may hear it, and what is made of that."""
        return self.blobs if self.audio_folder is None else f"{self.blobs}/{self.audio_folder}"

    @property
    def redaction(self) -> Redaction | None:
        """What is taken out of text and audio; None where nothing is."""
        return self.resolved_configuration.redacts

    @property
    def is_withheld(self) -> bool:
        """Whether nobody may read or hear anything of it: it redacts, and has not come to that."""
        return self.redaction is not None and self.status != Status.COMPLETED

    @property
    def parties(self) -> list[Participant]:
        """Its participants, as they are called by now."""
        if self.participant_names is None:
            return self.participants
        return renamed(self.participants, self.participant_names)

    @property
    def served_by(self) -> ServedBy:
        """The engine and the model that it is to be recognised with."""
        return self.resolved_configuration.served_by


class AutomaticTranscription(Base):
    """That a recording configuration had a recording transcribed. Stays, so that it never happens a second time."""

    __tablename__ = "automatic_transcriptions"

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    source_id: Mapped[str] = mapped_column(sa.String(34), primary_key=True)
    configuration_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Chunk(Base):
    """A stretch of a recording that is recognised in one go, by whichever worker. Gone when the job has ended."""

    __tablename__ = "chunks"

    transcription_id: Mapped[str] = mapped_column(
        sa.String(64), sa.ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Position in the recording, from 0."""
    start: Mapped[float]
    end: Mapped[float]
    done: Mapped[float] = mapped_column(default=0.0)
    """Seconds of it that are recognised."""
    readable: Mapped[float] = mapped_column(default=0.0)
    """Seconds of it whose words are in the blob store."""
    finished: Mapped[bool] = mapped_column(default=False)

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.start


class ProviderRequest(Base):
    """A part of a recording that was sent to a provider of speech recognition, who is paid for it."""

    __tablename__ = "provider_requests"

    transcription_id: Mapped[str] = mapped_column(
        sa.String(64), sa.ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Position among the parts of the recording, from 0."""
    engine: Mapped[str] = mapped_column(sa.String(64))
    model: Mapped[str] = mapped_column(sa.String(255))
    seconds: Mapped[float]
    """Of audio, each time that it is sent."""
    times: Mapped[int] = mapped_column(default=1)
    """How often it was sent without the provider refusing it."""
    is_out: Mapped[bool] = mapped_column(default=True)
    """Whether nobody knows yet what came of it."""
    sent_at: Mapped[datetime] = mapped_column(default=now)


class ProviderHandle(Base):
    """By which a provider can be asked for an answer that it still owes, or be told that nobody wants it any more.

    There is no foreign key: what a deleted job has at a provider must not be forgotten with it.
    """

    __tablename__ = "provider_handles"

    transcription_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    engine: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Position among the parts of the recording, from 0."""
    model: Mapped[str] = mapped_column(sa.String(255))
    handle: Mapped[str] = mapped_column(sa.Text)
    is_wanted: Mapped[bool] = mapped_column(default=True)
    """False where another engine does the work by now."""
    withdrawn_at: Mapped[datetime | None]
    """When the provider was last told that it is not wanted."""
    is_withdrawn: Mapped[bool] = mapped_column(default=False)
    """Whether it has heard that."""


class TranscriptVersion(Base):
    """What somebody put right in a transcript at one time; the version that comes of it is its `number`, from 1."""

    __tablename__ = "transcript_versions"
    __table_args__ = (sa.Index("ix_transcript_versions_list", "transcription_id", "created_at"),)

    transcription_id: Mapped[str] = mapped_column(
        sa.String(64), sa.ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    """Later than that of the version before."""
    created_by: Mapped[str] = mapped_column(sa.String(34))
    """The SID of the account or of the API key whose credentials were sent."""
    changes: Mapped[Changes] = mapped_column(SealedJson(Changes, '{"edits": [], "participants": []}'))


class CorrectedTerm(Base):
    """A word or name that people wrote into a transcript, where the recogniser did not know it."""

    __tablename__ = "corrected_terms"
    __table_args__ = (sa.Index("ix_corrected_terms_configuration", "configuration_id", "term", "count"),)

    transcription_id: Mapped[str] = mapped_column(
        sa.String(64), sa.ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True
    )
    term: Mapped[str] = mapped_column(SealedTerm(100), primary_key=True)
    configuration_id: Mapped[str] = mapped_column(sa.String(64))
    count: Mapped[int]
    """How often it stands in the latest version where it was not recognised."""
