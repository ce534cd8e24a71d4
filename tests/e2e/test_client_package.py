"""The package `callscribe-client`: built, and used with Twilio's SDK where the server's package is not."""

import ast
import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import callscribe
from harness import Server, running

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("python") / "client_program.py"
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
OLDEST = "twilio==9.4.1 --hash=sha256:2447e041cec11167d7765aaa62ab1dae3b82b712245ca9a966096acd8b9f426f\n"
INSTALLED = version("twilio")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    subprocess.run([*PIP, *build, str(ROOT / "clients" / "python")], check=True)
    [built] = folder.iterdir()
    return built


@pytest.fixture(params=[INSTALLED, "9.4.1"])
def sdk(request: pytest.FixtureRequest) -> Path:
    """A folder with one version of the SDK in it; what that needs is among what is installed here."""
    if request.param == INSTALLED:
        return Path(sysconfig.get_path("purelib"))
    folder = Path(request.config.cache.mkdir(f"twilio-{request.param}"))  # type: ignore[union-attr]
    if not (folder / "complete").exists():
        (folder / "requirements.txt").write_text(OLDEST)
        install = ("install", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", str(folder))
        ended = subprocess.run(
            [*PIP, *install, "--requirement", str(folder / "requirements.txt")],
            capture_output=True,
            text=True,
            check=False,
        )
        if "No matching distribution" in ended.stderr:
            pytest.skip(f"Twilio's SDK {request.param} has to be installed once, and the index cannot be reached.")
        assert ended.returncode == 0, ended.stderr
        (folder / "complete").touch()
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("client") / "data", command="api", CALLSCRIBE_MODEL="base") as server:
        yield server


def test_the_client_is_one_module(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        assert names == ["callscribe_client.py"]
        source = archive.read(names[0]).decode()
        [metadata] = (archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    assert source == (ROOT / "src" / "callscribe" / "twilio.py").read_text()
    ast.parse(source, feature_version=(3, 9))
    assert f"\nVersion: {callscribe.__version__}\n" in metadata
    assert [line for line in metadata.splitlines() if line.startswith("Requires-")] == [
        "Requires-Python: >=3.9",
        "Requires-Dist: twilio<10,>=9.4",
    ]


def test_the_client_needs_no_server(wheel: Path, sdk: Path, server: Server) -> None:
    account = server.new_account()
    ended = subprocess.run(
        # Without what `site` adds, where the server's package is found.
        [sys.executable, "-S", str(PROGRAM)],
        env={
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "PYTHONPATH": os.pathsep.join([str(wheel), str(sdk), sysconfig.get_path("purelib")]),
            "CALLSCRIBE_URL": server.url,
            "ACCOUNT_SID": account.sid,
            "AUTH_TOKEN": account.token,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said.pop("twilio") == (INSTALLED if sdk.name == "site-packages" else "9.4.1")
    assert said == {
        "server's package": False,
        "waiting": [201, 202, 1, ["waits"], True, 404],
        "not waiting": [201, 202, 1, ["waits"], True, 404],
    }
