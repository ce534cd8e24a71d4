"""Rules for correcting transcripts: who may write what into which version.

A correction is a row, beside the transcript as it was recognised, which nothing ever changes. The search index, the
conversation that has the transcript, and the terms that are offered as keyterms follow it in the same transaction: who
is killed in it has done all of it or nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from callscribe.accounts.audit import Action, record
from callscribe.accounts.service import Identity
from callscribe.configurations.service import TranscriptionConfigurations
from callscribe.conversations.service import Conversations
from callscribe.db.base import now
from callscribe.db.engine import Database, begin_writing
from callscribe.db.paging import Page
from callscribe.errors import Code, RequestError, found
from callscribe.redaction.entities import LABEL
from callscribe.redaction.masking import renamed, retyped
from callscribe.redaction.policy import Redaction
from callscribe.search.index import Prepared
from callscribe.transcriptions import repository, version_repository
from callscribe.transcriptions.conversation_export import stored_transcript
from callscribe.transcriptions.correction_schemas import CorrectedTranscript, CorrectTranscript
from callscribe.transcriptions.documents import Changes
from callscribe.transcriptions.results import Results, check_kept, figures
from callscribe.transcriptions.searching import prepared, put
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription, TranscriptVersion
from callscribe.transcriptions.versions import Versioned, versioned
from callscribe.transcripts.corrections import terms
from callscribe.transcripts.models import Transcript
from callscribe.transcripts.wire import StatisticsResource

MOST_VERSIONS = 10_000
"""Of one transcript: all of them are read with it."""

OFTEN = 2
"""Times that a term was written until it is offered."""

MOST_SUGGESTIONS = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A correction that somebody asks for: the versions that there are, and the one that it would make."""

    row: Transcription
    versions: Sequence[TranscriptVersion]
    version: TranscriptVersion
    is_written: bool
    """Whether the same was asked for before, and done."""
    first: TranscriptVersion | None = None
    """The version that came first where this one redacts: it may be the same, which is known once it has."""


@dataclass(frozen=True, slots=True)
class Made:
    """What comes of it, ready to be written."""

    asked: Asked
    latest: Versioned
    names: list[str | None] | None
    """What the participants are called, where that changes."""
    figures: StatisticsResource
    changed: Sequence[int]
    """The indexes of sentences that are not as in the version before."""
    moved: Collection[int]
    """Those of them that somebody else said."""
    spoken: Prepared | None
    """What search has to know; None where no sentence has changed."""
    terms: dict[str, int]

    @property
    def is_new(self) -> bool:
        """Whether there is anything to be written."""
        return not self.asked.is_written and bool(self.changed or self.names)


