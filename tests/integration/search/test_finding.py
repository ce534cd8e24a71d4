"""Calls are found by what was said in them, newest first, the same on both databases."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.accounts.tables import Account
from callscribe.db.engine import Database
from callscribe.errors import RequestError
from callscribe.ids import new_account_sid
from callscribe.search import finding, index, matching
from callscribe.services import Services
from callscribe.settings import Settings
from callscribe.transcriptions import repository
from callscribe.transcriptions.repository import Filters
from callscribe.transcriptions.searching import prepared, put
from callscribe.transcriptions.service import Transcriptions
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import Sentence, Transcript
from resolved import job_row

BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
Say = Callable[..., Transcription]


@pytest.fixture
def transcriptions(database: Database, tmp_path: Path) -> Iterator[Transcriptions]:
    with closing(Services.over(database, Settings(data_dir=tmp_path)).transcriptions) as service:
        yield service


@pytest.fixture
def say(database: Database, account: str) -> Say:
    """A call in which these sentences are said; each is a minute later than the one before."""
    made: list[str] = []

    def call(*sentences: str, spoken: str = "en-US", **columns: Any) -> Transcription:
        usual = {"status": Status.COMPLETED, "created_at": BEGIN + timedelta(minutes=len(made)), "language": "en-US"}
        row = job_row(**{"account_sid": account} | usual | columns)
        made.append(row.id)
        with database.write() as session:
            session.add(row)
            session.flush()
            put(session, prepared(row, transcript(*sentences, spoken=spoken)))
        return row

    return call


def transcript(*sentences: str, spoken: str = "en-US") -> Transcript:
    said = [Sentence(at % 2, at % 2, 5.0 * at, 5.0 * at + 4, text, 0.9, ()) for at, text in enumerate(sentences)]
    return Transcript(5.0 * len(said), spoken, tuple(said))


def ids(transcriptions: Transcriptions, account: str, text: str, **filters: Any) -> list[str]:
    page = transcriptions.search(account, text, Filters(**filters), None, 50)
    return [row.id for row, _ in page.rows]


def test_all_words_in_any_form_anywhere(transcriptions: Transcriptions, account: str, say: Say) -> None:
    both = say("I want a REFUND.", "We send invoices to the Café on Müllerstraße, and so on.")
    one = say("Your refunds were sent, not the bill.")
    expected = {
        "refunded": [one, both],
        "refund invoice": [both],
        "CAFE mullerstrasse": [both],
        '"a refund"': [both],
        '"refund send"': [],  # in two sentences
        "ref*": [one, both],
        "muller* inv*": [both],
        "refund -- ; DROP TABLE": [],
        "bil": [],
        "?!": [],
    }
    for text, rows in expected.items():
        assert ids(transcriptions, account, text) == [row.id for row in rows], text


LETTERS = "abcdefghijklmnopq"
MANY = {
    "words": " ".join(f"{one}{other}" for one in LETTERS for other in LETTERS)[:500],
    "beginnings": " ".join(f"{one}{other}xyz*" for one in LETTERS for other in LETTERS)[:500],
    "phrase": '"' + "ab " * 160,
}


@pytest.mark.parametrize(
    "text", ['"', "'", "\\", "a & | !", ":*", "NEAR(", '"a" AND (', "{x}: ^y", "😉", "ﬀ" * 300, *MANY.values()]
)
def test_no_text_is_an_error(transcriptions: Transcriptions, account: str, say: Say, text: str) -> None:
    say("Good morning.")
    assert ids(transcriptions, account, text) == []


def test_each_language_by_its_own_rules(transcriptions: Transcriptions, account: str, say: Say) -> None:
    german = say("Die Verträge sind da.", spoken="de-DE")
    polish = say("Gdzie są faktury?", spoken="pl-PL")
    other = say("Vertrage", spoken="fi")
    assert ids(transcriptions, account, "vertrag") == [german.id]
    assert ids(transcriptions, account, "fakturę") == [polish.id]
    assert ids(transcriptions, account, "VERTRAGE") == [other.id, german.id]
    assert ids(transcriptions, account, "dying") == []


def test_best_matches_shown_all_counted(transcriptions: Transcriptions, account: str, say: Say) -> None:
    say(*["An order."] * 7, "Nothing.", "The number of my order.")
    [(_, hit)] = transcriptions.search(account, "order number", Filters(), None, 50).rows
    assert [match.index for match in hit.matches] == [0, 1, 2, 3, 8]
    assert hit.count == 8
    last = hit.matches[-1]
    assert [last.text[start:end] for start, end in last.ranges] == ["number", "order"]
    assert (last.channel, last.start) == (0, 40.0)


def walk(transcriptions: Transcriptions, account: str, text: str, size: int) -> list[list[str]]:
    """The pages from first to last, each of which must come again on the way back."""
    pages: list[list[str]] = []
    token, before = None, None
    while True:
        page = transcriptions.search(account, text, Filters(), token, size)
        pages.append([row.id for row, _ in page.rows])
        if before is not None:
            back = transcriptions.search(account, text, Filters(), page.previous_token, size)
            assert [row.id for row, _ in back.rows] == pages[-2]
        if page.next_token is None:
            return pages
        token, before = page.next_token, page


@pytest.mark.parametrize("nearest", [matching.NEWEST, 2])
def test_pages_newest_first_both_ways(
    transcriptions: Transcriptions, account: str, say: Say, monkeypatch: pytest.MonkeyPatch, nearest: int
) -> None:
    monkeypatch.setattr(matching, "NEWEST", nearest)
    rows = [say("Good morning." if number % 3 else "Nothing.") for number in range(12)]
    expected = [row.id for number, row in enumerate(rows) if number % 3][::-1]
    assert walk(transcriptions, account, "morning", 3) == [expected[:3], expected[3:6], expected[6:]]
    with pytest.raises(RequestError, match="pageToken"):
        transcriptions.search(account, "morning", Filters(), "<", 3)


def test_calls_of_one_instant_all_found(transcriptions: Transcriptions, account: str, say: Say) -> None:
    rows = {say("Good morning.", created_at=BEGIN).id for _ in range(5)}
    pages = walk(transcriptions, account, "morning", 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {each for page in pages for each in page} == rows


def test_much_text_makes_short_pages(
    transcriptions: Transcriptions, account: str, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_TEXT", 20)
    phrase = say("Good morning to you.")
    for _ in range(3):
        say("Morning. What is good, is good.")
    pages = []
    token = None
    while not pages or token:
        page = transcriptions.search(account, '"good morning"', Filters(), token, 50)
        pages.append([row.id for row, _ in page.rows])
        token = page.next_token
    assert pages == [[], [], [], [phrase.id]]


def test_filters_of_the_list_hold(transcriptions: Transcriptions, account: str, say: Say) -> None:
    source = "RE" + "0a" * 16
    first, second, third = say("Morning.", language="de-DE"), say("Morning.", source_id=source), say("Morning.")
    for filters, rows in (
        ({"language": "de-DE"}, [first]),
        ({"language": "de-de"}, []),
        ({"source_id": source}, [second]),
        ({"status": Status.COMPLETED}, [third, second, first]),
        ({"status": Status.FAILED}, []),
        ({"created_after": second.created_at}, [third, second]),
        ({"created_before": second.created_at}, [first]),
        ({"created_after": first.created_at, "created_before": third.created_at}, [second, first]),
    ):
        assert ids(transcriptions, account, "morning", **filters) == [row.id for row in rows], filters


def test_others_words_are_not_found(
    database: Database, transcriptions: Transcriptions, account: str, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = new_account_sid()
    with database.write() as session:
        session.add(Account(sid=stranger, name="test", token_hash="", token_encrypted=""))
    own = say("Good morning.")
    say("Good morning.", account_sid=stranger)
    assert ids(transcriptions, account, "morning") == [own.id]
    assert len(ids(transcriptions, stranger, "mor*")) == 1
    # Even if the two had the same terms in the index.
    monkeypatch.setattr("callscribe.search.terms._account", lambda _: "samesame")
    own = say("Pineapple.")
    say("Pineapple.", account_sid=stranger)
    assert ids(transcriptions, account, "pineapple") == [own.id]


def test_replaced_text_alone_is_found(
    database: Database, transcriptions: Transcriptions, account: str, say: Say
) -> None:
    row = say("Good morning.", "Bye.")
    for _ in range(2):
        with database.write() as session:
            put(session, prepared(row, transcript("Good evening.", "Bye.")))
    assert ids(transcriptions, account, "morning") == []
    assert ids(transcriptions, account, "evening") == [row.id]
    with database.write() as session:
        index.remove(session, [row.id])
        index.remove(session, [row.id])
    assert ids(transcriptions, account, "evening") == []


def test_found_rows_are_read_by_their_ids(database: Database, account: str, say: Say) -> None:
    row = say("Good morning.")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as session:
        assert list(repository.searched(session, account, Filters(language="en-US"), [row.id])) == [row.id]
    sa.event.remove(database.engine, "before_cursor_execute", note)
    (statement, parameters), *_ = [each for each in asked if "FROM transcriptions" in each[0]]
    with database.engine.begin() as connection:
        if not database.is_sqlite:  # so few rows it would rather read as a whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        prefix = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = " ".join(str(each[-1]) for each in connection.exec_driver_sql(prefix + statement, parameters))
    assert ("(id=?)" if database.is_sqlite else "transcriptions_pkey") in plan, plan
