"""What is thrown at what strangers reach, and what must hold of each thing that comes of it.

Everything random comes from a seed, so that what went wrong can be had again: a fault names its number, and
`make fuzz ARGS="--seed N --only media"` begins with that.
"""

import json
import random
import socket
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
import numpy as np
import psutil

from callscribe.errors import Code, JobError
from callscribe.media.decoding import Decoder
from callscribe.media.inspecting import MAX_SECONDS
from callscribe.outbound import AllowList, OutboundError, guarded_client
from callscribe.speech.interface import SAMPLE_RATE
from fuzz.mutations import changed, changed_document, url
from harness import ACCOUNT_SID, AUTH_TOKEN, running
from media_files import FORMATS, make
from odd_files import OTHERS, WAVS, gsm

LONGEST = 60.0
"""Seconds for one file, many times what the slowest takes: a machine may be busy."""

SECONDS = 3.0
"""Length of the files that are changed."""

Round = Callable[[random.Random], str]
"""Tries one thing drawn from the generator, raises `AssertionError` where it was taken badly, and names what came."""


@dataclass
class Tally:
    """What came of all that was tried."""

    found: Counter[str] = field(default_factory=Counter)

    def run(self, name: str, round_: Round, seed: int, *, until: Callable[[int], bool]) -> None:
        """Go on from a seed, each round with the next, until `until` says so of the number of rounds done."""
        number = 0
        while not until(number):
            try:
                self.found[f"{name}: {round_(random.Random(seed + number))}"] += 1
            except Exception as error:
                raise AssertionError(f"{name}, seed {seed + number}: {error!r}") from error
            number += 1


def corpus(folder: Path) -> list[bytes]:
    """A small file of every container and codec that is taken."""
    files = [make(folder / name, name, SECONDS, 2)[0].read_bytes() for name in FORMATS]
    odd = {**{name: WAVS[name] for name in ("two files", "Wave64", "the highest byte first")}, **OTHERS}
    return [*files, gsm(100), *(each.make(folder) for each in odd.values())]


@contextmanager
def media() -> Iterator[Round]:
    """Inspection and decoding of changed files: a recording, or a fault of its own, in time, and nothing left."""
    with tempfile.TemporaryDirectory() as place, closing(Decoder()) as decoder:
        files, path = corpus(Path(place)), Path(place) / "changed"
        others = {*psutil.Process().children()}  # servers of other tests

        def round_(chance: random.Random) -> str:
            path.write_bytes(changed(chance, chance.choice(files), chance.choice(files)))
            began = time.monotonic()
            try:
                came = "inspected" if chance.random() < 0.3 else "decoded"
                if came == "inspected":
                    info = decoder.inspect(path)
                    assert 2 <= info.duration <= MAX_SECONDS
                else:
                    _decode(decoder, path)
            except JobError as error:
                came = _refused(error)
            assert time.monotonic() - began < LONGEST
            assert others.issuperset(psutil.Process().children())
            return came

        yield round_


def _refused(error: JobError) -> str:
    assert Code.MEDIA_EMPTY <= error.code <= Code.MEDIA_CHANNELS
    assert error.detail.isprintable()
    assert len(error.detail) <= 500
    return "crashed, and said so" if "broke down" in error.detail else f"refused with {error.code:d}"


def _decode(decoder: Decoder, path: Path) -> None:
    at = 0
    for window in decoder.windows(path):
        assert round(window.start * SAMPLE_RATE) == at
        assert np.isfinite(window.samples).all()
        at += window.samples.shape[1]
        if at > 600 * SAMPLE_RATE:  # a header with a gap of hours, which becomes silence
            return


@contextmanager
def urls() -> Iterator[Round]:
    """Addresses of this machine in all spellings: none is connected to, and each refusal is one that is known."""
    real, verify = socket.getaddrinfo, ssl.create_default_context()

    def numeric(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        """No name is asked for outside; `localhost` is one that every machine knows."""
        if str(host).rstrip(".").lower() == "localhost":
            return real(host, port, *rest, **options)
        return real(host, port, *rest, **{**options, "flags": socket.AI_NUMERICHOST})

    with socket.socket() as listener, patch.object(socket, "getaddrinfo", numeric):
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        listener.setblocking(False)

        def round_(chance: random.Random) -> str:
            text = url(chance, listener.getsockname()[1])
            try:
                with guarded_client(allow=AllowList(), plain_http=True, connect_timeout=1, verify=verify) as client:
                    client.get(text)
            except (OutboundError, httpx2.HTTPError, httpx2.InvalidURL) as error:
                came = type(error).__name__
            else:
                raise AssertionError(f"{text!r} was answered")
            try:
                listener.accept()
            except BlockingIOError:
                return came
            raise AssertionError(f"{text!r} was connected to")

        yield round_


@contextmanager
def bodies() -> Iterator[Round]:
    """Changed examples of every request body, to a server: answered, never with a fault of the server's."""
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place) / "data", command="api", CALLSCRIBE_MODEL="base") as server,
        httpx2.Client(base_url=server.url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=30) as client,
    ):
        examples = list(_examples(client.get("/openapi.json").json()))
        assert len(examples) >= 5

        def round_(chance: random.Random) -> str:
            method, path, example = chance.choice(examples)
            document = changed_document(chance, example)
            body = json.dumps(document).encode()
            if chance.random() < 0.3:
                body = changed(chance, body, b'{"a": [1e999, -0, "\\ud800"]}' * 20)
            answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code < 500, (method, path, body[:300], answer.text)
            if answer.status_code >= 400:
                assert isinstance(answer.json()["code"], int)
            return str(answer.status_code)

        yield round_


def _examples(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Method, path and an example, of every operation that takes a body of JSON."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            given = [content["example"]] if "example" in content else []
            given += [each["value"] for each in content.get("examples", {}).values()]
            for example in given or [{}]:
                yield method.upper(), path, example


TARGETS = {"media": media, "urls": urls, "bodies": bodies}
