"""The database's clock, as each database writes it."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from callscribe.db.clock import days_ago, epoch, fixed, instant, milliseconds
from callscribe.db.engine import Database

CLOSE = timedelta(seconds=30)


def test_expressions_count_from_now(database: Database) -> None:
    day = timedelta(days=1)
    query = sa.select(
        instant(),
        fixed(instant(-day)),
        instant(timedelta(days=30_000)),
        instant(timedelta(milliseconds=1)) > instant(-timedelta(milliseconds=1)),
        days_ago(sa.literal(1.5, sa.Double())),
        days_ago(sa.null()),
        epoch(),
        milliseconds(),
    )
    with database.read() as session:
        at, yesterday, far, rises, half, never, seconds, thousandths = session.execute(query).one()
    now = datetime.now(UTC)
    assert abs(now - at) < CLOSE
    assert abs(now - day - yesterday) < CLOSE
    assert abs(now + 30_000 * day - far) < CLOSE
    assert rises
    assert abs(now - 1.5 * day - half) < CLOSE
    assert never is None
    assert seconds == pytest.approx(now.timestamp(), abs=30)
    assert thousandths == pytest.approx(now.timestamp() * 1000, abs=30_000)
