"""The audit log: with each change or not at all, soon after each read, and for as long as it is kept."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from callscribe.accounts import audit
from callscribe.accounts.actors import OPERATOR, PROGRAM, Actor, Way, acting, current
from callscribe.accounts.audit import Action, AuditLog, forget_old, record
from callscribe.accounts.audit_repository import AuditFilters
from callscribe.accounts.keys import ApiKeys
from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.accounts.tables import AuditEvent
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from callscribe.migrations.runner import migrate
from callscribe.settings import Settings
from harness import eventually

ACCOUNT = "AC" + "1" * 32
READER = Actor("SK" + "2" * 32, Way.KEY, "203.0.113.7")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'callscribe.db'}")) as database:
        migrate(database)
        yield database


@pytest.fixture
def log(database: Database) -> Iterator[AuditLog]:
    with closing(AuditLog(database)) as log:
        yield log


def actions(log: AuditLog, **filters: object) -> list[str]:
    page = log.page(ACCOUNT, AuditFilters(**filters), None, 100)  # type: ignore[arg-type]
    return [row.action for row in page.rows][::-1]


def test_actor_is_of_the_context() -> None:
    assert current() is PROGRAM
    with acting(READER):
        assert current() is READER
        with acting(OPERATOR):
            assert current() is OPERATOR
        assert current() is READER
    assert current() is PROGRAM


def test_reads_are_written_soon_without_waiting(log: AuditLog) -> None:
    with acting(READER):
        log.note(ACCOUNT, Action.TRANSCRIPT_READ, "one", version=None)
    assert actions(log) == []
    eventually(lambda: actions(log) == ["transcript.read"], timeout=20 * audit.INTERVAL)
    (row,) = log.page(ACCOUNT, AuditFilters(), None, 10).rows
    assert (row.actor, row.way, row.address, row.subject, row.detail) == (
        READER.name,
        "key",
        "203.0.113.7",
        "one",
        None,
    )


def test_what_waits_is_written_at_the_end(database: Database) -> None:
    log = AuditLog(database)
    for number in range(audit.BATCH + 1):
        log.note(ACCOUNT, Action.TRANSCRIPT_READ, str(number))
    log.close()
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == audit.BATCH + 1


def test_pieces_of_one_listening_are_one_line(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    for actor in (READER, READER, OPERATOR):
        with acting(actor):
            for _ in range(3):
                log.note(ACCOUNT, Action.MEDIA_READ, "call")
                log.note(ACCOUNT, Action.MEDIA_READ, "other")
    log.flush()
    assert len(actions(log)) == 4
    monkeypatch.setattr(audit, "ONE_LISTENING", 0.0)
    time.sleep(0.01)
    log.note(ACCOUNT, Action.MEDIA_READ, "call")
    log.flush()
    assert len(actions(log)) == 5


def test_reads_are_refused_once_they_would_be_forgotten(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST", 2)
    monkeypatch.setattr(audit, "INTERVAL", 3600.0)
    log.note(ACCOUNT, Action.TRANSCRIPT_READ, "one")
    log.note(ACCOUNT, Action.TRANSCRIPT_READ, "two")
    with pytest.raises(RequestError) as refused:
        log.note(ACCOUNT, Action.TRANSCRIPT_READ, "three")
    assert (refused.value.code, refused.value.status) == (Code.INTERNAL, 503)
    log.flush()
    log.note(ACCOUNT, Action.TRANSCRIPT_READ, "three")


def test_what_cannot_be_written_waits(log: AuditLog, database: Database) -> None:
    with database.write() as session:
        session.execute(sa.text("ALTER TABLE audit_events RENAME TO away"))
    log.note(ACCOUNT, Action.TRANSCRIPT_READ, "one")
    with pytest.raises(sa.exc.OperationalError):
        log.flush()
    with database.write() as session:
        session.execute(sa.text("ALTER TABLE away RENAME TO audit_events"))
    log.flush()
    log.flush()
    assert actions(log) == ["transcript.read"]


def test_a_change_and_its_line_are_one(database: Database, log: AuditLog) -> None:
    accounts, keys = Accounts(database, TokenCipher(Fernet.generate_key())), ApiKeys(database)
    owner = accounts.create("owner").sid
    key, _ = keys.create(owner, "shop")
    with database.write() as session:
        forbidding = (
            "CREATE TRIGGER never BEFORE INSERT ON audit_events WHEN NEW.action = 'key.revoked' "
            "BEGIN SELECT RAISE(ABORT, 'not now'); END"
        )
        session.execute(sa.text(forbidding))
    with pytest.raises(sa.exc.IntegrityError):
        keys.revoke(owner, key.sid)
    assert keys.fetch(owner, key.sid).sid == key.sid
    assert [row.action for row in log.page(owner, AuditFilters(), None, 9).rows] == ["key.created", "account.created"]


def test_what_may_not_be_read_unlogged_is_written_at_once(log: AuditLog) -> None:
    log.write(ACCOUNT, Action.ORIGINAL_READ, "one", format="srt")
    assert actions(log, subject="one") == ["original.read"]


def test_lines_are_kept_for_as_long_as_is_set(database: Database, log: AuditLog, tmp_path: Path) -> None:
    with database.write() as session:
        record(session, ACCOUNT, Action.KEY_CREATED, "old")
        record(session, ACCOUNT, Action.KEY_REVOKED, "new")
        old = sa.update(AuditEvent).where(AuditEvent.subject == "old")
        session.execute(old.values(created_at=now() - timedelta(days=11)))
    forget_old(database, Settings(data_dir=tmp_path, audit_days=None))
    assert len(actions(log)) == 2
    forget_old(database, Settings(data_dir=tmp_path, audit_days=10))
    assert actions(log) == ["key.revoked"]


@pytest.mark.parametrize("by", ["", "subject", "actor", "action", "age"])
def test_each_filter_goes_by_an_index(database: Database, by: str) -> None:
    query = sa.select(AuditEvent.id).where(AuditEvent.account_sid == ACCOUNT)
    if by == "age":
        query = sa.select(AuditEvent.id).where(AuditEvent.created_at < now())
    elif by:
        query = query.where(getattr(AuditEvent, by) == "x")
    query = query.order_by(AuditEvent.created_at.desc()).limit(10)
    compiled = query.compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}"))
    assert f"ix_audit_events_{by or 'list'}" in plan, plan
    assert "TEMP B-TREE" not in plan, plan
