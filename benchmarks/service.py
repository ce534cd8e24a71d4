"""A recogniser that is the whole service: a server of its own, the API, a job for each recording."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2

from callscribe.demo.server import own_server
from callscribe.ids import new_account_sid, new_auth_token
from callscribe.speech.languages import locale_of
from corpus import ROOT, Recording

POLL = 0.1
"""Seconds between two looks at a job."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _corpus_host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(ROOT))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def service(model: str) -> Iterator[Callable[[Recording], list[str]]]:
    """From a recording to the text of each of its channels, by the API of a server on this machine."""
    account = new_account_sid(), new_auth_token()
    configurations: dict[str, str] = {}
    with (
        _corpus_host() as media,
        own_server(*account) as url,
        httpx2.Client(base_url=url, auth=account, timeout=60, trust_env=False) as http,
    ):

        def configuration(language: str) -> str:
            if language not in configurations:
                options = {
                    "configurationType": "Transcription",
                    "transcriptionEngine": "whisper",
                    "speechModel": model,
                    "language": locale_of(language),
                }
                answer = http.post("/v2/Configurations/Transcription", json={"configuration": options})
                configurations[language] = answer.raise_for_status().json()["id"]
            return configurations[language]

        def texts(recording: Recording) -> list[str]:
            body = {
                "transcriptionConfigurationId": configuration(recording.language),
                "mediaUrl": f"{media}/{recording.path.relative_to(ROOT).as_posix()}",
            }
            job = http.post("/v3/Transcriptions", json=body).raise_for_status().json()["transcription"]
            while job["status"] not in {"COMPLETED", "FAILED"}:
                time.sleep(POLL)
                job = http.get(f"/v3/Transcriptions/{job['id']}").raise_for_status().json()["transcription"]
            if job["status"] == "FAILED":
                raise RuntimeError(f"{recording.path.name}: {job['error']}")
            document: dict[str, Any] = http.get(f"/v3/Transcriptions/{job['id']}/Transcript").raise_for_status().json()
            return [
                " ".join(
                    sentence["text"]
                    for sentence in document["sentences"]
                    if sentence["audioChannelIndex"] == channel + 1
                )
                for channel in range(recording.channels)
            ]

        yield texts
