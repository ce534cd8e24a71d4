"""Lists are read by index and in the order of the index, so that no page costs more than the first; N+1 free."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.conversations import configuration_repository, repository
from callscribe.conversations.schemas import ConversationRequest
from callscribe.conversations.service import Conversations
from callscribe.conversations.tables import ConversationStatus
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.db.paging import Position
from integration.conversations.conftest import Configure

ONE = [ConversationStatus.CLOSED]
LISTS: dict[str, Callable[[sa.orm.Session, str | None], object]] = {
    "conversations": lambda session, token: repository.page(session, "AC0", [], None, token, 50),
    "conversations by status": lambda session, token: repository.page(session, "AC0", ONE, None, token, 50),
    "participants": lambda session, token: repository.participants_page(session, "conv_0", token, 50),
    "communications": lambda session, token: repository.communications_page(session, "conv_0", None, token, 50),
    "communications by channel": lambda session, token: repository.communications_page(
        session, "conv_0", "CA0", token, 50
    ),
    "configurations": lambda session, token: configuration_repository.page(session, "AC0", None, token, 50),
    "configurations by store": lambda session, token: configuration_repository.page(session, "AC0", "m", token, 50),
}


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What the database is asked while the block runs."""
    found: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        found.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "token",
    [None, Position(now(), "x").token, Position(now(), "x", backward=True).token],
    ids=["first", "next", "previous"],
)
@pytest.mark.parametrize("name", LISTS)
def test_page_read_from_index(database: Database, name: str, token: str | None) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by statistics, and reads a small table whole")
    with statements(database) as asked, database.read() as session:
        LISTS[name](session, token)
    ((statement, parameters),) = asked
    with database.engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert len(plan) == 1, plan
    assert plan[0].startswith("SEARCH"), plan
    assert "USING INDEX ix_conversation" in plan[0]


def test_page_asks_as_often_as_one(
    database: Database, conversations: Conversations, account: str, configure: Configure
) -> None:
    configuration = configure()
    for number in range(12):
        someone = {"type": "CUSTOMER", "addresses": [{"channel": "VOICE", "address": f"+1555{number}"}]}
        body = {"configurationId": configuration, "participants": [someone]}
        conversations.create(None, account, ConversationRequest.model_validate(body))
    with statements(database) as one:
        conversations.page(account, [], None, None, 1)
    with statements(database) as many:
        page = conversations.page(account, [], None, None, 12)
    assert [len(each.participants) for each in page.rows] == [1] * 12
    assert len(many) == len(one)
