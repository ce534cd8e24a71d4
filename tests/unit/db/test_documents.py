"""Columns of JSON that are read as models."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from pydantic_core import PydanticSerializationError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from callscribe.db.documents import Document, JsonOf


class Asked(Document):
    """A document within another."""

    is_enabled: bool
    most: int | None = None


class Options(Document):
    """A document."""

    language: str = "en-US"
    asked: Asked | None = None


class _Base(DeclarativeBase):
    pass


class Row(_Base):
    """A row with one, and with several."""

    __tablename__ = "rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    options: Mapped[Options] = mapped_column(JsonOf(Options))
    every: Mapped[list[Asked] | None] = mapped_column(JsonOf(list[Asked]))


@pytest.fixture
def session() -> Iterator[Session]:
    engine = sa.create_engine("sqlite://")
    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_stored_equals_made(session: Session) -> None:
    given = {"asked": {"isEnabled": True, "most": None, "unknown": [1, 2.0]}, "later": {"a": None}}
    session.add(Row(id=1, options=Options.model_validate(given), every=[Asked(is_enabled=False)]))
    session.flush()
    options, every = session.execute(sa.text("SELECT options, every FROM rows")).one()
    assert json.loads(options) == given
    assert json.loads(every) == [{"isEnabled": False}]


def test_a_row_is_read_by_attribute(session: Session) -> None:
    session.execute(sa.text("""INSERT INTO rows VALUES (1, '{"asked": {"isEnabled": true}}', NULL)"""))
    row = session.scalars(sa.select(Row)).one()
    assert (row.options.language, row.options.asked, row.every) == ("en-US", Asked(is_enabled=True), None)


def test_nothing_is_null_in_sql(session: Session) -> None:
    session.add(Row(id=1, options=Options(), every=None))
    session.flush()
    assert session.scalar(sa.text("SELECT count(*) FROM rows WHERE every IS NULL")) == 1


def test_sql_can_look_into_it(session: Session) -> None:
    session.add_all(
        Row(id=number, options=Options(asked=asked))
        for number, asked in enumerate((None, Asked(is_enabled=False), Asked(is_enabled=True)))
    )
    session.flush()
    assert session.scalars(sa.select(Row.id).where(Row.options["asked"]["isEnabled"].as_boolean())).all() == [2]


def test_bad_document_is_not_written(session: Session) -> None:
    session.add(Row(id=1, options={"language": "de-DE"}))
    with pytest.raises(sa.exc.StatementError, match="Expected `Options`") as raised:
        session.flush()
    assert isinstance(raised.value.orig, PydanticSerializationError)
