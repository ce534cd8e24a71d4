"""Which recording configuration applies to an account."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.configurations.schemas import RecordingAccountDefaultRequest, RecordingConfigurationRequest
from callscribe.configurations.service import RecordingConfigurations, recording_configuration
from callscribe.db.engine import Database
from callscribe.migrations.runner import migrate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'callscribe.db'}")
    migrate(database)
    yield database
    database.close()


def _track(database: Database, account_sid: str) -> str | None:
    with database.read() as session:
        options = recording_configuration(session, account_sid)
    return options.composition_policy.track if options and options.composition_policy else None


def test_default_beats_account_options(database: Database) -> None:
    accounts = Accounts(database, TokenCipher(Fernet.generate_key()))
    account, other = accounts.create("one").sid, accounts.create("other").sid
    recordings = RecordingConfigurations(database)
    assert _track(database, account) is None
    own = {"configuration": {"compositionPolicy": {"track": "both"}}}
    recordings.create_account_default(account, RecordingAccountDefaultRequest.model_validate(own))
    assert _track(database, account) == "both"
    named = {"configuration": {"compositionPolicy": {"track": "inbound"}}}
    row = recordings.create(account, RecordingConfigurationRequest.model_validate(named))
    assert _track(database, account) == "both"
    recordings.set_default(account, row.id)
    assert _track(database, account) == "inbound"
    assert _track(database, other) is None
    recordings.delete(account, row.id)
    assert _track(database, account) == "both"
