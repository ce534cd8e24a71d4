"""Every public error code is provoked over HTTP by some test of this folder.

No list of tests: answers are recorded as they come in (`conformance.codes_seen`), and the last test comes behind all of
them. Before it stand those codes that need a server with a fault of its own.
"""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from callers import Front
from callscribe.accounts.service import Credentials
from callscribe.errors import Code
from callscribe.speech.catalogue import Catalogue
from conformance import codes_seen
from faults.clips import clip
from harness import Receiver, running
from media_server import MediaServer, body


def test_17561_17564_store_and_receiver(tmp_path: Path, media: MediaServer, receiver: Receiver) -> None:
    with (
        running(tmp_path / "data", CALLSCRIBE_CALLBACK_MAX_BYTES="32768") as server,
        closing(Front(server)) as front,
    ):
        caller = front.caller()
        callback = {"url": receiver.url, "method": "POST"}
        # Where the account's media belong, there is a file: nothing can be written below it.
        folder = server.data / "blobs" / caller.sid
        folder.parent.mkdir(exist_ok=True)
        folder.touch()
        ended = caller.ended(caller.submit(caller.configure(), media.url("/call.wav")))
        assert (ended["status"], ended["error"]["code"]) == ("FAILED", 17561)
        folder.unlink()

        job = caller.submit(caller.configure(transcriptionStatusCallback=callback), media.url("/twice.wav"))
        (received,) = receiver.wait(timeout=120)
        (logged,) = caller.callbacks(job)
        assert (logged["status"], logged["reduced"], logged["errorCode"]) == ("DELIVERED", "words", 17564)
        assert len(received.body) <= 32_768
        sentences = caller.http.get(f"/v3/Transcriptions/{job}/Transcript").json()["sentences"]
        assert all(each["words"] for each in sentences)
        without_words = [{key: each[key] for key in each if key != "words"} for each in sentences]
        assert received.json["sentences"] == without_words


def test_17566_model_taken_away(tmp_path: Path) -> None:
    data, model = tmp_path / "data", tmp_path / "model"
    shutil.copytree(Catalogue(tmp_path / "models").path("tiny.en"), model)
    with MediaServer().running() as media:
        media.paths["/short.wav"] = body(clip(0.5, 3.0))
        with running(data, command="api", CALLSCRIBE_MODEL=str(model)) as server, closing(Front(server)) as front:
            caller = front.caller()
            account = Credentials(caller.sid, caller.token)
            job = caller.submit(caller.configure(), media.url("/short.wav"))
        with running(data) as server, closing(Front(server)) as front:
            ended = front.caller(account).ended(job)
    assert (ended["status"], ended["error"]["code"]) == ("FAILED", 17566)
    assert str(model) in ended["error"]["detail"]


@pytest.mark.looks_back
def test_every_code_seen_over_http() -> None:
    assert {f"{code.value} {code.name}" for code in Code if code not in codes_seen} == set()
