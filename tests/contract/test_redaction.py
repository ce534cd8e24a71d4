"""`redaction`: what is nobody's to read is in nothing that comes out, and the original is for a role of its own."""

import hashlib
import io
import itertools
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import docx
import httpx2
import numpy as np
import numpy.typing as npt
import pytest

from callers import Caller, Front
from callscribe.transcriptions.documents import InspectedMedia
from callscribe.transcriptions.tables import Status, Transcription
from harness import Receiver, eventually
from media_server import MediaServer, body
from sourcing import accepted, change_recording, put_recording, transcribe, upload, writing

CARD = (Path(__file__).parent.parent / "data" / "speech" / "card.flac").read_bytes()
"""A call in which a card number (4539 1488 0343 6467) and a security code (739) are said on channel 1."""

SHA256 = hashlib.sha256(CARD).hexdigest()

DIGITS = ("4539", "1488", "0343", "6467", "739.")
CARDS = ["CARD_NUMBER", "CARD_CVV"]
NUMBER, CODE = (6.6, 11.6), (17.6, 18.1)
"""Seconds that are well within what is said of them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call with a card number, transcribed."""

    caller: Caller
    id: str
    bodies: list[bytes]

    @property
    def path(self) -> str:
        return f"/v3/Transcriptions/{self.id}"

    def get(self, below: str, **query: Any) -> httpx2.Response:
        answer = self.caller.http.get(f"{self.path}/{below}", params=query)
        assert answer.is_success, answer.text
        return answer


def done(serve: Front, media: MediaServer, **redaction: Any) -> Iterator[Call]:
    caller = serve.caller()
    media.paths["/card.flac"] = body(CARD)
    with Receiver().listening() as receiver:
        configuration_id = caller.configure(
            redaction=redaction,
            conversationConfigurationId=caller.configure_conversations(),
            transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        )
        transcription_id = caller.submit(
            configuration_id,
            media.url("/card.flac"),
            participants=[
                {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100"},
                {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199"},
            ],
        )
        ended = caller.ended(transcription_id)
        assert ended["status"] == "COMPLETED", ended
        receiver.wait()
        yield Call(caller, transcription_id, [each.body for each in receiver.received])


@pytest.fixture(scope="module")
def redacted(serve: Front, media: MediaServer) -> Iterator[Call]:
    yield from done(serve, media, policy="redacted", entities=CARDS)


@pytest.fixture(scope="module")
def kept(serve: Front, media: MediaServer) -> Iterator[Call]:
    yield from done(serve, media, policy="redacted_and_original", entities=CARDS, mask="pii", audio="tone")


def samples(data: bytes) -> npt.NDArray[np.int16]:
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=8000)
    with av.open(io.BytesIO(data)) as file:
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in (*frames, *resampler.resample(None))])


def level(audio: npt.NDArray[np.int16], channel: int, start: float, end: float) -> float:
    part = audio[round(start * 8000) : round(end * 8000), channel].astype(np.float64)
    return float(np.sqrt(np.mean(part**2)))


def assert_in_no_file(call: Call) -> None:
    """Of the account's blobs, the database, the spool and the log; a model's vocabulary has every number.

    Other accounts of the server have the same call without redaction, in which each digit is a word.
    """
    server, said = call.caller.server, DIGITS[:4]
    written = ["".join(said[:2]), "".join(said[2:]), *(each.join(said[:2]) for each in " -.")]
    own = [*written, *map(" ".join, said)]
    for path in server.data.rglob("*"):
        parts = path.relative_to(server.data).parts
        if not path.is_file() or "models" in parts or (parts[0] == "blobs" and call.caller.sid not in parts):
            continue
        data = path.read_bytes()
        for form in own if parts[0] == "blobs" else written:
            assert form.encode() not in data, path
            assert form.encode("utf-16-le") not in data, path
    assert not [form for form in written if form in server.output()]


def check_text(text: str, *labels: str) -> None:
    for label in labels:
        assert label in text
    for digits in DIGITS:
        assert digits not in text


