"""What is left of secrets on a server whose configuration has them redacted: in any byte it keeps or sends, in sound.

Calls that are said by synthesised voices go through a server of their own twice: once as they are, which shows that
the search finds what is there, and what was understood; and once with the policy `redacted`. Then the server is
stopped, and every file of its data folder, its log, the bodies of its callbacks and all it answered are searched for
each secret: as the first run understood it, in digits with anything between them, in words, and as samples of the
recording where it was told. The redacted recording is recognised by another model, or by the other way of computing.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx2
from rich.table import Table

from callscribe.ids import new_account_sid, new_auth_token
from callscribe.settings import Settings
from callscribe.speech.interface import Word
from callscribe.speech.languages import locale_of
from callscribe.transcripts.models import Sentence
from redaction_calls import language
from redaction_heard import Heard, heard, recogniser
from redaction_voices import Spoken

_FORMATS: Final = ("", ".json", ".vtt", ".srt", ".txt")
_LEAST: Final = 4
"""Letters and digits of a secret that can be told from what stands there by chance."""
_SAMPLES: Final = 800
"""Bytes of sound that are looked for, 50 ms."""
_LABEL: Final = re.compile(r"\[[A-Z_]+\]")
_RUN: Final = 3
"""Letters or digits in a row that are one secret's, and are understood in the redacted recording."""
_TIMEOUT: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Needle:
    """What is looked for of one secret."""

    secret: str
    text: re.Pattern[bytes] | None
    sound: bytes


@dataclass
class Leftovers:
    """What was found, by place, and in the sound."""

    secrets: int = 0
    control: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    cases: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """In the sound of what was redacted."""
    not_understood: list[str] = field(default_factory=list)
    """In the sound of what was not, since it had not been understood."""

    @property
    def fault(self) -> str | None:
        """What is wrong, in a line."""
        if not self.control:
            return "The search is blind: it found no secret on a server that redacts nothing"
        if self.found or self.heard:
            return f"Left: {self.found.total()} in bytes, {len(self.heard)} in sound"
        return None


