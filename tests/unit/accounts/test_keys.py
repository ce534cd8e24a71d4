"""API keys: another way in, taken back alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from callscribe.accounts import service
from callscribe.accounts.keys import ApiKeys
from callscribe.accounts.roles import STANDARD
from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts, Identity
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from callscribe.migrations.runner import migrate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'callscribe.db'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, TokenCipher(Fernet.generate_key()))


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    return ApiKeys(database)


def test_a_key_opens_its_account(accounts: Accounts, keys: ApiKeys) -> None:
    owner, other = accounts.create("owner"), accounts.create("other")
    key, secret = keys.create(owner.sid, "shop")
    assert accounts.remembered(key.sid, secret) is None
    standard = Identity(owner.sid, key.sid, roles=STANDARD, is_standard=True)
    assert accounts.authenticate(key.sid, secret) == standard
    assert accounts.remembered(key.sid, secret) == standard
    assert accounts.authenticate(owner.sid, owner.token) == Identity(owner.sid)
    for sid, wrong in ((key.sid, secret[:-1]), (key.sid, owner.token), (owner.sid, secret), (other.sid, secret)):
        assert accounts.authenticate(sid, wrong) is None
        assert accounts.remembered(sid, wrong) is None


def test_a_revoked_key_opens_nothing(accounts: Accounts, keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = accounts.create("owner")
    key, secret = keys.create(owner.sid, "")
    kept, kept_secret = keys.create(owner.sid, "")
    monkeypatch.setattr(service, "MEMORY", 0.0)
    assert accounts.authenticate(key.sid, secret)
    keys.revoke(owner.sid, key.sid)
    assert accounts.authenticate(key.sid, secret) is None
    assert accounts.remembered(key.sid, secret) is None
    assert accounts.authenticate(kept.sid, kept_secret)
    assert accounts.authenticate(owner.sid, owner.token)


def test_a_new_token_ends_no_key(accounts: Accounts, keys: ApiKeys) -> None:
    owner = accounts.create("owner")
    key, secret = keys.create(owner.sid, "")
    accounts.rotate(owner.sid)
    assert accounts.authenticate(key.sid, secret)


def test_secret_not_in_database(accounts: Accounts, keys: ApiKeys, tmp_path: Path) -> None:
    _, secret = keys.create(accounts.create("owner").sid, "")
    for path in tmp_path.iterdir():
        assert secret.encode() not in path.read_bytes()


def test_keys_are_listed_by_account(accounts: Accounts, keys: ApiKeys) -> None:
    owner, other = accounts.create("owner").sid, accounts.create("other").sid
    made = [keys.create(owner, name)[0].sid for name in ("first", "second", "third")]
    theirs = keys.create(other, "theirs")[0].sid
    assert [key.sid for key in keys.every(owner)] == made
    assert {key.sid for key in keys.every()} == {*made, theirs}
    page = keys.page(owner, None, 2)
    assert [key.friendly_name for key in page.rows] == ["third", "second"]
    assert [key.friendly_name for key in keys.page(owner, page.next_token, 2).rows] == ["first"]


def test_key_managed_in_own_account_only(accounts: Accounts, keys: ApiKeys) -> None:
    owner, other = accounts.create("owner").sid, accounts.create("other").sid
    key, _ = keys.create(owner, "before")
    attempts = (
        lambda: keys.fetch(other, key.sid),
        lambda: keys.rename(other, key.sid, "taken"),
        lambda: keys.revoke(other, key.sid),
        lambda: keys.create("AC" + "0" * 32, ""),
    )
    for attempt in attempts:
        with pytest.raises(RequestError) as refused:
            attempt()
        assert refused.value.code is Code.NOT_FOUND
    assert keys.rename(owner, key.sid, "after").friendly_name == "after"
    assert keys.fetch(owner, key.sid).updated_at > key.created_at
    keys.revoke(None, key.sid)
    assert keys.every() == []