@dataclass(eq=False)
class Corrections:
    """The corrections of every account. A request is `asked`, `made` and `written`, in this order."""

    _database: Database
    _results: Results
    _conversations: Conversations
    _configurations: TranscriptionConfigurations

    def versions(self, row: Transcription, version: int | None) -> Sequence[TranscriptVersion]:
        """What makes a version of a transcript: all up to it; up to the latest where it is None.

        Raises:
            RequestError: 20404, there is no such version; with 410 where the transcript was erased since its time was
                over.
        """
        check_kept(row, "transcript", row.transcript_erased_at)
        if version == 0 or (version is None and row.transcript_version is None):
            return ()
        with self._database.read() as session:
            versions = version_repository.versions(session, row.id, version)
        if version is not None and len(versions) < version:
            detail = f"The transcript of {row.id} has no version {version}; its latest is {len(versions)}."
            raise RequestError.at("/version", Code.NOT_FOUND, detail)
        return versions

    def page(self, account_sid: str, transcription_id: str, token: str | None, size: int) -> Page[TranscriptVersion]:
        """A page of the versions of a transcript, newest first.

        Raises:
            RequestError: 20404; with 410 where the transcript was erased since its time was over.
        """
        with self._database.read() as session:
            row = found(repository.find_of(session, account_sid, transcription_id), f"transcription {transcription_id}")
            check_kept(row, "transcript", row.transcript_erased_at)
            return version_repository.page(session, row.id, token, size)

    def suggestions(self, account_sid: str, id_or_name: str) -> Sequence[tuple[str, int, int]]:
        """What people often write into the transcripts of a configuration, and it has not among its keyterms.

        Each with how often that was, and in how many calls.

        Raises:
            RequestError: 20404, there is no such configuration.
        """
        with self._database.read() as session:
            configuration = self._configurations.find(session, account_sid, id_or_name)
            known = {term.casefold() for term in configuration.configuration.get("keyterms") or ()}
            most = MOST_SUGGESTIONS + len(known)
            found = version_repository.terms_of_configuration(session, configuration.id, OFTEN, most)
        return [each for each in found if each[0].casefold() not in known][:MOST_SUGGESTIONS]

    def asked(self, identity: Identity, transcription_id: str, request: CorrectTranscript) -> Asked:
        """Look at the job and its versions.

        The same request sent twice, since its answer was lost, is no conflict: it finds its own version.

        Raises:
            RequestError: 20404, there is no such transcription, or no transcript yet; with 410 where it was erased.
                20409, another correction came first. 20001, there is nothing in the request, or there are too many
                versions.
        """
        if not request.edits and not request.participants:
            raise RequestError.at("", Code.INVALID_PARAMETER, "Give edits, or participants, or both.")
        with self._database.read() as session:
            row = repository.find_of(session, identity.account_sid, transcription_id)
            row = found(row, f"transcription {transcription_id}")
            versions = version_repository.versions(session, row.id)
        if row.status != Status.COMPLETED:
            detail = f"Transcription {row.id} is {row.status}; only a completed transcript can be corrected."
            raise RequestError(Code.NOT_FOUND, detail)
        check_kept(row, "transcript", row.transcript_erased_at)
        changes, base = request.changes(), request.base_version
        by = identity.key_sid or identity.account_sid
        if len(versions) == base + 1:
            if row.redaction is not None:
                version = _next(row, versions[:-1], changes, by)
                return Asked(row, versions[:-1], version, is_written=False, first=versions[-1])
            if _is_same(versions[-1], changes):
                return Asked(row, versions[:-1], versions[-1], is_written=True)
        if len(versions) != base:
            raise _conflict(row, base, len(versions))
        if base >= MOST_VERSIONS:
            detail = f"The transcript of {row.id} was corrected {base} times, which is the most that one may be."
            raise RequestError.at("/baseVersion", Code.INVALID_PARAMETER, detail)
        return Asked(row, versions, _next(row, versions, changes, by), is_written=False)

    def made(self, asked: Asked) -> Made:
        """Make the version: from the blob store, outside of transactions, since it takes a while for a long call.

        Raises:
            RequestError: 20001, there is no such sentence or participant; 20404, the transcript is gone; 20409, as
                for `asked`.
        """
        row = asked.row
        original = self._results.original(row)
        _check(row, original, asked.version.changes)
        before = versioned(row, original, asked.versions)
        if row.redaction is not None:
            asked = _redacted(asked, row.redaction, before)
        latest = versioned(row, original, [*asked.versions, asked.version])
        sentences = list(zip(before.transcript.sentences, latest.transcript.sentences, strict=True))
        changed = [index for index, (one, other) in enumerate(sentences) if one != other]
        names = [each.name for each in latest.participants]
        is_renamed = names != [each.name for each in before.participants]
        return Made(
            asked,
            latest if changed or is_renamed else before,
            names=names if is_renamed else None,
            figures=figures(row, latest.transcript),
            changed=changed,
            moved={index for index in changed if sentences[index][0].participant != sentences[index][1].participant},
            spoken=prepared(row, latest.transcript) if changed else None,
            terms={term: count for term, count in terms(latest.corrected).items() if not LABEL.fullmatch(f"[{term}]")},
        )

    def written(self, made: Made) -> CorrectedTranscript:
        """Make it the latest. What changes nothing makes no version.

        Raises:
            RequestError: 20404, the transcription was deleted meanwhile; 20409, another correction came first.
        """
        asked = made.asked
        if made.is_new:
            self._write(made)
        edited = [each.sentence_index for each in asked.version.changes.edits]
        return CorrectedTranscript.of(asked.row.id, made.latest, edited)

    def _write(self, made: Made) -> None:
        row, version = made.asked.row, made.asked.version
        with self._database.write() as session:
            begin_writing(session)
            if not version_repository.hold_at(session, row.id, version.number - 1):
                known = found(repository.find(session, row.id), f"transcription {row.id}")
                check_kept(known, "transcript", known.transcript_erased_at)
                raise _conflict(row, version.number - 1, known.transcript_version or 0)
            version_repository.add(session, row, version, made.names, made.figures)
            sentences, renamed = len(version.changes.edits), len(version.changes.participants)
            detail = {"version": version.number, "sentences": sentences, "participants": renamed}
            record(session, row.account_sid, Action.TRANSCRIPT_CORRECTED, row.id, **detail)
            if made.spoken is None:
                return
            put(session, made.spoken)
            version_repository.put_terms(session, row, made.terms)
            wanted = row.resolved_configuration.conversation_configuration_id
            if row.conversation_id is not None and wanted is not None:
                stored = stored_transcript(row, made.latest.transcript)
                storing = self._conversations.storing(row.account_sid, wanted, stored)
                storing.correct(session, row.conversation_id, made.changed, made.moved)


