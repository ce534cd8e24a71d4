"""With encryption on, nothing of what was said, and of who said it, is found in any file: a real call, the real model.

Looked for in every byte below the data folder (the database with its log, blobs, spool, index) and in the server's log.
"""

import base64
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callscribe.sealing import new_key
from harness import ACCOUNT_SID, Receiver, Server, running
from media_server import MediaServer, body

CALL = files("callscribe.demo").joinpath("call.wav").read_bytes()
TITLE, NAME, ADDRESS, CALLER = "Tent complaint, urgent", "Emmeline Carterton", "+15550142", "+15550177"
WRITTEN = "Sleeping-bag-of-Zarathustra"


@pytest.fixture
def master() -> str:
    return base64.b64encode(new_key()).decode()


@pytest.fixture
def server(tmp_path: Path, master: str) -> Iterator[Server]:
    options = {"CALLSCRIBE_ENCRYPTION": "account", "CALLSCRIBE_MASTER_KEY": master, "CALLSCRIBE_CHUNK_SECONDS": "55"}
    with running(tmp_path / "data", **options) as server:
        yield server


@pytest.fixture
def media() -> Iterator[MediaServer]:
    with MediaServer().running() as server:
        server.paths["/call.wav"] = body(CALL)
        yield server


def secrets(sentences: list[dict[str, Any]]) -> dict[str, bytes]:
    """What must not be found, by what it is: sentences, the rarer words of them, names, and sound."""
    texts = [sentence["text"] for sentence in sentences]
    found = {text: text.encode() for text in [*texts, TITLE, NAME, ADDRESS, CALLER, WRITTEN] if len(text) > 8}
    found |= {word: word.encode() for text in texts for word in re.findall(r"[a-zA-Z]{9,}", text)}
    with wave.open(BytesIO(CALL)) as call:
        sound = call.readframes(call.getnframes())
    for place in range(1, 20):
        piece = sound[len(sound) * place // 20 :][:64]
        if len(set(piece)) > 24:
            found[f"sound at {place}/20"] = piece
    return found


def leaks(folder: Path, wanted: dict[str, bytes]) -> list[str]:
    """Where any of it is, in whatever case."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and "models" not in path.parts:  # whose dictionaries have all words
            data = path.read_bytes()
            lower = data.lower()
            found += [
                f"{what!r} in {path.relative_to(folder)}"
                for what, b in wanted.items()
                if b in data or b.lower() in lower
            ]
    return found


def keys(server: Server, *arguments: str, **environment: str) -> str:
    """What `callscribe keys` says, beside the server."""
    variables = {**server._environment, **environment}
    command = [sys.executable, "-m", "callscribe", "keys", *arguments, "--data", str(server.data)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def work(server: Server, media: MediaServer, receiver: Receiver) -> tuple[httpx2.Client, str, list[dict[str, Any]]]:
    """A call that is transcribed, stored, told, corrected, searched, listened to; and the recording of another."""
    client = server.client()
    conversations = client.post(
        "/v2/ControlPlane/Configurations",
        json={"displayName": "calls", "description": "", "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES"},
    )
    configuration = server.configure(
        transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        conversationConfigurationId=conversations.json()["related"]["configurationId"],
    )
    job = server.submit(
        configuration,
        media.url("/call.wav"),
        title=TITLE,
        participants=[
            {"audioChannelIndex": 1, "address": ADDRESS, "name": NAME},
            {"audioChannelIndex": 2, "address": "+15550143"},
        ],
    )
    assert server.ended(job)["status"] == "COMPLETED"
    receiver.wait()
    sentences = server.transcript(job)["sentences"]
    edit = {"edits": [{"sentenceIndex": 0, "text": WRITTEN}], "baseVersion": 0}
    assert client.patch(f"/v3/Transcriptions/{job}/Transcript", json=edit).is_success
    assert client.get(f"/v3/Transcriptions/{job}/Media").content == CALL
    assert client.get(f"/v3/Transcriptions/{job}/Peaks").is_success
    upload = client.post(
        f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings.json",
        params={"From": CALLER, "To": ADDRESS},
        content=CALL,
        headers={"Content-Type": "audio/wav"},
    )
    assert upload.is_success, upload.text
    sid = upload.json()["sid"]
    mp3 = client.get(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{sid}.mp3")
    assert mp3.is_success
    part = client.get(
        f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{sid}.wav", headers={"Range": "bytes=100001-300000"}
    )
    assert part.content == CALL[100001:300001]
    calls = client.get(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json", params={"From": CALLER}).json()["calls"]
    assert [each["from"] for each in calls] == [CALLER]
    return client, job, sentences


def found(client: httpx2.Client, text: str) -> list[str]:
    answer = client.get("/v3/Transcriptions", params={"search": text})
    assert answer.is_success, answer.text
    return [each["id"] for each in answer.json()["transcriptions"]]


@pytest.mark.long
def test_nothing_that_was_said_is_in_the_files(server: Server, media: MediaServer, tmp_path: Path) -> None:
    with Receiver().listening() as receiver:
        client, job, sentences = work(server, media, receiver)
        with closing(client):
            word = max((w for s in sentences for w in re.findall(r"[a-z]+", s["text"])), key=len)
            assert found(client, word) == [job]
            assert client.get("/v3/Transcriptions", params={"search": "ten*"}).status_code == 400
            wanted = secrets(sentences)
            assert len(wanted) > 20
            assert leaks(tmp_path, wanted) == []
    assert server.stop() == 0
    assert leaks(tmp_path, wanted) == []
    assert (tmp_path / "data" / "keys" / ACCOUNT_SID / "000001").is_file()


@pytest.mark.long
def test_an_erased_key_takes_all_with_it(server: Server, media: MediaServer, master: str) -> None:
    with Receiver().listening() as receiver:
        client, job, _ = work(server, media, receiver)
        client.close()
    server.stop()
    assert "1 key(s)" in keys(server, "erase", ACCOUNT_SID, "--yes")
    server.start()
    with server.client() as client:
        assert client.get(f"/v3/Transcriptions/{job}/Transcript").status_code == 404
        listed = client.get("/v3/Transcriptions").json()["transcriptions"]
        assert [each["id"] for each in listed] == [job]
        assert NAME not in client.get(f"/v3/Transcriptions/{job}").text
        # The account goes on with a new key.
        again = server.submit(server.configure(), media.url("/call.wav"), title=TITLE)
        assert server.ended(again)["status"] == "COMPLETED"
        assert server.transcript(again)["sentences"]
        assert client.get(f"/v3/Transcriptions/{again}").json()["transcription"]["title"] == TITLE


@pytest.mark.long
def test_an_erased_key_takes_originals_with_it(server: Server, media: MediaServer) -> None:
    media.paths["/card.flac"] = body((Path(__file__).parent.parent / "data" / "speech" / "card.flac").read_bytes())
    job = server.submit(server.configure(redaction={"policy": "redacted_and_original"}), media.url("/card.flac"))
    assert server.ended(job)["status"] == "COMPLETED"
    originals = [f"/v3/Transcriptions/{job}/{what}?redacted=false" for what in ("Transcript", "Media", "Peaks")]
    with server.client() as client:
        assert [client.get(each).status_code for each in originals] == [200] * 3
    server.stop()
    keys(server, "erase", ACCOUNT_SID, "--yes")
    server.start()
    with server.client() as client:
        assert [client.get(each).status_code for each in originals] == [404] * 3


@pytest.mark.long
def test_switched_on_and_off_and_rotated_over_what_is_there(tmp_path: Path, media: MediaServer, master: str) -> None:
    plain, on = {"CALLSCRIBE_ENCRYPTION": "none"}, {"CALLSCRIBE_ENCRYPTION": "account", "CALLSCRIBE_MASTER_KEY": master}
    off = {**plain, "CALLSCRIBE_MASTER_KEY": master}
    with running(tmp_path / "data", **plain) as server, Receiver().listening() as receiver:
        client, job, sentences = work(server, media, receiver)
        client.close()
    wanted = secrets(sentences)
    word = max((w for s in sentences for w in re.findall(r"[a-z]+", s["text"])), key=len)
    assert leaks(tmp_path, wanted)

    def reads(server: Server) -> None:
        transcript = server.transcript(job)
        assert transcript["sentences"][1]["text"] == sentences[1]["text"]
        with server.client() as client:
            assert found(client, word) == [job]
            assert client.get(f"/v3/Transcriptions/{job}").json()["transcription"]["title"] == TITLE

    with running(tmp_path / "data", **on) as server:
        reads(server)  # mixed: what was there is in plain
        said = keys(server, "reseal")
        assert re.search(r"[1-9]\d* of \d+ blob", said)
        reads(server)
        assert re.search(r"^0 of \d+ blob\(s\) and 0 of \d+ row", keys(server, "reseal"))
        assert ACCOUNT_SID in keys(server, "rotate", ACCOUNT_SID)
        assert keys(server, "list").count(ACCOUNT_SID) == 2
    with running(tmp_path / "data", **on) as server:
        reads(server)
        keys(server, "reseal", ACCOUNT_SID)
        reads(server)
        another = base64.b64encode(new_key()).decode()
        both = f"{another},{master}"
        assert "2 key(s)" in keys(server, "rewrap", CALLSCRIBE_MASTER_KEY=both)
        assert "older" not in keys(server, "list", CALLSCRIBE_MASTER_KEY=another)
    with running(tmp_path / "data", **{**on, "CALLSCRIBE_MASTER_KEY": another}) as server:
        reads(server)
    assert leaks(tmp_path, wanted) == []
    with running(tmp_path / "data", **{**off, "CALLSCRIBE_MASTER_KEY": another}) as server:
        keys(server, "reseal")
        reads(server)
    with running(tmp_path / "data", **plain) as server:
        reads(server)
