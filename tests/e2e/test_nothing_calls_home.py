"""Every command, the server and a whole job, with an empty home folder, while everything beyond them is watched.

A proxy that all libraries are told of records what is asked of it, and the kernel tells the rest (`witness`). What was
seen stands at the end of the test run.
"""

import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from callscribe.cli import app
from harness import ACCOUNT_SID, Receiver, Server, running
from media_server import MediaServer, body
from witness import Seen, Witness, supported, watching

CALL = files("callscribe.demo").joinpath("call.wav")
HUB = "http://hub.example"
ASKED_FOR = re.compile(rf"(HEAD|GET) {HUB}/Systran/faster-whisper-small/resolve/[0-9a-f]{{40}}/[\w.]+")
"""What is downloaded for `models pull small`, and the only thing that is."""

COMMANDS: dict[str, tuple[str, int]] = {
    "--version": ("", 0),
    "--help": ("", 0),
    "accounts create": ("--name other", 0),
    "accounts keys create": ("{AC}", 0),
    "accounts keys list": ("{AC}", 0),
    "accounts keys revoke": ("{SK}", 0),
    "accounts limits": ("{AC} --requests 5/second", 0),
    "accounts list": ("", 0),
    "accounts retention": ("{AC} --media-days 5", 0),
    "accounts rotate": ("{AC}", 0),
    "accounts tokens create": ("{AC}", 0),
    "accounts tokens promote": ("{AC}", 0),
    "accounts tokens delete": ("{AC}", 2),  # there is none any more
    "doctor": ("", 0),
    "jobs follow": ("{job}", 0),
    "jobs list": ("", 0),
    "jobs retry": ("{failed}", 0),
    "jobs show": ("{job}", 0),
    # Without a master key each says so.
    "keys erase": ("{sid} --yes", 2),
    "keys list": ("", 2),
    "keys new-master": ("", 0),
    "keys reseal": ("", 2),
    "keys rewrap": ("", 2),
    "keys rotate": ("{sid}", 2),
    "migrate": ("", 0),
    "models list": ("", 0),
    "models measure": ("tiny.en", 0),
    "models pull": ("small", 2),  # what the hub gives is not what its checksum says
    "models verify": ("tiny.en", 0),
    "open": ("{job} --print", 0),
    "recordings import": ("{call} --account {sid}", 0),
    "recordings list": ("", 0),
    "search": ("tent --account {sid}", 0),
    "demo": ("", 0),
    "transcribe": ("{call} --language en-US", 0),
    "evaluate": ("{folder} --engine tiny.en", 0),
}
"""By command, its arguments and the status that it ends with."""
WITHOUT_DATA = {"--version", "--help", "demo", "keys new-master"}
"""These know no `--data`."""
STARTED = {"serve", "api", "worker"}
"""These go on until they are asked to end."""
PROGRAM = re.compile(rf"callscribe(\.[\w.]+| ({'|'.join(COMMANDS.keys() | STARTED)}))")
"""A process of the program by what it is: a command, or a module."""

STAND_IN = """
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

(Path.home() / "intel").mkdir()
with suppress(OSError):
    urlopen("http://analytics.example/import")
"""
"""Does what OpenVINO's package does. That one is not among what is installed for the tests."""