def _redacted(asked: Asked, redaction: Redaction, before: Versioned) -> Asked:
    """The same without what is nobody's to read in what was typed, as it is found among the sentences around it."""
    row, version = asked.row, asked.version
    named = [each.name for each in version.changes.participants]
    people = [each.name for each in (*row.participants, *before.participants)]
    names = list(dict.fromkeys(filter(None, (*people, *named))))
    typed = {each.sentence_index: each.text for each in version.changes.edits if each.text is not None}
    clean = retyped(before.transcript, typed, redaction, names)
    edits = [
        each if each.text is None else each.model_copy(update={"text": clean[each.sentence_index]})
        for each in version.changes.edits
    ]
    called = [
        each if each.name is None else each.model_copy(update={"name": renamed(each.name, row.language, redaction)})
        for each in version.changes.participants
    ]
    changes = version.changes.model_copy(update={"edits": edits, "participants": called})
    if asked.first is not None:
        if not _is_same(asked.first, changes):
            raise _conflict(row, len(asked.versions), asked.first.number)
        return replace(asked, version=asked.first, is_written=True)
    return replace(asked, version=_next(row, asked.versions, changes, version.created_by))


def _is_same(version: TranscriptVersion, changes: Changes) -> bool:
    """Whether a version makes these changes."""
    # As documents: to say nothing of who said it is not to say that it was nobody.
    return version.changes.document() == changes.document()


def _next(row: Transcription, versions: Sequence[TranscriptVersion], changes: Changes, by: str) -> TranscriptVersion:
    # Lists go by the instant, and the clocks of two machines may differ.
    return TranscriptVersion(
        transcription_id=row.id,
        number=len(versions) + 1,
        created_at=max(now(), versions[-1].created_at + timedelta(microseconds=1)) if versions else now(),
        created_by=by,
        changes=changes,
    )


def _check(row: Transcription, original: Transcript, changes: Changes) -> None:
    """Raise 20001 for a sentence or a participant that there is not."""
    people, sentences = len(row.participants), len(original.sentences)
    for place, edit in enumerate(changes.edits):
        if edit.sentence_index >= sentences:
            raise _unknown(f"/edits/{place}/sentenceIndex", "sentence", edit.sentence_index, sentences)
        if edit.participant_index is not None and edit.participant_index >= people:
            raise _unknown(f"/edits/{place}/participantIndex", "participant", edit.participant_index, people)
    for place, named in enumerate(changes.participants):
        if named.participant_index >= people:
            raise _unknown(f"/participants/{place}/participantIndex", "participant", named.participant_index, people)


def _unknown(pointer: str, kind: str, index: int, count: int) -> RequestError:
    detail = f"{kind}Index: there is no {kind} {index}; they are counted from 0, and there are {count}."
    return RequestError.at(pointer, Code.INVALID_PARAMETER, detail)


def _conflict(row: Transcription, base: int, latest: int) -> RequestError:
    detail = (
        f"The transcript of {row.id} is in version {latest}, and the correction was made in version {base}. Nothing of "
        "it was taken. Fetch the transcript, and send what still holds with the version that it has."
    )
    return RequestError.at("/baseVersion", Code.CONFLICT, detail)
