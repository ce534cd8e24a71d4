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


def test_shared_storage_shares_key(tmp_path: Path) -> None:
    first = TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs"))
    second = TokenCipher.from_settings(_machine(tmp_path / "b", tmp_path / "blobs"))

    assert second.decrypt(first.encrypt(TOKEN)) == TOKEN
    assert not (tmp_path / "a/secret.key").exists()


def test_simultaneous_starts_agree_on_key(tmp_path: Path) -> None:
    machines = [_machine(tmp_path / str(number), tmp_path / "blobs") for number in range(8)]

    with ThreadPoolExecutor(len(machines)) as pool:
        first, *others = pool.map(TokenCipher.from_settings, machines)

    assert all(other.decrypt(first.encrypt(TOKEN)) == TOKEN for other in others)


def test_key_in_data_folder_stays(tmp_path: Path) -> None:
    alone = Settings(data_dir=tmp_path)
    encrypted = TokenCipher.from_settings(alone).encrypt(TOKEN)

    assert TokenCipher.from_settings(_machine(tmp_path, tmp_path / "blobs")).decrypt(encrypted) == TOKEN


def test_given_key_beats_all(tmp_path: Path) -> None:
    shared = TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs"))
    key = Fernet.generate_key().decode()

    given = TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs", secret_key=key))

    with pytest.raises(SetupError, match="the secret key changed"):
        given.decrypt(shared.encrypt(TOKEN))


def test_machine_shares_its_key(tmp_path: Path) -> None:
    alone = Settings(data_dir=tmp_path / "a", database_url=POSTGRESQL)
    encrypted = TokenCipher.from_settings(alone).encrypt(TOKEN)

    TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs"), encrypted)

    second = TokenCipher.from_settings(_machine(tmp_path / "b", tmp_path / "blobs"), encrypted)
    assert second.decrypt(encrypted) == TOKEN
    assert not (tmp_path / "b/secret.key").exists()


def test_no_second_key_where_one_exists(tmp_path: Path) -> None:
    encrypted = TokenCipher.from_settings(Settings(data_dir=tmp_path / "a", database_url=POSTGRESQL)).encrypt(TOKEN)

    with pytest.raises(SetupError, match=r"file `secret\.key` in the data folder of the first machine"):
        TokenCipher.from_settings(_machine(tmp_path / "b", tmp_path / "blobs"), encrypted)
    assert not (tmp_path / "blobs/secret.key").exists()

    TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs"), encrypted)
    TokenCipher.from_settings(_machine(tmp_path / "b", tmp_path / "blobs"), encrypted).decrypt(encrypted)


def test_wrong_keys_file_is_not_shared(tmp_path: Path) -> None:
    TokenCipher.from_settings(Settings(data_dir=tmp_path))

    with pytest.raises(SetupError, match="another secret key than the file"):
        TokenCipher.from_settings(_machine(tmp_path, tmp_path / "blobs"), _of_another_key())
    assert not (tmp_path / "blobs/secret.key").exists()


@pytest.mark.parametrize(
    ("made_by", "advice"),
    [
        ("file", "have that of the file: save and delete the blob"),
        ("blob", "have that of the blob: move the file"),
        (
            None,
            "If the accounts were made with that of the blob, move the file .* away.*; else save and delete the blob",
        ),
    ],
)
def test_two_keys_overwrite_neither(tmp_path: Path, made_by: str | None, advice: str) -> None:
    blob = TokenCipher.from_settings(_machine(tmp_path / "b", tmp_path / "blobs"))
    file = TokenCipher.from_settings(Settings(data_dir=tmp_path / "a"))
    encrypted = {"file": file.encrypt(TOKEN), "blob": blob.encrypt(TOKEN), None: None}[made_by]
    keys = [tmp_path / "a/secret.key", tmp_path / "blobs/secret.key"]
    before = [key.read_bytes() for key in keys]

    with pytest.raises(SetupError, match=advice):
        TokenCipher.from_settings(_machine(tmp_path / "a", tmp_path / "blobs"), encrypted)

    assert [key.read_bytes() for key in keys] == before


def _of_another_key() -> str:
    return TokenCipher(Fernet.generate_key()).encrypt(TOKEN)


def test_lone_machine_keeps_key_in_folder(tmp_path: Path) -> None:
    cipher = TokenCipher.from_settings(Settings(data_dir=tmp_path))

    assert TokenCipher(tmp_path.joinpath("secret.key").read_bytes()).decrypt(cipher.encrypt(TOKEN)) == TOKEN
