"""Accounts: made once, checked, rotated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from callscribe.accounts.roles import ALL
from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError, SetupError
from callscribe.migrations.runner import migrate
from callscribe.settings import Settings

SID = "AC" + "ab" * 16
TOKEN = "cd" * 16


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'callscribe.db'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, TokenCipher(Fernet.generate_key()))


def test_first_account_made_once(accounts: Accounts) -> None:
    made = accounts.ensure_first(Settings())
    assert made is not None
    assert accounts.authenticate(made.sid, made.token)
    assert accounts.ensure_first(Settings()) is None
    assert len(accounts.every()) == 1


def test_operators_account_follows_token(accounts: Accounts) -> None:
    assert accounts.ensure_first(Settings(account_sid=SID, auth_token=TOKEN)) is None
    assert accounts.authenticate(SID, TOKEN)
    changed = "ef" * 16
    accounts.ensure_first(Settings(account_sid=SID, auth_token=changed))
    assert accounts.authenticate(SID, changed)
    assert not accounts.authenticate(SID, TOKEN)
    assert accounts.token(SID) == changed


@pytest.mark.parametrize("half", [{"account_sid": SID}, {"auth_token": TOKEN}])
def test_half_an_account_is_an_error(accounts: Accounts, half: dict[str, str]) -> None:
    with pytest.raises(SetupError):
        accounts.ensure_first(Settings(**half))


def test_new_token_ends_old_one(accounts: Accounts) -> None:
    made = accounts.create("test")
    rotated = accounts.rotate(made.sid)
    assert rotated is not None
    assert accounts.authenticate(made.sid, rotated.token)
    assert not accounts.authenticate(made.sid, made.token)
    assert accounts.rotate("AC" + "0" * 32) is None


def test_token_not_in_database(accounts: Accounts, tmp_path: Path) -> None:
    made = accounts.create("test")
    for path in tmp_path.iterdir():
        assert made.token.encode() not in path.read_bytes()


def test_other_key_reads_no_tokens(accounts: Accounts, database: Database) -> None:
    made = accounts.create("test")
    with pytest.raises(SetupError, match="secret key"):
        Accounts(database, TokenCipher(Fernet.generate_key())).token(made.sid)


def test_key_file_made_once_for_owner(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    encrypted = TokenCipher.from_settings(settings).encrypt(TOKEN)
    assert TokenCipher.from_settings(settings).decrypt(encrypted) == TOKEN
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_two_tokens_are_good_and_the_first_signs(accounts: Accounts) -> None:
    first = accounts.create("shop")
    account, second = accounts.add_secondary(first.sid)
    assert account.sid == first.sid
    for token in (first.token, second):
        identity = accounts.authenticate(first.sid, token)
        assert identity is not None
        assert identity.roles == ALL
    assert accounts.authenticate(first.sid, "f" * 32) is None
    assert accounts.token(first.sid) == first.token
    with pytest.raises(RequestError) as another:
        accounts.add_secondary(first.sid)
    assert another.value.code is Code.CONFLICT
    assert accounts.promote_secondary(first.sid)[1] == second == accounts.token(first.sid)
    assert accounts.authenticate(first.sid, first.token) is None
    assert accounts.authenticate(first.sid, second) is not None


def test_second_token_ends(accounts: Accounts) -> None:
    first = accounts.create("shop")
    _, second = accounts.add_secondary(first.sid)
    accounts.delete_secondary(first.sid)
    assert accounts.authenticate(first.sid, second) is None
    for act in (accounts.delete_secondary, accounts.promote_secondary):
        with pytest.raises(RequestError) as nothing:
            act(first.sid)
        assert nothing.value.code is Code.NOT_FOUND
    _, third = accounts.add_secondary(first.sid)
    rotated = accounts.rotate(first.sid)
    assert rotated is not None
    assert accounts.authenticate(first.sid, third) is None


def test_environment_promotes_the_second_token(accounts: Accounts) -> None:
    sid = "AC" + "1" * 32
    assert accounts.ensure_first(Settings(account_sid=sid, auth_token="0" * 32)) is None
    _, second = accounts.add_secondary(sid)
    accounts.ensure_first(Settings(account_sid=sid, auth_token="0" * 32))
    assert accounts.authenticate(sid, second) is not None
    accounts.ensure_first(Settings(account_sid=sid, auth_token=second))
    assert accounts.token(sid) == second
    assert accounts.authenticate(sid, "0" * 32) is None
    accounts.add_secondary(sid)
