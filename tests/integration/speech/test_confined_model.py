"""The model's process is confined, and computes what it would compute anyway."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import pytest

from callscribe.cancellation import NEVER
from callscribe.errors import SetupError, TransientJobError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.diarization.diarizer import MODEL
from callscribe.speech.diarization.model import WINDOW, SpeakerModels
from callscribe.speech.diarization.process import SpeakerProcess
from callscribe.speech.engines.batching import Batcher
from callscribe.speech.engines.process import ChildProcess
from callscribe.speech.engines.whisper.engine import CHILD
from callscribe.speech.engines.whisper.messages import Part, Requests
from callscribe.speech.interface import SAMPLE_RATE, Span, SpeechWindow
from kernels import without

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such confinement")

ATTEMPTS = """
import ctypes, json, os, resource, signal, socket, subprocess, sys, threading, urllib.request
from pathlib import Path
from callscribe.confinement import MODEL, confine
place, libraries = Path(sys.argv[1]), [*sys.path, sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64"]
outside, model, own = place / "outside", place / "model", place / "own"
confine(MODEL, reads=[*filter(None, libraries), model], writes=[own])
parent = os.getppid()

def thread():
    started = threading.Thread(target=int)
    started.start()
    started.join()

attempts = {
    "read a model": lambda: (model / "weights").read_text(),
    "load a library": lambda: __import__("sqlite3"),
    "write for itself": lambda: (own / "graph").write_text("x"),
    "delete its own": lambda: (own / "old").unlink(),
    "start a thread": thread,
    "ask for its own limits": lambda: resource.prlimit(0, resource.RLIMIT_STACK),
    "read elsewhere": lambda: (outside / "secret.key").read_text(),
    "list elsewhere": lambda: os.listdir(outside),
    "write elsewhere": lambda: (outside / "secret.key").open("a"),
    "write a model": lambda: (model / "weights").open("a"),
    "delete elsewhere": lambda: (outside / "deleted").unlink(),
    "move a model": lambda: (model / "moved").rename(own / "moved"),
    "change a mode": lambda: (outside / "secret.key").chmod(0o777),
    "read its parent's environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
    "connect": lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2]))),
    "make a pair of sockets": socket.socketpair,
    "fork": lambda: os.waitpid(os.fork() or os._exit(0), 0),
    "run a program": lambda: subprocess.run(["/bin/true"], check=True),
    "spawn": lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0),
    "signal its parent": lambda: os.kill(parent, signal.SIGURG),
    "limit its parent": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
}
def done(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True
print(json.dumps([name for name, attempt in attempts.items() if done(attempt)]))
"""
NEEDED = {
    "read a model",
    "load a library",
    "write for itself",
    "delete its own",
    "start a thread",
    "ask for its own limits",
}


@pytest.mark.skipif(not Catalogue(Path("nowhere")).has(MODEL), reason="needs the package that carries the model")
def test_voices_are_heard_in_a_confined_process_that_is_replaced(settings: Settings) -> None:
    folder = Catalogue(settings.models).path(MODEL)
    here, there = SpeakerModels(folder), SpeakerProcess(folder)
    chance = np.random.default_rng(0)
    samples = chance.normal(0, 0.1, WINDOW).astype(np.float32)
    features = chance.normal(0, 1, (120, 80)).astype(np.float32)
    np.testing.assert_array_equal(there.voices(samples), here.voices(samples))
    [child] = [each for each in psutil.Process().children() if "diarization" in " ".join(each.cmdline())]
    assert "Seccomp:\t2" in Path(f"/proc/{child.pid}/status").read_text()
    child.kill()
    with pytest.raises(TransientJobError, match="died"):
        there.embed(features)
    np.testing.assert_array_equal(there.embed(features), here.embed(features))


@pytest.mark.skipif(not Catalogue(Path("nowhere")).has(MODEL), reason="needs the package that carries the model")
def test_networks_of_voices_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        SpeakerProcess(tmp_path)


@pytest.mark.parametrize("confined", [True, False])
def test_a_model_can_do_what_it_needs_and_no_more(confined: bool, tmp_path: Path) -> None:  # noqa: FBT001
    for name in ("outside", "model", "own"):
        (tmp_path / name).mkdir()
    for name in ("outside/secret.key", "outside/deleted", "model/weights", "model/moved", "own/old"):
        (tmp_path / name).write_text("x")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        kernel = [] if confined else without("landlock", "seccomp")
        command = [*kernel, sys.executable, "-c", ATTEMPTS, str(tmp_path), port]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    can = set(json.loads(told))
    assert can == NEEDED if confined else len(can) == ATTEMPTS.count("lambda:") + 2, can


def test_a_model_elsewhere_is_read_by_another_child(
    settings: Settings, call_samples: npt.NDArray[np.float32], tmp_path: Path
) -> None:
    usual = Catalogue(settings.models).path("tiny.en")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in usual.iterdir():  # as the hub's cache has them: the files lie in another folder still
        (tmp_path / "files").mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / "files" / file.name)
        (elsewhere / file.name).symlink_to(tmp_path / "files" / file.name)
    child = ChildProcess(CHILD, "cpu", "2", "auto", models=settings.models)
    shared, part = (
        Batcher(child, Requests(5)),
        Part((SpeechWindow(0, 0.0, call_samples[0, : 6 * SAMPLE_RATE], (Span(0.0, 6.0),)),), "en"),
    )
    try:
        first = shared.ask(str(usual), part, NEVER)
        pid = child.pid
        assert "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
        assert shared.ask(str(elsewhere), part, NEVER) == first
        assert child.pid != pid
        pid = child.pid
        assert shared.ask(str(usual), part, NEVER) == first
        assert child.pid == pid
    finally:
        child.close()