def test_labels_stand_in_every_format(redacted: Call) -> None:
    document = redacted.get("Transcript").json()
    texts = [each["text"] for each in document["sentences"]]
    check_text(" ".join(texts), "[CARD_NUMBER]", "[CARD_CVV]", "Thank you very much for your help")
    for sentence in document["sentences"]:
        assert sentence["text"] == " ".join(word["text"] for word in sentence["words"])
    number = next(each for each in document["sentences"] if "[CARD_NUMBER]" in each["text"])
    word = next(each for each in number["words"] if "[CARD_NUMBER]" in each["text"])
    assert word["startTimeSeconds"] < NUMBER[0] + 0.5
    assert word["endTimeSeconds"] > NUMBER[1] - 0.5
    for suffix in ("json", "vtt", "srt", "txt"):
        check_text(redacted.get(f"Transcript.{suffix}").text, "[CARD_NUMBER]", "[CARD_CVV]")
    paragraphs = docx.Document(io.BytesIO(redacted.get("Transcript.docx").content)).paragraphs
    check_text(" ".join(each.text for each in paragraphs), "[CARD_NUMBER]", "[CARD_CVV]")
    check_text(redacted.get("Transcript", version="original").text, "[CARD_NUMBER]")


def test_labels_stand_where_it_is_told(redacted: Call) -> None:
    (told,) = redacted.bodies
    check_text(told.decode(), "[CARD_NUMBER]", "[CARD_CVV]")
    resource = redacted.caller.http.get(redacted.path).json()["transcription"]
    communications = redacted.caller.http.get(
        f"/v2/Conversations/{resource['conversationId']}/Communications", params={"pageSize": 100}
    )
    check_text(communications.text, "[CARD_NUMBER]", "[CARD_CVV]")
    found = {
        # Beginnings are refused where search goes by hashes.
        text: redacted.caller.http.get("/v3/Transcriptions", params={"search": text}).json().get("transcriptions", [])
        for text in ("security code", *DIGITS, "4539*")
    }
    assert [each["id"] for each in found.pop("security code")] == [redacted.id]
    assert not any(found.values())


def test_labels_are_no_words_to_search_for(redacted: Call) -> None:
    listed = redacted.caller.http.get("/v3/Transcriptions", params={"search": "cvv"})
    assert listed.json()["transcriptions"] == []


def test_secret_is_silent_and_all_else_as_it_was(redacted: Call) -> None:
    was = samples(CARD)
    heard = samples(redacted.get("Media").content)
    assert heard.shape == was.shape
    for start, end in (NUMBER, CODE):
        assert level(was, 0, start, end) > 500
        assert level(heard, 0, start, end) == 0
    changed = np.flatnonzero((heard != was).any(axis=1)) / 8000
    assert changed.min() > NUMBER[0] - 1.5
    assert changed.max() < CODE[1] + 1.5
    between = (changed > NUMBER[1] + 1.5) & (changed < CODE[0] - 1.5)
    assert not between.any()
    assert (heard[:, 1] == was[:, 1]).all()  # the other party's channel
    media = redacted.get("Media", playable="true")
    assert media.headers["content-type"] == "audio/flac"
    assert (samples(media.content) == heard).all()
    peaks = redacted.get("Peaks").json()
    middle = round(8.0 / peaks["secondsPerPeak"])
    assert peaks["channels"][0][middle] == 0


def test_secret_is_in_no_file(redacted: Call) -> None:
    def look() -> bool:  # what the job left is deleted behind its end
        return not (redacted.caller.blobs(redacted.id) / "chunks").exists()

    eventually(look)
    folder = redacted.caller.blobs(redacted.id)
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert [each for each in names if not each.startswith("callback-")] == [
        "redacted/derived/peaks.json",
        "redacted/media",
        "transcript.json",
    ]
    assert_in_no_file(redacted)


def test_original_is_gone(redacted: Call) -> None:
    for below in ("Transcript", "Transcript.txt", "Media", "Peaks"):
        answer = redacted.caller.http.get(f"{redacted.path}/{below}", params={"redacted": "false"})
        assert answer.status_code == 410, answer.text
        assert "erased with the end of the job" in answer.json()["detail"]


