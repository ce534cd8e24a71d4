"""The accounts' keys: wrapped, made once, rotated, rewrapped and erased, also where two processes do so at once."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from callscribe.errors import KeyUnknown, SetupError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.sealing import key_name, new_key
from callscribe.settings import Settings
from callscribe.vault import account_keys as keys_module
from callscribe.vault.account_keys import AccountKeys
from callscribe.vault.master import LocalMasterKey
from callscribe.vault.opening import account_keys, lies_in

SID = "AC" + "1" * 32
OTHER = "AC" + "2" * 32
MASTER = new_key()


def opened(folder: Path, *masters: bytes, seals: bool = True) -> AccountKeys:
    return AccountKeys(BlobStore(folder.as_uri()), LocalMasterKey(masters or (MASTER,)), seals=seals)


def test_a_key_is_made_once_and_found_by_all(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: opened(tmp_path).key_of(SID), range(8)))
    assert len(made) == 1
    assert made != {opened(tmp_path).key_of(OTHER)}
    [key] = made
    assert key is not None
    assert not any(key in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("moment", range(8))
def test_a_key_that_another_makes_at_any_moment_is_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    calls = count()
    of_another: list[bytes | None] = []

    def meddled(name: str) -> Callable[..., object]:
        method = getattr(BlobStore, name)

        def call(store: BlobStore, *arguments: object) -> object:
            if next(calls) == moment:
                of_another.append(opened(tmp_path).key_of(SID))
            return method(store, *arguments)

        return call

    for name in ("keys", "get_bytes", "put_new"):
        monkeypatch.setattr(BlobStore, name, meddled(name))
    made = opened(tmp_path).key_of(SID)
    assert of_another == [made]
    assert [each.key for each in opened(tmp_path).every(SID)] == [made]


def test_nothing_is_made_where_nothing_is_sealed(tmp_path: Path) -> None:
    keys = opened(tmp_path, seals=False)
    assert keys.key_of(SID) is None
    assert keys.to_seal(f"{SID}/job/media") is None
    assert keys.accounts() == []


def test_what_is_no_accounts_is_not_sealed(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    for blob in ("secret.key", "doctor-probe-1", "AC1/media"):
        assert keys.to_seal(blob) is None
        with pytest.raises(KeyUnknown):
            keys.to_open(blob)


def test_a_rotated_key_opens_still(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    first = keys.key_of(SID)
    assert first is not None
    second = keys.rotate(SID)
    assert keys.key_of(SID) == second.key != first
    assert keys.find(SID, key_name(first)) == first
    assert [each.number for each in keys.every(SID)] == [2, 1]


def test_a_key_of_another_process_is_looked_for_at_once(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    one.key_of(SID)
    made = two.rotate(SID)
    assert one.find(SID, key_name(made.key)) == made.key
    with pytest.raises(KeyUnknown, match="CALLSCRIBE_KEYS_URL"):
        one.find(SID, bytes(8))


def test_an_erased_key_is_known_to_be_gone(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    first = keys.key_of(SID)
    assert first is not None
    keys.rotate(SID)
    assert keys.erase(SID) == 2
    assert keys.find(SID, key_name(first)) is None
    with pytest.raises(BlobMissing, match="erased"):
        keys.to_open(f"{SID}/job/media").find(key_name(first))  # type: ignore[union-attr]
    assert keys.key_of(SID) not in {None, first}
    assert keys.erase(SID) == 1
    assert len(keys.erased(SID)) == 3


def test_erasing_that_was_killed_is_ended_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = opened(tmp_path)
    first = keys.key_of(SID)
    assert first is not None
    with monkeypatch.context() as patch:
        patch.setattr(BlobStore, "delete", _killed)
        with pytest.raises(KeyboardInterrupt):
            keys.erase(SID)
    assert keys.every(SID)
    assert opened(tmp_path).find(SID, key_name(first)) is None  # from the moment that it was written down
    keys.erase(SID)
    assert keys.every(SID) == []


def _killed(_blobs: BlobStore, _key: str) -> None:
    raise KeyboardInterrupt


def test_master_key_changed_by_rewrapping(tmp_path: Path) -> None:
    new = new_key()
    first = opened(tmp_path).key_of(SID)
    with pytest.raises(SetupError, match="another master key"):
        opened(tmp_path, new).key_of(SID)
    assert opened(tmp_path, new, MASTER).key_of(SID) == first
    assert opened(tmp_path, new, MASTER).rewrap(SID) == 1
    assert opened(tmp_path, new, MASTER).rewrap(SID) == 0
    assert opened(tmp_path, new).key_of(SID) == first
    with pytest.raises(SetupError):
        opened(tmp_path).key_of(SID)


def test_a_key_is_no_other_accounts(tmp_path: Path) -> None:
    opened(tmp_path).key_of(SID)
    (tmp_path / OTHER).mkdir()
    (tmp_path / OTHER / "000001").write_bytes((tmp_path / SID / "000001").read_bytes())
    with pytest.raises(SetupError, match="another's"):
        opened(tmp_path).key_of(OTHER)


def test_a_changed_key_is_said(tmp_path: Path) -> None:
    opened(tmp_path).key_of(SID)
    path = tmp_path / SID / "000001"
    found = json.loads(path.read_bytes())
    wrapped = bytearray(base64.b64decode(found["wrapped"]))
    wrapped[-1] ^= 1
    path.write_text(json.dumps(found | {"wrapped": base64.b64encode(wrapped).decode()}))
    with pytest.raises(SetupError, match="not as it was written"):
        opened(tmp_path).key_of(SID)


def test_keys_are_held_for_a_while_and_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = opened(tmp_path)
    first = keys.key_of(SID)
    opened(tmp_path).rotate(SID)
    assert keys.key_of(SID) == first
    monkeypatch.setattr(keys_module, "MEMORY", 0.0)
    keys.forget(SID)
    keys.key_of(SID)
    opened(tmp_path).rotate(SID)
    assert keys.key_of(SID) == keys.every(SID)[0].key


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(bytes(31)).decode(), "ä" * 44])
def test_what_is_no_master_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "master"
    file.write_text(text)
    with pytest.raises(SetupError, match="new-master"):
        account_keys(Settings(data_dir=tmp_path, encryption="account", master_key_file=file))


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    master = base64.b64encode(MASTER).decode()
    with pytest.raises(SetupError, match="needs a master key"):
        account_keys(Settings(data_dir=tmp_path, encryption="account"))
    with pytest.raises(SetupError, match="one and no more"):
        account_keys(Settings(data_dir=tmp_path, master_key=master, master_key_file=tmp_path / "x"))
    with pytest.raises(SetupError, match="cannot be read"):
        account_keys(Settings(data_dir=tmp_path, master_key_file=tmp_path / "nowhere"))
    with pytest.raises(SetupError, match="CALLSCRIBE_KEYS_URL lies in"):
        account_keys(Settings(data_dir=tmp_path, master_key=master, keys_url=(tmp_path / "blobs" / "keys").as_uri()))
    with pytest.raises(SetupError, match="share the accounts' keys"):
        account_keys(
            Settings(data_dir=tmp_path, master_key=master, database_url="postgresql://db/x", blobs_url="s3://calls")
        )
    assert account_keys(Settings(data_dir=tmp_path)) is None


@pytest.mark.parametrize(
    ("inner", "outer", "lies"),
    [
        ("file:///a/b/keys", "file:///a/b", True),
        ("file:///a", "file:///a/b", True),
        ("file:///a/bc", "file:///a/b", False),
        ("s3://calls/keys", "s3://calls/", True),
        ("s3://calls/keys", "s3://calls/all", False),
        ("s3://keys", "s3://calls", False),
        ("file:///data/keys", "file:///data/blobs", False),
    ],
)
def test_a_store_within_another(inner: str, outer: str, *, lies: bool) -> None:
    assert lies_in(inner, outer) is lies
