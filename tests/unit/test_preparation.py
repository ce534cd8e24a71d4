"""What a process makes sure of before it works: the schema, the first account, the key."""

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.cli import app
from callscribe.cli.options import load_settings
from callscribe.errors import SetupError
from callscribe.preparation import join, opened, prepare
from callscribe.settings import Settings


def test_sqlite_migrates_unless_checking(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with pytest.raises(SetupError, match="callscribe migrate"):
        prepare(settings, migrating=False)
    database, credentials = prepare(settings)
    with closing(database):
        assert credentials is not None
    database, credentials = prepare(settings, migrating=False)
    with closing(database):
        assert credentials is None


def test_prices_are_read_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_PRICES: 'cheap' is no price"):
        prepare(Settings(data_dir=tmp_path / "data", prices="cheap"))
    assert not (tmp_path / "data").exists()


def test_no_fleet_start_with_own_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    first = Settings(data_dir=tmp_path / "first", database_url=url)
    second = Settings(data_dir=tmp_path / "second", database_url=url)
    prepare(first)[0].close()
    with pytest.raises(SetupError, match="same CALLSCRIBE_SECRET_KEY"):
        join(second)

    join(first)[0].close()
    with opened(second) as database, closing(database):  # the key is lost: as `callscribe accounts rotate` does
        accounts = Accounts(database, TokenCipher.from_settings(second))
        [account] = accounts.every()
        assert accounts.rotate(account.sid)
    join(second)[0].close()


def test_no_key_is_made_beside_accounts(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    run = CliRunner().invoke
    sids = [re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "create", *data]).output)[-1] for _ in range(2)]
    key = tmp_path / "secret.key"
    key.unlink()

    started = subprocess.run(
        [sys.executable, "-m", "callscribe", "serve", *data, "--port", "0"], capture_output=True, text=True, check=False
    )
    assert started.returncode == 2
    [line] = started.stderr.splitlines()
    assert str(key) in line
    assert "callscribe accounts rotate SID --key-lost" in line
    assert all(sid in run(app, ["accounts", "list", *data]).output for sid in sids)
    assert not key.exists()

    for sid in [each.sid for each in _accounts(tmp_path).every()]:
        with pytest.raises(SetupError, match="--key-lost"):
            join(Settings(data_dir=tmp_path))
        assert run(app, ["accounts", "rotate", sid, "--key-lost", *data]).exit_code == 0
    join(Settings(data_dir=tmp_path))[0].close()


def _accounts(data: Path) -> Accounts:
    settings = Settings(data_dir=data)
    return Accounts.of(prepare(settings)[0], settings)


def test_no_token_under_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", f"sqlite:///{tmp_path / 'shared.db'}")
    run = CliRunner().invoke
    sids = re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "create", "--data", str(tmp_path / "a")]).output)
    other = ["--data", str(tmp_path / "b")]

    for command in (["create"], ["rotate", sids[0]]):
        refused = run(app, ["accounts", *command, *other])
        assert isinstance(refused.exception, SetupError)
        assert "--key-lost" in str(refused.exception)
    for sid in sids:
        assert sid in run(app, ["accounts", "rotate", sid, "--key-lost", *other]).output
    assert run(app, ["accounts", "create", *other]).exit_code == 0


def test_wrong_value_of_list_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"^CALLSCRIBE_WORKER_QUEUES: 'foo': Input should be") as refusal:
        load_settings(tmp_path, worker_queues=("fetch", "foo"))
    assert "_1" not in str(refusal.value)

    with pytest.raises(SetupError, match=r"^CALLSCRIBE_THREADS: Input should be"):
        load_settings(tmp_path, threads=-1)


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["worker"], ["jobs", "list"]])
def test_a_damaged_database_ends_a_command_with_one_line(tmp_path: Path, command: list[str]) -> None:
    prepare(Settings(data_dir=tmp_path))[0].close()
    file = tmp_path / "callscribe.db"
    file.write_bytes(file.read_bytes()[:100] + bytes(3996) + b"x" * 50_000)
    arguments = [sys.executable, "-m", "callscribe", *command, "--data", str(tmp_path)]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 2, ended.stderr
    assert [line for line in ended.stderr.splitlines() if "is damaged" in line]
    assert "Traceback" not in ended.stderr


def test_silent_database_hides_password(tmp_path: Path) -> None:
    url = "postgresql://callscribe:verysecret@127.0.0.1:1/callscribe"
    with pytest.raises(SetupError, match=r"callscribe:\*\*\*@127\.0\.0\.1:1.*does not answer") as caught:
        prepare(Settings(data_dir=tmp_path / "data", database_url=url))
    assert "verysecret" not in str(caught.value)


@pytest.mark.parametrize("store", ["s3://calls", "s3://calls/all", "https://calls.s3.eu-west-1.amazonaws.com"])
def test_media_do_not_come_from_the_blob_stores_own_bucket(tmp_path: Path, store: str) -> None:
    with pytest.raises(SetupError, match=r"^CALLSCRIBE_MEDIA_ALLOW: .*s3://calls is the bucket of CALL"):
        load_settings(tmp_path, blobs_url=store, media_allow="s3://other,s3://calls")
    assert load_settings(tmp_path, blobs_url=store, media_allow="s3://other,s3://all").media_allow[1] == "s3://all"