def test_correction_brings_nothing_back(redacted: Call) -> None:
    document = redacted.get("Transcript").json()
    index = next(each["sentenceIndex"] for each in document["sentences"] if "[CARD_NUMBER]" in each["text"])
    edit = {"sentenceIndex": index, "text": "It is 4539 1488 0343 6467, as far as that goes."}
    request = {"baseVersion": document["version"], "edits": [edit]}
    answers = [redacted.caller.http.patch(f"{redacted.path}/Transcript", json=request) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        check_text(answer.text, "It is [CARD_NUMBER]")
    assert answers[0].json() == answers[1].json()
    check_text(redacted.get("Transcript").text, "It is [CARD_NUMBER]")
    name = {"participantIndex": 0, "name": "Pat 4539 1488 0343 6467"}
    answer = redacted.caller.http.patch(
        f"{redacted.path}/Transcript", json={"baseVersion": answers[0].json()["version"], "participants": [name]}
    )
    assert answer.json()["participants"][0]["name"] == "Pat [CARD_NUMBER]"
    check_text(redacted.get("Transcript.vtt").text, "Pat [CARD_NUMBER]")
    test_secret_is_in_no_file(redacted)


def test_original_is_kept_for_its_role(kept: Call) -> None:
    check_text(kept.get("Transcript").text, "[PII]")
    caller = kept.caller
    original = kept.get("Transcript", redacted="false").json()
    text = " ".join(each["text"] for each in original["sentences"])
    assert "739" in text
    assert "[PII]" not in text
    assert original["version"] == 0
    assert "739" in kept.get("Transcript.vtt", redacted="false").text
    assert kept.get("Media", redacted="false").content == CARD
    assert kept.get("Media", redacted="false", playable="true").content == CARD
    answer = caller.http.get(f"{kept.path}/Media", params={"redacted": "false"}, headers={"Range": "bytes=10-99"})
    assert (answer.status_code, answer.content) == (206, CARD[10:100])
    peaks = [kept.get("Peaks", redacted=each).json()["channels"][0] for each in ("true", "false")]
    assert peaks[0] != peaks[1]
    refused = caller.http.get(f"{kept.path}/Transcript", params={"redacted": "false", "version": "1"})
    assert (refused.status_code, refused.json()["code"]) == (400, 20001)
    heard = samples(kept.get("Media").content)
    assert 1000 < level(heard, 0, *NUMBER) < 3500  # a tone


def test_each_reading_of_an_original_is_logged(kept: Call) -> None:
    kept.get("Transcript", redacted="false")
    kept.get("Media", redacted="false")
    events = kept.caller.http.get("/v3/Audit", params={"pageSize": 100}).json()["events"]
    read = [each for each in events if each["action"] == "original.read"]
    assert {each["subject"] for each in read} == {kept.id}
    assert {"transcript", "media"} <= {each["detail"]["what"] for each in read}


def test_standard_key_reads_no_original(kept: Call) -> None:
    key = kept.caller.twilio.new_keys.create()
    with httpx2.Client(base_url=kept.caller.server.url, auth=(key.sid, key.secret), trust_env=False) as client:
        for below in ("Transcript", "Transcript.srt", "Media", "Peaks"):
            answer = client.get(f"{kept.path}/{below}", params={"redacted": "false"})
            assert (answer.status_code, answer.json()["code"]) == (403, 20403)
            assert client.get(f"{kept.path}/{below}").status_code == 200


def test_original_is_sealed(kept: Call) -> None:
    folder = kept.caller.blobs(kept.id)
    for name in ("media", "original.json"):
        assert (folder / name).read_bytes().startswith(b"\xc5sealed")
    assert_in_no_file(kept)


@pytest.mark.long
def test_stricter_policy_holds_for_recording(serve: Front) -> None:
    caller = serve.caller()
    sid = upload(caller, CARD)
    openly = caller.configure()
    first = accepted(transcribe(caller, sid, openly))["id"]
    assert caller.ended(first)["status"] == "COMPLETED"
    media = f"/v3/Transcriptions/{first}/Media"
    assert caller.http.get(media).content == CARD
    rendered = caller.http.get(f"/2010-04-01/Accounts/{caller.sid}/Recordings/{sid}.wav").content
    assert level(samples(rendered), 0, *NUMBER) > 500
    wanted = caller.configure(redaction={"policy": "redacted", "entities": CARDS})
    strict = accepted(transcribe(caller, sid, wanted))["id"]
    assert caller.ended(strict)["status"] == "COMPLETED"
    wanted = caller.configure(redaction={"policy": "redacted", "audio": "none"})
    later = accepted(transcribe(caller, sid, wanted))["id"]
    assert caller.ended(later)["status"] == "COMPLETED"

    urls = [
        *(f"/v3/Transcriptions/{each}/Media" for each in (first, strict, later)),
        *(f"/2010-04-01/Accounts/{caller.sid}/Recordings/{sid}.{each}" for each in ("wav", "mp3")),
    ]
    for url in urls:
        heard = samples(caller.http.get(url).raise_for_status().content)
        assert level(heard, 0, *NUMBER) < 20, url
        assert level(heard, 0, 5.0, 5.8) > 500, url
    number = caller.http.get(f"/v3/Transcriptions/{first}/Transcript").json()
    said = "".join(each["text"] for each in number["sentences"])  # its text was not to be redacted
    assert "4539148" in said.replace(" ", "")  # grouped by each way of computing as it likes
    peaks = caller.http.get(f"/v3/Transcriptions/{first}/Peaks").json()
    assert peaks["channels"][0][round(8.0 / peaks["secondsPerPeak"])] == 0
    secret = [CARD[place : place + 64] for place in range(len(CARD) * 32 // 100, len(CARD) * 42 // 100, 8192)]

    def is_gone() -> bool:
        files = [each for each in (serve.server.data / "blobs" / caller.sid).rglob("*") if each.is_file()]
        return not any(piece in path.read_bytes() for path in files for piece in secret)

    eventually(is_gone)
    stored = caller.http.get(f"/2010-04-01/Accounts/{caller.sid}/Recordings/{sid}.json")
    assert stored.status_code == 200


@pytest.mark.long
def test_two_that_redact_at_once_mute_both(serve: Front) -> None:
    caller = serve.caller()
    sid = upload(caller, CARD)
    wanted = [caller.configure(redaction={"policy": "redacted", "entities": [each]}) for each in CARDS]
    jobs = [accepted(transcribe(caller, sid, each))["id"] for each in wanted]
    for job in jobs:
        assert caller.ended(job)["status"] == "COMPLETED"
    heard = [caller.http.get(f"/v3/Transcriptions/{job}/Media").content for job in jobs]
    assert heard[0] == heard[1]
    recording = caller.http.get(f"/2010-04-01/Accounts/{caller.sid}/Recordings/{sid}.wav").content
    for data in (*heard, recording):
        for start, end in (NUMBER, CODE):
            assert level(samples(data), 0, start, end) == 0
        assert level(samples(data), 0, 5.0, 5.8) > 500


def test_running_job_plays_nothing_that_was_redacted_elsewhere(api: Front) -> None:
    caller = api.caller()
    sid = put_recording(caller.server, caller.sid, sha256=SHA256)
    job = accepted(transcribe(caller, sid))["id"]
    media = caller.blobs(job) / "media"
    media.parent.mkdir(parents=True)
    media.write_bytes(CARD)
    info = InspectedMedia(container="flac", codec="flac", channels=2, sample_rate=8000, duration=25.0, regular=True)
    with writing(caller.server) as session:
        row = session.get_one(Transcription, job)
        row.status, row.media_sha256, row.media_info, row.media_bytes = Status.RUNNING, SHA256, info, len(CARD)
    urls = [f"/v3/Transcriptions/{job}/{each}" for each in ("Media", "Media?playable=true", "Peaks")]
    assert [caller.http.get(each).status_code for each in urls] == [200] * 3
    change_recording(caller.server, caller.sid, sid, sha256="2" * 64)  # as another job does that redacts it
    for url in urls:
        answer = caller.http.get(url)
        assert answer.status_code == 404
        assert answer.headers["Retry-After"] == "2"


def test_nothing_is_read_before_the_end(api: Front, media: MediaServer) -> None:
    caller = api.caller()
    transcription_id = caller.submit(caller.configure(redaction={"policy": "redacted"}), media.url("/card.flac"))
    for below, redacted in itertools.product(("Transcript", "Media", "Peaks"), ("true", "false")):
        answer = caller.http.get(f"/v3/Transcriptions/{transcription_id}/{below}", params={"redacted": redacted})
        assert answer.status_code == 404
        assert answer.headers["Retry-After"] == "2"


def test_recording_of_failed_job_is_not_kept(serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\0" * 8000)  # too short
    media.paths["/short.wav"] = body(data.getvalue())
    transcription_id = caller.submit(caller.configure(redaction={"policy": "redacted"}), media.url("/short.wav"))
    ended = caller.ended(transcription_id)
    assert ended["status"] == "FAILED"
    assert "links" not in ended or "media" not in ended["links"]
    answer = caller.http.get(f"/v3/Transcriptions/{transcription_id}/Media")
    assert answer.status_code == 404
    eventually(lambda: not list(caller.blobs(transcription_id).rglob("media")))
