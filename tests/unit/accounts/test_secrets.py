"""Where the key comes from that auth tokens are encrypted with."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from callscribe.accounts.secrets import TokenCipher
from callscribe.errors import SetupError
from callscribe.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef"
POSTGRESQL = "postgresql://db.example.com/callscribe"


def _machine(folder: Path, blobs: Path, **settings: str) -> Settings:
    """The settings of a process on a machine of its own, which has a database and a blob store with the others."""
    folder.mkdir(exist_ok=True)
    return Settings(data_dir=folder, database_url=POSTGRESQL, blobs_url=blobs.as_uri(), **settings)  # type: ignore[arg-type]


def test_machines_with_one_database_and_one_blob_store_have_one_key(tmp_path: Path) -> None:
    first = TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs"))
    second = TokenCipher.from_settings(_machine(tmp_path / "b", tmp_path / "blobs"))

    assert second.decrypt(first.encrypt(TOKEN)) == TOKEN
    assert not (tmp_path / "a/secret.key").exists()


def test_machines_that_start_together_agree_on_a_key(tmp_path: Path) -> None:
    machines = [_machine(tmp_path / str(number), tmp_path / "blobs") for number in range(8)]

    with ThreadPoolExecutor(len(machines)) as pool:
        first, *others = pool.map(TokenCipher.from_settings, machines)

    assert all(other.decrypt(first.encrypt(TOKEN)) == TOKEN for other in others)


def test_a_key_that_is_in_the_data_folder_stays_the_key(tmp_path: Path) -> None:
    alone = Settings(data_dir=tmp_path)
    encrypted = TokenCipher.from_settings(alone).encrypt(TOKEN)

    assert TokenCipher.from_settings(_machine(tmp_path, tmp_path / "blobs")).decrypt(encrypted) == TOKEN


def test_a_key_that_is_given_comes_before_all_others(tmp_path: Path) -> None:
    shared = TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs"))
    key = Fernet.generate_key().decode()

    given = TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs", secret_key=key))

    with pytest.raises(SetupError, match="the secret key changed"):
        given.decrypt(shared.encrypt(TOKEN))


def test_one_machine_keeps_its_key_in_its_folder(tmp_path: Path) -> None:
    cipher = TokenCipher.from_settings(Settings(data_dir=tmp_path))

    assert TokenCipher(tmp_path.joinpath("secret.key").read_bytes()).decrypt(cipher.encrypt(TOKEN)) == TOKEN
