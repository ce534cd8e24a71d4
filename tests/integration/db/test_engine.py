"""What the database's errors tell."""

import pytest
import sqlalchemy as sa

from callscribe.accounts.tables import Account
from callscribe.db.engine import Database


def test_an_error_tells_nothing_of_what_was_to_be_written(database: Database, account: str) -> None:
    with pytest.raises(sa.exc.IntegrityError) as failed, database.write() as session:
        session.add(Account(sid=account, name="a secret name", token_hash="", token_encrypted="a secret token"))
    assert "INSERT INTO accounts" in str(failed.value)
    assert "secret" not in str(failed.value)