@dataclass(slots=True)
class Home:
    """A place to run programs in, and what was seen of them."""

    folder: Path
    witness: Witness
    requests: list[str] = field(default_factory=list)

    def data(self, name: str) -> Path:
        """A data folder."""
        return self.folder / "data" / name

    def run(self, *arguments: str, program: tuple[str, ...] = ("-m", "callscribe")) -> tuple[int, str]:
        """Run a program to its end; give its status and what it printed."""
        ended = subprocess.run(
            [sys.executable, *self.witness.program, *program, *arguments],
            cwd=self.folder / "work",
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout + ended.stderr

    def uncalled_for(self) -> list[str]:
        """What nobody asked for: requests, connections, names, files that were written or are left."""
        found = [f"request: {each}" for each in self.requests if not ASKED_FOR.fullmatch(each)]
        found += [f"{each.kind} {each.what}: {each.process}" for each in sorted(self.witness.seen) if self._odd(each)]
        for name in ("home", "work", "temp"):
            found += [f"left behind: {path}" for path in sorted((self.folder / name).rglob("*"))]
        return found

    def _odd(self, seen: Seen) -> bool:
        match seen.kind:
            case "connects to":
                # The C library looks for a daemon that keeps users' names, too.
                return not re.match(r"(127\.0\.0\.1|::1) port (?!53$)|unix:/var/run/nscd/", seen.what)
            case "asks for":
                return True
            case "writes":
                allowed = (self.folder / "data", self.folder / "temp", "/dev/", "/proc/")
                return not seen.what.startswith(tuple(map(str, allowed))) and "/__pycache__/" not in f"{seen.what}/"
            case _:
                return False

    def told(self) -> str:
        """What was seen, as a table."""
        counted: Counter[str] = Counter()
        for each in self.witness.seen:
            what = each.what.replace(str(self.folder), "")
            if each.kind == "starts":
                known = PROGRAM.search(what)
                what = known[0] if known else " ".join(what.split()[:2])
            elif each.kind == "connects to":
                what = re.sub(r"port (\d{4,})", "port …", what)
            else:
                what = re.sub(r"^.*(/(?:data/\w+|temp|dev/shm|proc|__pycache__)/).*", r"\1…", what)
            counted[f"{each.kind} {what}"] += 1
        rows = [f"{count:5} × {what}" for what, count in sorted(counted.items(), key=lambda row: row[0])]
        rows += [f"{count:5} × proxy: {what}" for what, count in sorted(Counter(self.requests).items())]
        return "\n".join(rows)


class Proxy(BaseHTTPRequestHandler):
    """Records requests and grants none, but for files of the hub, each of which is ten bytes."""

    requests: list[str]

    def answer(self) -> None:
        """Answer any request."""
        self.requests.append(f"{self.command} {self.path}")
        there = self.path.startswith(f"{HUB}/Systran/")
        self.send_response(200 if there else 502)
        if there:
            self.send_header("ETag", '"ten-bytes"')
            self.send_header("X-Repo-Commit", self.path.split("/")[-2])
        self.send_header("Content-Length", "10" if there else "0")
        self.end_headers()
        if there and self.command == "GET":
            self.wfile.write(b"0123456789")

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def home(folder: Path) -> Iterator[Home]:
    """An empty home folder and a proxy, in the environment of all that is started while the block runs."""
    for name in ("home", "work", "temp", "data", "path/openvino_telemetry"):
        (folder / name).mkdir(parents=True)
    (folder / "path" / "openvino_telemetry" / "__init__.py").write_text(STAND_IN)
    with watching(folder / "socket") as witness, pytest.MonkeyPatch.context() as patch:
        made = Home(folder, witness)
        handler = type("Handler", (Proxy,), {"requests": made.requests})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            told = r"(?i)(.*_proxy|(xdg|hf|otel|callscribe)_.*|.*telemetry|do_not_track|ci)"
            for name in list(os.environ):
                if re.fullmatch(told, name) and name != "CALLSCRIBE_COMPUTE":
                    patch.delenv(name)
            for name in ("http_proxy", "https_proxy", "all_proxy"):
                patch.setenv(name, f"http://127.0.0.1:{server.server_port}")
                patch.setenv(name.upper(), f"http://127.0.0.1:{server.server_port}")
            patch.setenv("HOME", str(folder / "home"))
            patch.setenv("TMPDIR", str(folder / "temp"))
            patch.setenv("PYTHONPATH", f"{folder / 'path'}:{os.environ.get('PYTHONPATH', '')}")
            patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
            patch.setenv("HF_ENDPOINT", HUB)
            patch.setenv("CALLSCRIBE_MODEL", "tiny.en")
            patch.setenv("CALLSCRIBE_MODELS_DIR", str(made.data("models")))
            try:
                yield made
            finally:
                server.shutdown()
                thread.join()


def names(command: Any, path: str = "") -> Iterator[str]:
    """Every command of the command line, by its whole name."""
    for name, below in command.commands.items():
        whole = f"{path} {name}".strip()
        yield from names(below, whole) if hasattr(below, "commands") else [whole]


def jobs(server: Server, media: MediaServer) -> dict[str, str]:
    """Have the bundled call transcribed, and something that is no recording, with callbacks; look at the pages."""
    media.paths["/call.wav"] = body(CALL.read_bytes())
    media.paths["/none.wav"] = body(b"no recording" * 100)
    with Receiver().listening() as receiver:
        configuration = server.configure(transcriptionStatusCallback={"url": receiver.url, "method": "POST"})
        job, failed = (server.submit(configuration, media.url(path)) for path in ("/call.wav", "/none.wav"))
        assert server.ended(failed)["status"] == "FAILED"
        assert server.ended(job)["status"] == "COMPLETED"
        receiver.wait(2)
    with server.client() as client:
        for page in ("/console", "/docs"):
            text = client.get(page).text
            assert not re.findall(r"""(?:src|href|url)\s*[=:(]\s*["']?(?:https?:)?//[^"'\s]+""", text), text
        assert "validatorUrl: null" in client.get("/console/assets/docs.js").text
    return {"job": job, "failed": failed}


def serving(home: Home, name: str) -> AbstractContextManager[Server]:
    """`callscribe` with the command `name`, on a data folder of that name, while the block runs."""
    program = (*home.witness.program, "-m", "callscribe")
    return running(home.data(name), command=name, program=program, CALLSCRIBE_MODELS_DIR=str(home.data("models")))


def started(home: Home, name: str) -> None:
    """Start what goes on until it is asked to end, and ask it."""
    with serving(home, name) as server:
        assert server.tree()


def ended(home: Home, known: dict[str, str], *commands: str) -> None:
    """Run commands one after the other, and take from what they print what others need."""
    for name in commands:
        arguments, status = COMMANDS[name]
        data = () if name in WITHOUT_DATA else ("--data", str(home.data("serve")))
        found, printed = home.run(*name.split(), *arguments.format(**known).split(), *data)
        assert found == status, f"{name}: {printed}"
        if name.endswith(" create"):
            for key, sid in re.findall(r"\b(AC|SK)([0-9a-f]{32})", printed):
                known.setdefault(key, key + sid)


@pytest.mark.timeout(400)
@pytest.mark.long
def test_nothing_calls_home(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    assert COMMANDS.keys() | STARTED == {*names(get_command(app)), "--version", "--help"}
    with home(tmp_path) as place, MediaServer().running() as media, serving(place, "serve") as server:
        known = {"call": str(CALL), "folder": str(Path(str(CALL)).parent), "sid": ACCOUNT_SID, **jobs(server, media)}
        for name in ("api", "worker"):
            Server(place.data(name)).prepare_database()
        # What takes long first. Of `accounts` each needs what another has made.
        of_accounts = [name for name in COMMANDS if name.startswith("accounts ")]
        alone = dict.fromkeys(["demo", "transcribe", "evaluate", "doctor", *COMMANDS])
        with ThreadPoolExecutor(2) as pool:
            work = [pool.submit(started, place, name) for name in ("worker", "api")]
            work += [pool.submit(ended, place, known, name) for name in alone if name not in of_accounts]
            work += [pool.submit(ended, place, known, *of_accounts)]
        assert [error for each in work if (error := each.exception())] == []
    record_property("nothing calls home", place.told())
    assert place.uncalled_for() == []
    assert any(map(ASKED_FOR.fullmatch, place.requests))
    assert not [*place.data("models").rglob(".hub")]
    if supported():
        seen = "\n".join(each.what for each in place.witness.seen)
        for part in ("callscribe.media.decoder_process", "callscribe.speech.engines.whisper.child"):
            assert part in seen, f"{part} was not watched"


def test_a_call_home_is_seen(tmp_path: Path) -> None:
    code = """
import openvino, socket, subprocess, sys
for host in "192.0.2.1", "elsewhere.example":
    try:
        socket.create_connection((host, 443))
    except OSError:
        pass
subprocess.run([sys.executable, "-I", "-S", "-c", "open('beside', 'w')"], env={})
"""
    with home(tmp_path) as place:
        status, printed = place.run("-c", code, program=())
        assert status == 0, printed
    wanted = {"request: GET http://analytics.example/import", f"left behind: {tmp_path}/home/intel"}
    if supported():
        wanted |= {"connects to 192.0.2.1 port 443", "asks for elsewhere.example", f"writes {tmp_path}/work/beside"}
    assert wanted <= {each.partition(": python")[0] for each in place.uncalled_for()}
