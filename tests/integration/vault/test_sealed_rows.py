"""What was said lies sealed in rows, on both databases, and is read, found and counted all the same; or later on."""

import base64
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import servers
from callscribe.db import sealed
from callscribe.db.engine import Database
from callscribe.errors import KeyUnknown, SealBroken
from callscribe.media.blobs import BlobStore
from callscribe.preparation import prepare
from callscribe.recordings import repository as recordings
from callscribe.recordings.tables import Call
from callscribe.sealing import new_key
from callscribe.search import finding
from callscribe.search.queries import Query
from callscribe.settings import Settings
from callscribe.system.resealing import Progress, Resealing
from callscribe.transcriptions import repository, version_repository
from callscribe.transcriptions.documents import Participant
from callscribe.transcriptions.searching import prepared, put
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import Sentence, Transcript
from callscribe.vault.account_keys import AccountKeys
from callscribe.vault.opening import account_keys
from resolved import job_row

TITLE, NAME, NUMBER = "A broken tent", "Emmeline", "+15550142"
SAID = "Where is my sleeping bag?"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Of a database of this file's own: others cannot read what is sealed here."""
    if request.param == "sqlite":
        yield None
        return
    with servers.postgresql() as server:
        yield server.url


@pytest.fixture
def settings(url: str | None, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path, database_url=url, encryption="account", master_key=base64.b64encode(new_key()).decode()
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    plain = settings.model_copy(update={"encryption": "none", "master_key": None})
    database, _ = prepare(plain, migrating=True)
    with closing(database):
        yield database


@pytest.fixture
def keys(settings: Settings) -> AccountKeys:
    keys = account_keys(settings)
    assert keys is not None
    return keys


def job(database: Database, account: str) -> Transcription:
    """A job with all that can be sealed, in the ways in which the program writes it."""
    people = [Participant(audio_channel_index=1, name=NAME, address=NUMBER)]
    at = datetime.now(UTC)
    columns = {"status": Status.COMPLETED, "language": "en-US", "progress": 1.0, "created_at": at, "updated_at": at}
    row = job_row(account_sid=account, title=TITLE, participants=people, **columns)
    transcript = Transcript(4.0, "en-US", (Sentence(0, 0, 0.0, 4.0, SAID, 0.9, ()),))
    with database.write() as session:
        repository.add(session, row)
    with database.write() as session:
        put(session, prepared(row, transcript))
        version_repository.put_terms(session, row, {"Zarathustra": 2})
        session.add(
            Call(account_sid=account, sid="CA" + row.id[-32:], from_=NUMBER, to="+15550143", status="completed")
        )
    return row


def raw(database: Database, account: str) -> str:
    """All that lies in the tables of an account, as text."""
    found = []
    with database.engine.connect() as connection:
        for table in ("transcriptions", "search_documents", "calls"):
            query = sa.text(f"SELECT * FROM {table} WHERE account_sid = :sid")
            found += [str(list(row)) for row in connection.execute(query, {"sid": account})]
        query = sa.text(
            "SELECT corrected_terms.* FROM corrected_terms JOIN transcriptions ON transcription_id = id "
            "WHERE account_sid = :sid"
        )
        found += [str(list(row)) for row in connection.execute(query, {"sid": account})]
    return "\n".join(found)


def reads(database: Database, account: str, row: Transcription) -> None:
    with database.read() as session:
        found = repository.find(session, row.id)
        assert found is not None
        assert (found.title, found.participants[0].name, found.participants[0].address) == (TITLE, NAME, NUMBER)
        query = Query.parse("sleeping bags")
        hits = finding.find(session, query, finding.Narrowed(account), None, 10).rows
        assert [hit.transcription_id for hit in hits] == [row.id]
        assert hits[0].matches[0].text == SAID
        calls = recordings.page_calls(session, account, recordings.CallFilters(from_=NUMBER), None, 10).rows
        assert [call.from_ for call in calls] == [NUMBER]
        terms = version_repository.terms_of_configuration(session, row.configuration_id, 1, 10)
        assert terms == [("Zarathustra", 2, 1)]


SECRETS = (TITLE, NAME, NUMBER, "Zarathustra", "sleeping")


def test_rows_are_sealed_and_read(database: Database, keys: AccountKeys, account: str) -> None:
    sealed.use_vault(database, keys)
    row = job(database, account)
    assert not [each for each in SECRETS if each in raw(database, account)]
    reads(database, account, row)
    with database.write() as session:
        found = session.get_one(Call, (account, "CA" + row.id[-32:]))
        found.to = "+15550199"
        session.flush()
        assert found.to == "+15550199"
    assert "+15550199" not in raw(database, account)


def test_a_value_of_nobody_is_refused(database: Database, keys: AccountKeys, account: str) -> None:
    sealed.use_vault(database, keys)
    row = job(database, account)
    with pytest.raises(sa.exc.StatementError, match="whose a value is"), database.write() as session:
        session.execute(sa.update(Transcription).where(Transcription.id == row.id).values(title="in plain"))


def test_a_changed_value_is_found(database: Database, keys: AccountKeys, account: str) -> None:
    sealed.use_vault(database, keys)
    row = job(database, account)
    with database.write() as session:
        column = sa.type_coerce(Transcription.title, sa.Text)
        title = session.scalar(sa.select(column).where(Transcription.id == row.id))
        assert title is not None
        changed = title[:-6] + ("A" if title[-6] != "A" else "B") + title[-5:]
        values = {"title": changed, "id": row.id}
        session.execute(sa.text("UPDATE transcriptions SET title = :title WHERE id = :id"), values)
    with pytest.raises(SealBroken), database.read() as session:
        repository.find(session, row.id)


def test_without_keys_nothing_is_read_as_if_it_were_plain(
    database: Database, keys: AccountKeys, account: str, settings: Settings, tmp_path: Path
) -> None:
    sealed.use_vault(database, keys)
    row = job(database, account)
    other = account_keys(settings.model_copy(update={"keys_url": (tmp_path / "others").as_uri()}))
    assert other is not None
    sealed.use_vault(database, other)
    with pytest.raises(KeyUnknown), database.read() as session:
        repository.find(session, row.id)


def test_erased_is_empty(database: Database, keys: AccountKeys, account: str) -> None:
    sealed.use_vault(database, keys)
    row = job(database, account)
    keys.erase(account)
    with database.read() as session:
        found = repository.find(session, row.id)
        assert found is not None
        assert (found.title, found.participants, found.status) == (None, [], Status.COMPLETED)
        narrowed = finding.Narrowed(account)
        assert finding.find(session, Query.parse("sleeping"), narrowed, None, 10).rows == []


class Killed(BaseException):
    """As the process would be."""


def test_sealed_later_killed_at_any_moment(
    database: Database, keys: AccountKeys, account: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callscribe.system.resealing.BATCH", 1)
    rows = [job(database, account) for _ in range(1)]
    plain = BlobStore(settings.blobs)
    names = [f"{account}/{rows[0].id}/media", f"{account}/{rows[0].id}/transcript.json", f"{account}/other"]
    for name in names:
        plain.put_bytes(name, SAID.encode())
    assert [each for each in SECRETS if each in raw(database, account)]
    sealed.use_vault(database, keys)
    blobs = BlobStore(settings.blobs, seals=keys)
    monkeypatch.setattr(Resealing, "settle", lambda *_: None)
    for last in range(60):
        told: list[Any] = []

        def tell(progress: Progress, last: int = last, told: list[Any] = told) -> None:
            told.append(progress)
            if len(told) > last:
                raise Killed

        reads(database, account, rows[0])
        try:
            Resealing(database, blobs, keys, settings, tell).run(account)
        except Killed:
            continue
        break
    else:
        pytest.fail("it came to no end")
    assert last > 5
    reads(database, account, rows[0])
    assert not [each for each in SECRETS if each in raw(database, account)]
    assert [blobs.get_bytes(name) for name in names] == [SAID.encode()] * 3
    assert not any(SAID.encode() in plain.get_bytes(name) for name in names)
    done = Resealing(database, blobs, keys, settings).run(account)
    assert (done.rows_changed, done.blobs_changed) == (0, 0)

    keys.rotate(account)
    done = Resealing(database, blobs, keys, settings).run(account)
    assert done.blobs_changed == 3
    assert done.rows_changed >= 4
    reads(database, account, rows[0])
    with pytest.raises(ValueError, match="a day old"):
        Resealing(database, blobs, keys, settings).drop_old_keys(account)
    monkeypatch.setattr("callscribe.system.resealing.SETTLED", datetime.now(UTC) - datetime.now(UTC))
    assert Resealing(database, blobs, keys, settings).drop_old_keys(account) == 1
    reads(database, account, rows[0])

    off = account_keys(settings.model_copy(update={"encryption": "none"}))
    assert off is not None
    sealed.use_vault(database, off)
    done = Resealing(database, BlobStore(settings.blobs, seals=off), off, settings).run(account)
    assert done.blobs_changed == 3
    assert [plain.get_bytes(name) for name in names] == [SAID.encode()] * 3
    assert NUMBER in raw(database, account)
    reads(database, account, rows[0])


def test_all_tables_are_gone_through() -> None:
    """Also by a process that has loaded nothing else."""
    import subprocess  # noqa: PLC0415  for this test alone
    import sys  # noqa: PLC0415

    script = (
        "import callscribe.system.resealing, pkgutil, importlib\n"
        "from callscribe.db.base import Base\nfrom callscribe.db.sealed import raw_columns\n"
        "names = lambda: {m.class_.__name__ for m in Base.registry.mappers if raw_columns(m)}\n"
        "known = names()\n"
        "import callscribe\n"
        "for each in pkgutil.walk_packages(callscribe.__path__, 'callscribe.'):\n"
        "    if each.name.endswith('tables'): importlib.import_module(each.name)\n"
        "assert known == names(), names() - known\nassert len(known) >= 8, known"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
