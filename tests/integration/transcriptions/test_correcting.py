"""Corrections: one of two wins, all that hangs on a transcript follows in one transaction, and goes with it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.accounts import usage_repository
from callscribe.accounts.service import Identity
from callscribe.configurations.tables import Configuration
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.errors import RequestError
from callscribe.ids import new_api_key_sid, new_configuration_id
from callscribe.search import finding
from callscribe.search.finding import Narrowed
from callscribe.search.queries import Query
from callscribe.services import Services
from callscribe.settings import Settings
from callscribe.transcriptions import correcting, keys, repository
from callscribe.transcriptions.correcting import Corrections
from callscribe.transcriptions.correction_schemas import CorrectedTranscript, CorrectTranscript
from callscribe.transcriptions.documents import Participant
from callscribe.transcriptions.results import Results
from callscribe.transcriptions.retention import Sweep
from callscribe.transcriptions.searching import MakingUp
from callscribe.transcriptions.tables import CorrectedTerm, Status, Transcription, TranscriptVersion
from callscribe.transcripts.formats import Format
from callscribe.transcripts.models import TRANSCRIPT, Sentence, Transcript
from resolved import job_row

Correct = Callable[..., CorrectedTranscript]
SPOKEN = Transcript(
    9.0,
    "en-US",
    (Sentence(0, 0, 0.0, 4.0, "Good mourning.", 0.9, ()), Sentence(1, 1, 5.0, 9.0, "River side.", 0.9, ())),
    channels=2,
)
PARTIES = [
    Participant(audio_channel_index=1, type="CUSTOMER", address=None, name="Emma"),
    Participant(audio_channel_index=2, type="HUMAN_AGENT", address=None, name=None),
]


@pytest.fixture
def services(database: Database, tmp_path: Path) -> Services:
    return Services.over(database, Settings(data_dir=tmp_path))


@pytest.fixture
def results(services: Services) -> Results:
    return services.results


@pytest.fixture
def corrections(services: Services) -> Corrections:
    return services.corrections


@pytest.fixture
def ended(database: Database, account: str, services: Services) -> Callable[..., Transcription]:
    """A completed job with its transcript, which is in the search index where it says so."""

    def job(**columns: Any) -> Transcription:
        usual = {"status": Status.COMPLETED, "participants": PARTIES, "is_searchable": True, "result_bytes": 100}
        row = job_row(account, **usual | columns)
        with database.write() as session:
            session.add(row)
        services.blobs.put_document(keys.transcript(row.blobs), TRANSCRIPT.dump_json(SPOKEN))
        return row

    return job


@pytest.fixture
def correct(corrections: Corrections, account: str) -> Correct:
    def ask(row: Transcription, base: int, *edits: Any, by: str | None = None, names: Sequence[Any] = ()) -> Any:
        request = CorrectTranscript.model_validate({"baseVersion": base, "edits": edits, "participants": names})
        asked = corrections.asked(Identity(account, by), row.id, request)
        return corrections.written(corrections.made(asked))

    return ask


def said(index: int, text: str) -> dict[str, Any]:
    return {"sentenceIndex": index, "text": text}


def text(
    database: Database, corrections: Corrections, results: Results, row: Transcription, version: Any = None
) -> str:
    with database.read() as session:
        known = repository.find(session, row.id)
        assert known is not None
    return results.transcript(known, corrections.versions(known, version), Format.TXT).decode()


def found(database: Database, account: str, words: str) -> list[str]:
    with database.read() as session:
        page = finding.find(session, Query.parse(words), Narrowed(account), None, 50)
    return [hit.transcription_id for hit in page.rows]


def rows(database: Database, row: Transcription) -> list[int]:
    """How many rows of each table of corrections there are of a job."""
    tables = (TranscriptVersion, CorrectedTerm)
    with database.read() as session:
        counts = [sa.select(sa.func.count()).where(table.transcription_id == row.id) for table in tables]
        return [session.scalar(count) or 0 for count in counts]


def test_one_of_two_at_once_wins(database: Database, ended: Callable[..., Transcription], correct: Correct) -> None:
    row, barrier = ended(), Barrier(4)

    def ask(number: int) -> object:
        barrier.wait()
        try:
            return correct(row, 0, said(0, f"Good morning number {number}.")).version
        except RequestError as error:
            return error.status

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(ask, range(4)))
    assert sorted(map(str, outcomes)) == ["1", "409", "409", "409"]
    assert rows(database, row)[0] == 1


def test_each_version_can_be_read(
    database: Database,
    corrections: Corrections,
    results: Results,
    ended: Callable[..., Transcription],
    correct: Correct,
) -> None:
    row, key = ended(), new_api_key_sid()
    assert correct(row, 0, said(0, " Good   morning. ")).version == 1
    names = [{"participantIndex": 1, "name": "Daniel"}]
    answer = correct(row, 1, {"sentenceIndex": 1, "participantIndex": 0}, by=key, names=names)
    assert (answer.version, [each.name for each in answer.participants]) == (2, ["Emma", "Daniel"])
    original = "Emma: Good mourning.\nHuman Agent: River side.\n"
    assert text(database, corrections, results, row, 0) == original
    assert text(database, corrections, results, row, 1) == "Emma: Good morning.\nHuman Agent: River side.\n"
    assert text(database, corrections, results, row) == "Emma: Good morning.\nEmma: River side.\n"
    with pytest.raises(RequestError, match="its latest is 2"):
        text(database, corrections, results, row, 3)
    page = corrections.page(row.account_sid, row.id, None, 50).rows
    assert [(each.number, each.created_by) for each in page] == [(2, key), (1, row.account_sid)]
    # Who says again what stands there has not corrected it.
    again = correct(row, 2, said(0, "Good morning."), said(1, "Riverside."), by=key)
    assert [each.correction and each.correction.corrected_by for each in again.sentences] == [row.account_sid, key]
    # Undone: what was recognised stands there again, with the words that it had.
    names = [{"participantIndex": 1, "name": None}]
    back = said(1, "River side.") | {"participantIndex": 1}
    undone = correct(row, 3, said(0, "Good mourning."), back, names=names)
    assert [each.correction for each in undone.sentences] == [None, None]
    assert text(database, corrections, results, row) == original


def test_what_is_sent_twice_is_one_version(
    database: Database, ended: Callable[..., Transcription], correct: Correct
) -> None:
    row = ended()
    first = correct(row, 0, said(0, "Good morning."))
    assert correct(row, 0, said(0, "Good morning.")) == first
    assert correct(row, 1, said(0, "Good morning.")) == first  # nothing new
    with pytest.raises(RequestError, match="is in version 1"):
        correct(row, 0, {**said(0, "Good morning."), "participantIndex": None})
    assert rows(database, row)[0] == 1


def test_search_follows(
    database: Database, services: Services, account: str, ended: Callable[..., Transcription], correct: Correct
) -> None:
    row, other = ended(), ended(is_searchable=None)
    for each in (row, other):
        correct(each, 0, said(0, "Good morning."))
    assert found(database, account, "morning") == [other.id, row.id]
    correct(row, 1, said(0, "Good mourning."))
    assert found(database, account, "morning") == [other.id]
    with database.write() as session:  # as a revision does that changes what a word is
        session.execute(sa.update(Transcription).values(is_searchable=False))
        session.execute(sa.update(Transcription).where(Transcription.id == other.id).values(is_searchable=None))
    MakingUp(database, services.blobs)()
    assert found(database, account, "morning") == [other.id]


def test_all_of_it_or_nothing(
    database: Database,
    account: str,
    ended: Callable[..., Transcription],
    correct: Correct,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = ended()

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(correcting.version_repository, "put_terms", killed)
        with pytest.raises(KeyboardInterrupt):
            correct(row, 0, said(0, "Good morning."))
    assert rows(database, row) == [0, 0]
    assert found(database, account, "morning") == []
    assert correct(row, 0, said(0, "Good morning.")).version == 1


@pytest.mark.usefixtures("everything_counted")
def test_deletion_and_retention_take_all(
    database: Database,
    corrections: Corrections,
    account: str,
    tmp_path: Path,
    ended: Callable[..., Transcription],
    correct: Correct,
) -> None:
    past = now() - timedelta(minutes=1)
    deleted, due, whole = (
        ended(result_bytes=0, **at) for at in ({}, {"transcript_due_at": past}, {"job_due_at": past})
    )
    for row in (deleted, due, whole):
        correct(row, 0, said(0, "Good morning yurt."))
        assert rows(database, row) == [1, 1]
    with database.write() as session:
        assert usage_repository.stored(session, account) > 0
        repository.delete(session, account, deleted.id)
    Sweep(database, WorkQueue(), Settings(data_dir=tmp_path))()
    for row in (deleted, due, whole):
        assert rows(database, row) == [0, 0]
    with database.read() as session:
        assert usage_repository.stored(session, account) == 0
    with database.read() as session:
        erased = repository.find(session, due.id)
    assert erased is not None
    for ask in (lambda: correct(due, 1, said(0, "Good evening.")), lambda: corrections.versions(erased, 1)):
        with pytest.raises(RequestError) as refused:
            ask()
        assert refused.value.status == 410


def test_terms_written_twice_are_offered(
    database: Database, corrections: Corrections, account: str, ended: Callable[..., Transcription], correct: Correct
) -> None:
    configuration = Configuration(
        id=new_configuration_id(), account_sid=account, type="Transcription", configuration={"keyterms": ["yurt"]}
    )
    with database.write() as session:
        session.add(configuration)
    one, other, foreign = (ended(configuration_id=each) for each in [configuration.id] * 2 + [new_configuration_id()])
    for row in (one, other, foreign):
        correct(row, 0, said(1, "Riverside, yurt."))
    assert corrections.suggestions(account, configuration.id) == [("Riverside", 2, 2)]
    correct(other, 1, said(1, "River side."))
    assert corrections.suggestions(account, configuration.id) == []


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, Status.FAILED])
def test_only_what_is_completed(status: Status, ended: Callable[..., Transcription], correct: Correct) -> None:
    with pytest.raises(RequestError, match=f"is {status}; only a completed") as refused:
        correct(ended(status=status), 0, said(0, "Good morning."))
    assert refused.value.status == 404


def test_versions_have_a_limit(
    ended: Callable[..., Transcription], correct: Correct, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correcting, "MOST_VERSIONS", 1)
    row = ended()
    correct(row, 0, said(0, "Good morning."))
    with pytest.raises(RequestError, match="corrected 1 times, which is the most"):
        correct(row, 1, said(0, "Good evening."))