class _Receiver(BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        """Keep a callback."""
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _served(handler: Any) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def _server(folder: Path, account: tuple[str, str], **settings: str) -> Iterator[str]:
    """A server of its own with everything in this folder, stopped in order at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "CALLSCRIBE_ACCOUNT_SID": account[0],
        "CALLSCRIBE_AUTH_TOKEN": account[1],
        "CALLSCRIBE_DATA_DIR": str(folder / "data"),
        "CALLSCRIBE_MEDIA_ALLOW": "127.0.0.1",
        "CALLSCRIBE_CALLBACK_ALLOW": "127.0.0.1",
        "CALLSCRIBE_LOG_LEVEL": "debug",
        **settings,
    }
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "callscribe", "serve", "--host", "127.0.0.1", "--port", str(port)],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            if process.poll() is not None:
                sys.exit(f"The server did not start:\n{(folder / 'server.log').read_text()}")
            try:
                if httpx2.get(f"{url}/healthz", timeout=5, trust_env=False).is_success:
                    break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(60)


@dataclass
class Ran:
    """What a server made of the calls: transcripts, recordings as it serves them, and all bytes by where they are."""

    transcripts: list[list[Sentence]]
    media: list[Path]
    bytes_: dict[str, bytes]


def run(spoken: Sequence[Spoken], folder: Path, redaction: dict[str, Any] | None) -> Ran:
    """Have a server transcribe calls, ask it for everything, stop it, and read all that it leaves."""
    folder.mkdir()
    account = new_account_sid(), new_auth_token()
    bodies: list[bytes] = []
    answers: list[bytes] = []
    transcripts, media = [], []
    receiver = type("_OwnReceiver", (_Receiver,), {"bodies": bodies})
    with (
        _served(partial(_Files, directory=str(spoken[0].path.parent))) as files,
        _served(receiver) as callbacks,
        _server(folder, account) as url,
        httpx2.Client(base_url=url, auth=account, timeout=60, trust_env=False) as http,
    ):
        for each in spoken:
            job = _job(http, each, redaction, files, callbacks)
            asked = [f"/Transcript{form}" for form in _FORMATS]
            answers += [
                http.get(f"/v3/Transcriptions/{job}{part}").raise_for_status().content
                for part in ("", *asked, "/Events", "/Callbacks")
            ]
            transcripts.append(_sentences(http.get(f"/v3/Transcriptions/{job}/Transcript").json()))
            path = folder / f"served-{each.path.name}"
            path.write_bytes(http.get(f"/v3/Transcriptions/{job}/Media").raise_for_status().content)
            media.append(path)
        deadline = time.monotonic() + 30
        while len(bodies) < len(spoken) and time.monotonic() < deadline:
            time.sleep(0.2)
    kept = {
        f"file {path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in media
    }
    kept |= {f"served {path.name}": path.read_bytes() for path in media}
    kept |= {f"callback {number}": body for number, body in enumerate(bodies)}
    kept |= {f"answer {number}": body for number, body in enumerate(answers)}
    return Ran(transcripts, media, kept)


def _job(http: httpx2.Client, spoken: Spoken, redaction: dict[str, Any] | None, files: str, callbacks: str) -> str:
    options = {
        "configurationType": "Transcription",
        "transcriptionEngine": "whisper",
        "speechModel": "base",
        "language": locale_of(spoken.call.language),
        "transcriptionStatusCallback": {
            "url": f"{callbacks}/ended",
            "method": "POST",
            "events": ["COMPLETED", "FAILED"],
        },
        **({"redaction": redaction} if redaction else {}),
    }
    made = http.post("/v2/Configurations/Transcription", json={"configuration": options})
    body = {
        "transcriptionConfigurationId": made.raise_for_status().json()["id"],
        "mediaUrl": f"{files}/{spoken.path.name}",
    }
    job = http.post("/v3/Transcriptions", json=body).raise_for_status().json()["transcription"]
    deadline = time.monotonic() + _TIMEOUT
    while job["status"] not in {"COMPLETED", "FAILED"} and time.monotonic() < deadline:
        time.sleep(0.5)
        job = http.get(f"/v3/Transcriptions/{job['id']}").raise_for_status().json()["transcription"]
    if job["status"] != "COMPLETED":
        sys.exit(f"{spoken.path.name}: {job['status']} {job.get('error')}")
    name: str = job["id"]
    return name


def _sentences(document: dict[str, Any]) -> list[Sentence]:
    return [
        Sentence(
            channel=each["audioChannelIndex"] - 1,
            participant=None,
            start=each["startTimeSeconds"],
            end=each["endTimeSeconds"],
            text=each["text"],
            confidence=1.0,
            words=tuple(
                Word(word["text"], word["startTimeSeconds"], word["endTimeSeconds"], 1.0) for word in each["words"]
            ),
        )
        for each in document["sentences"]
    ]


def needles(spoken: Spoken, sentences: Sequence[Sentence]) -> list[Needle]:
    """What is to be looked for of a call's secrets, as a server understood them that redacts nothing."""
    found = []
    samples = spoken.path.read_bytes()[44:]
    for key, secret in heard(spoken, sentences).items():
        planted = spoken.call.planted[key]
        if len(secret.text) < _LEAST:
            continue
        forms = [_in_any_form(secret.text, spoken.call.language), *_as_understood(secret, sentences)]
        text = re.compile(b"|".join(f"(?:{form})".encode() for form in forms if form), re.IGNORECASE)
        _, start, end = secret.times[0]
        at = int((start + end) / 2 * 8000) * 4  # two channels of two bytes
        sound = samples[at : at + _SAMPLES]
        found.append(Needle(f"{spoken.path.stem} {planted.entity}, {planted.way}", text, sound))
    return found


def _in_any_form(text: str, code: str) -> str:
    """Letters and digits with anything short between them, digits in words as well."""
    between = r"[\W_]{0,4}"
    known = language(code)
    ones = [f"(?:{char}|{re.escape(known.digits[int(char)])})" if char.isdigit() else re.escape(char) for char in text]
    return r"(?<![\w])" + between.join(ones) + r"(?![\w])"


def _as_understood(secret: Heard, sentences: Sequence[Sentence]) -> Iterator[str]:
    """Each stretch of a sentence that has some of it: what stands there, however it was understood."""
    for number in dict.fromkeys(place.sentence for place in secret.places):
        places = [place for place in secret.places if place.sentence == number]
        text = sentences[number].text[min(place.first for place in places) : max(place.behind for place in places)]
        if sum(char.isalnum() for char in text) >= _LEAST and any(char.isdigit() for char in text):
            yield re.escape(text)


def search(what: Sequence[Needle], where: dict[str, bytes], counted: Counter[str], cases: list[str]) -> None:
    """Look for everything everywhere."""
    for place, data in where.items():
        kind = _kind(place)
        for needle in what:
            if (needle.text and needle.text.search(data)) or (len(needle.sound) == _SAMPLES and needle.sound in data):
                counted[kind] += 1
                cases.append(f"{needle.secret} in {place}")


def _kind(place: str) -> str:
    if not place.startswith("file "):
        return place.split(maxsplit=1)[0]
    return "/".join(part for part in place[5:].split("/")[:2] if not re.search(r"\d{4}|_", part)) or "file"


def listen(spoken: Sequence[Spoken], ran: Ran) -> Iterator[tuple[str, bool]]:
    """Secrets of which another recogniser still understands something, and whether a label stands where they were told.

    Where none does, the first recogniser had not understood that it was one.
    """
    for each, path, labelled in zip(spoken, ran.media, ran.transcripts, strict=True):
        code = each.call.language
        settings = Settings(model="tiny.en") if code == "en" else Settings(model="base", compute="ctranslate2")
        with recogniser(settings) as recognise:
            sentences = recognise(path, code).sentences
        for key, secret in heard(each, sentences).items():
            planted = each.call.planted[key]
            understood = "".join(place.char for place in secret.places)
            if len(secret.text) >= _LEAST and any(
                secret.text[at : at + _RUN] in understood for at in range(len(secret.text) - _RUN + 1)
            ):
                case = f"{each.path.stem} {planted.entity}, {planted.way}: {secret.text} heard as {understood}"
                yield case, _has_label(secret, labelled)


def _has_label(secret: Heard, sentences: Sequence[Sentence]) -> bool:
    return any(
        sentence.channel == party and sentence.start < end and sentence.end > start and _LABEL.search(sentence.text)
        for party, start, end in secret.times
        for sentence in sentences
    )


def leftovers(spoken: Sequence[Spoken], folder: Path) -> Leftovers:
    """Run both servers and search."""
    result = Leftovers()
    control = run(spoken, folder / "as-they-are", None)
    what = [
        needle
        for each, sentences in zip(spoken, control.transcripts, strict=True)
        for needle in needles(each, sentences)
    ]
    result.secrets = len(what)
    search(what, control.bytes_, result.control, [])
    redacted = run(spoken, folder / "redacted", {"policy": "redacted"})
    search(what, redacted.bytes_, result.found, result.cases)
    for case, is_redacted in listen(spoken, redacted):
        (result.heard if is_redacted else result.not_understood).append(case)
    return result


def report(result: Leftovers) -> Table:
    """Where secrets were found, by kind of place."""
    table = Table("Place", "Found where nothing is redacted", "Found where the policy is redacted")
    for kind in sorted({*result.control, *result.found}):
        table.add_row(kind, f"{result.control[kind]}", f"{result.found[kind]}")
    table.add_row("understood in the sound of what was redacted", "", f"{len(result.heard)}")
    table.add_row("understood in the sound of what had not been", "", f"{len(result.not_understood)}")
    return table
