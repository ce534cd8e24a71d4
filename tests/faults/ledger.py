"""What was promised to clients of a fleet, and whether it came: each job once, its text, its callback, no more."""

import hashlib
import itertools
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from callscribe.accounts.service import Credentials
from callscribe.sealing import plain_size
from faults import leaks
from faults.chaos import RECORDINGS_AWAY, Chaos, Surroundings
from faults.clips import clip, two_parts
from faults.fleet import ACCOUNTS, Fleet
from faults.leaks import CARD, HARMLESS, POLICIES, Secrets
from harness import OPTIONS, eventually
from media_server import Behaviour, body, status

PATIENCE = 120.0
"""Seconds for which a client tries to be rid of one job."""

_INTAKES = "SELECT folder FROM recording_intakes"

Blobs = dict[str, dict[str, int]]
"""Bytes by name, by job."""

CARD_CALL = "/card.flac"
STORED = "a recording"
"""What the paths of recordings begin with that are uploaded, and that several jobs are of."""

ENDED = ("COMPLETED", "FAILED")
DOWNLOAD_FAILED = 17551


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ends: its status, the code of its failure, its sentences, the names of its blobs.

    Of one that redacts also the SHA-256 of its audio, and its original, or the status by which that is answered.
    """

    status: str
    code: int | None
    sentences: str
    blobs: frozenset[str]
    audio: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Order:
    """A job that is to be made: when, by which account, of which recording, asked of which API first.

    `redaction` is one of `leaks.POLICIES`, or nothing.
    """

    at: float
    number: int
    account: int
    path: str
    api: int
    wanted: float | None = None
    """Seconds after which its owner deletes it, ended or not."""
    redaction: str = ""

    @property
    def kind(self) -> tuple[str, str]:
        """What its outcome depends on."""
        return self.path, self.redaction

    @property
    def is_stored(self) -> bool:
        """Whether its recording is one that the account has uploaded."""
        return self.path.startswith(STORED)


@dataclass(slots=True)
class Promise:
    """A job that was answered with 202, and when, in seconds from the start."""

    order: Order
    id: str
    at: float


def recordings() -> dict[str, Behaviour]:
    """What there is to be transcribed, by path: short calls, calls of two chunks, and what is none."""
    made = {f"/short-{number}.wav": body(clip(0.5 + 2.9 * number, 4.0)) for number in range(8)}
    made |= {
        f"/long-{number}.wav": body(two_parts((0.5 + 9.0 * number, 5.0), (30.0 + 9.0 * number, 5.0), second_at=14.0))
        for number in range(2)
    }
    made |= {"/noise.wav": body(b"no recording at all " * 100), "/missing.wav": status(404)}
    return made | {CARD_CALL: body(CARD)}


def kinds(*, redacted: bool) -> list[tuple[str, str]]:
    """Paths with what is asked to be redacted; of each recording that is stored there are some in a row."""
    plain = [(path, "") for path in recordings() if path != CARD_CALL]
    if not redacted:
        return plain
    others = [("/short-0.wav", "redacted"), ("/long-0.wav", "redacted and original"), ("/noise.wav", "redacted")]
    cards = [(CARD_CALL, each) for each in POLICIES]
    return [*plain, *others, *cards, *((STORED, each) for each in (*POLICIES, "redacted"))]


def orders(chance: random.Random, jobs: int, seconds: float, *, redacted: bool = False) -> list[Order]:
    """Jobs at times and of recordings that `chance` gives; one account has more than half of them."""
    wanted = kinds(redacted=redacted)
    made: list[Order] = []
    for number in range(jobs):
        path, redaction = wanted[number % len(wanted)]
        order = Order(
            at=round(chance.uniform(0, seconds), 2),
            number=number,
            account=chance.choice([0, 0, 0, 1, 2]) if number >= ACCOUNTS else number,
            path=path,
            api=chance.randrange(2),
            wanted=round(chance.uniform(0.0, 15.0), 2) if number % 10 == 9 else None,
            redaction=redaction,
        )
        if order.is_stored:
            order = replace(order, path=f"{STORED}-{number // len(wanted)}")
            if made[-1].path == order.path:  # at almost the same time, so that one replaces what the other has in hand
                account, at = made[-1].account, round(made[-1].at + chance.uniform(0, 2), 2)
                order = replace(order, account=account, at=at)
        made.append(order)
    return sorted(made)


@dataclass(slots=True)
class Ledger:
    """Keeps the accounts of one run."""

    fleet: Fleet
    around: Surroundings
    media: str
    """Where the recordings are."""
    configurations: dict[tuple[int, str], str] = field(default_factory=dict)
    """By account and redaction."""
    stored: dict[str, str] = field(default_factory=dict)
    """The SIDs of uploaded recordings, by their paths."""
    expected: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    secrets: Secrets | None = None
    promises: list[Promise] = field(default_factory=list)
    retries: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    """What was found wrong."""
    deleted: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, callback: str, plan: Sequence[Order]) -> None:
        """Configurations for every account, what is stored, and each recording once, undisturbed."""
        redacted = any(order.redaction for order in plan)
        asked = {"": {}, **({name: {"redaction": each} for name, each in POLICIES.items()} if redacted else {})}
        silent = {name: self._configure(0, options) for name, options in asked.items()}
        told = {"transcriptionStatusCallback": {"url": callback, "method": "POST"}}
        self.configurations = {
            (account, name): self._configure(account, options | told)
            for account in range(ACCOUNTS)
            for name, options in asked.items()
        }
        for order in plan:
            if order.is_stored and order.path not in self.stored:
                self.stored[order.path] = self._upload(order.account)
        made = {
            (path, redaction): self._post(
                *(0, 0, silent[redaction], path, f"undisturbed {path} {redaction}".strip()),
                deadline=time.monotonic() + PATIENCE,
            )
            for path, redaction in kinds(redacted=redacted)
            if path != STORED
        }
        self.wait(made.values(), timeout=1200)
        blobs = self.blobs()
        for kind, job in made.items():
            self.expected[kind] = self._outcome(0, job, blobs, kind[1])
        plain = {path: each for (path, redaction), each in self.expected.items() if not redaction}
        texts = [each.sentences for each in plain.values() if each.status == "COMPLETED"]
        assert len(set(texts)) == len(texts) == len(plain) - 2, self.expected
        if redacted:
            self._know_secrets()
        for job in made.values():
            self._delete(0, job)

    def _know_secrets(self) -> None:
        """See that redaction took something out, which is to be found nowhere from now on."""
        self.secrets = Secrets.of(json.loads(self.expected[CARD_CALL, "redacted and original"].original))
        for name in POLICIES:
            outcome = self.expected[CARD_CALL, name]
            assert "[CARD_NUMBER]" in outcome.sentences, outcome
            assert "[CARD_CVV]" in outcome.sentences, outcome
            assert not self.secrets.left([("", outcome.sentences.encode())]), outcome
        assert len({self.expected[CARD_CALL, name].audio for name in POLICIES}) == len(POLICIES) - 1  # one with a tone

    def _upload(self, account: int) -> str:
        with self.fleet.client(self.fleet.accounts[account], 0) as client:
            path = f"/2010-04-01/Accounts/{self.fleet.accounts[account].sid}/Recordings.json"
            answer = client.post(path, content=CARD, headers={"Content-Type": "audio/flac"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sid"])

    def _configure(self, account: int, options: dict[str, Any]) -> str:
        with self.fleet.client(self.fleet.accounts[account], 0) as client:
            answer = client.post("/v2/Configurations/Transcription", json={"configuration": OPTIONS | options})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    @contextmanager
    def following(self, plan: Sequence[Order], chaos: Chaos) -> Iterator[None]:
        """Make jobs while the block runs; at its end all are made."""
        threads = [threading.Thread(target=self._submit, args=(order, chaos), daemon=True) for order in plan]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for thread in threads:
                thread.join()

    def _submit(self, order: Order, chaos: Chaos) -> None:
        chaos.wait(max(0.0, order.at - chaos.now))
        deadline = time.monotonic() + PATIENCE
        configuration = self.configurations[order.account, order.redaction]
        arguments = (configuration, order.path, f"order {order.number}")
        try:
            job = self._post(order.account, order.api, *arguments, deadline=deadline)
            promise = Promise(order, job, chaos.now)
            if order.number % 7 == 0:  # a client that did not see the answer
                again = self._post(order.account, order.api + 1, *arguments, deadline=deadline)
                if again != job:
                    self.faults.append(f"the same request made two jobs: {job}, {again}")
            if order.wanted is not None:
                chaos.wait(order.wanted)
                self._delete(order.account, job, api=order.api)
                return
        except Exception as error:  # noqa: BLE001  told at the end, with everything else
            self.faults.append(f"nobody took order {order.number}, or its deletion: {error!r}")
            return
        with self._lock:
            self.promises.append(promise)

    def _post(self, account: int, api: int, configuration: str, path: str, key: str, *, deadline: float) -> str:
        """Make a job as a client should: what fails on the way is asked again, with the same key, of the next API."""
        source = {"sourceId": self.stored[path]} if path in self.stored else {"mediaUrl": f"{self.media}{path}"}
        document = {"transcriptionConfigurationId": configuration, **source}
        headers = {"Idempotency-Key": key}
        answer = self._answered(account, api, "POST", "/v3/Transcriptions", deadline, json=document, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["transcription"]["id"])

    def _answered(
        self, account: int, api: int, method: str, path: str, deadline: float, **options: Any
    ) -> httpx2.Response:
        """An answer that is neither 429 nor 5xx."""
        for attempt in itertools.count():
            try:
                with self.fleet.client(self.fleet.accounts[account], api + attempt) as client:
                    answer = client.request(method, path, **options)
            except httpx2.TransportError as error:
                last = type(error).__name__
            else:
                last = f"HTTP {answer.status_code}"
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            with self._lock:
                self.retries[f"{method}: {last}"] += 1
            if time.monotonic() > deadline:
                raise AssertionError(f"not answered after {attempt + 1} attempts, the last {last}")
            time.sleep(0.5)
        raise AssertionError("not reached")

    def states(self) -> dict[str, str]:
        """Status by job, from the database."""
        return {job: state for job, state in self.fleet.postgres.rows("SELECT id, status FROM transcriptions")}  # noqa: C416

    def wait(self, jobs: Any, *, timeout: float) -> None:
        """Wait until these have ended."""
        wanted = set(jobs)

        def look() -> bool:
            states = self.states()
            return all(states.get(job) in ENDED for job in wanted)

        try:
            eventually(look, timeout=timeout, interval=0.5)
        except AssertionError:
            states = self.states()
            stuck = {job: states.get(job) for job in wanted if states.get(job) not in ENDED}
            raise AssertionError(f"not ended after {timeout} s: {stuck}") from None

    def blobs(self) -> Blobs:
        """The blobs of each job and each uploaded recording: bytes by name."""
        found: Blobs = defaultdict(dict)
        for key, size in self.fleet.store.blobs().items():
            _, job, name = key.split("/", 2)
            found[job][name] = size
        return found

    def _outcome(self, account: int, job: str, blobs: Blobs, redaction: str) -> Outcome:
        sentences = audio = original = ""
        with self.fleet.client(self.fleet.accounts[account], 0) as client:
            resource = client.get(f"/v3/Transcriptions/{job}").json()["transcription"]
            if resource["status"] == "COMPLETED":
                sentences = json.dumps(client.get(f"/v3/Transcriptions/{job}/Transcript").json()["sentences"])
            if sentences and redaction:
                audio = hashlib.sha256(client.get(f"/v3/Transcriptions/{job}/Media").content).hexdigest()
                answer = client.get(f"/v3/Transcriptions/{job}/Transcript", params={"redacted": "false"})
                original = json.dumps(answer.json()["sentences"]) if answer.is_success else f"{answer.status_code}"
        names = frozenset(name for name in blobs.get(job, ()) if not name.startswith("callback-"))
        return Outcome(resource["status"], resource.get("error", {}).get("code"), sentences, names, audio, original)

    def settle(self, chaos: Chaos, *, timeout: float) -> None:
        """Wait for what was promised, and look at all of it; what is wrong is in `faults`."""
        self.wait((promise.id for promise in self.promises), timeout=timeout)
        self._wait_for_quiet(timeout)
        blobs = self.blobs()
        for promise in self.promises:
            self._check_job(promise, chaos, blobs)
            self._check_callback(promise, blobs)
        self._check_nothing_else(blobs)
        self._check_storage()
        self._check_leaks()
        self._delete_half()
        self._check_storage()

    def _wait_for_quiet(self, timeout: float) -> None:
        """Until nothing waits, is in hand or runs."""
        query = (
            "SELECT workflow_uuid, status FROM dbos.workflow_status WHERE status NOT IN ('SUCCESS', 'CANCELLED') "
            "UNION ALL SELECT id, queue FROM work"
        )

        def look() -> bool:
            return not [row for row in self.fleet.postgres.rows(query) if row[1] != "ERROR"]

        with suppress(AssertionError):  # said in detail
            eventually(look, timeout=timeout, interval=0.5)
        self.faults += [f"workflow {job} is {state}" for job, state in self.fleet.postgres.rows(query)]

    def _check_job(self, promise: Promise, chaos: Chaos, blobs: Blobs) -> None:
        order = promise.order
        found = self._outcome(order.account, promise.id, blobs, order.redaction)
        what = f"{promise.id} ({' '.join(filter(None, order.kind))}, from {promise.at:.1f} s)"
        if order.is_stored:
            self._check_stored(what, self.stored[order.path], found)
            return
        expected = self.expected[order.kind]
        if found == expected:
            return
        if found.status == "FAILED" and found.code == DOWNLOAD_FAILED:
            if not any(ended > promise.at for _, ended in chaos.lasted(RECORDINGS_AWAY)):
                self.faults.append(f"{what} failed with {found.code}, and recordings were not away")
            if found.blobs:
                self.faults.append(f"{what} failed with {found.code} and left {sorted(found.blobs)}")
            return
        if (found.status, found.code) != (expected.status, expected.code):
            self.faults.append(f"{what} is {found.status} {found.code}, not {expected.status} {expected.code}")
        elif found.sentences != expected.sentences:
            self.faults.append(f"{what} says {found.sentences}, not {expected.sentences}")
        elif (found.audio, found.original) != (expected.audio, expected.original):
            self.faults.append(f"{what} sounds or was otherwise: {found}, not {expected}")
        else:
            self.faults.append(f"{what} has blobs {sorted(found.blobs)}, not {sorted(expected.blobs)}")

    def _check_stored(self, what: str, sid: str, found: Outcome) -> None:
        """It has the audio that its recording has by now; its text depends on when it was fetched."""
        [[sha256]] = self.fleet.postgres.rows("SELECT sha256 FROM recordings WHERE sid = %(sid)s", sid=sid)
        if (found.status, found.audio) != ("COMPLETED", sha256):
            self.faults.append(f"{what} of {sid} with {sha256} is {found}")
        if sha256 == hashlib.sha256(CARD).hexdigest():
            self.faults.append(f"{what} has left {sid} as it was")

    def _check_leaks(self) -> None:
        """Nothing that was redacted is anywhere; the search finds what it may."""
        if self.secrets is None:
            return
        sent = [(f"callback of {each.json['id']}", each.body) for each in self.around.receiver.received]
        with self.fleet.postgres.connect() as connection:
            connection.execute("CHECKPOINT")
        for places in (sent, leaks.blobs(self.fleet), leaks.rows(self.fleet), leaks.files(self.fleet)):
            self.faults += [f"a secret is in {place}" for place in self.secrets.left(places)]
        self.faults += [f"a secret can be heard in {place}" for place in leaks.heard(leaks.blobs(self.fleet))]
        seen = sum(HARMLESS in data for places in (sent, leaks.blobs(self.fleet)) for _, data in places)
        if not seen:
            self.faults.append("the search for secrets is blind")

    def _check_callback(self, promise: Promise, blobs: Blobs) -> None:
        """Delivered, always with the same body; and the log of attempts is what the receiver saw."""
        account: Credentials = self.fleet.accounts[promise.order.account]
        with self.fleet.client(account, 0) as client:
            callbacks = client.get(f"/v3/Transcriptions/{promise.id}/Callbacks").json()["callbacks"]
        if [each["status"] for each in callbacks] != ["DELIVERED"]:
            self.faults.append(f"callbacks of {promise.id}: {callbacks}")
            return
        attempts = callbacks[0]["attempts"]
        received = [each for each in self.around.receiver.received if each.json["id"] == promise.id]
        if len({each.body for each in received}) != 1:
            self.faults.append(f"{promise.id} had callbacks with {len({each.body for each in received})} bodies")
        accepted = self.around.accepted.count(promise.id)
        logged = sum(each["httpStatus"] == 200 for each in attempts)
        open_ = sum(each["finishedAt"] is None for each in attempts)
        # Each request is in the log before it is made. One that dies in it, or loses the answer, does not log its end.
        if not (len(received) <= len(attempts) and 1 <= logged <= accepted):
            self.faults.append(
                f"{promise.id}: {len(received)} requests came and {accepted} were accepted, in the log are "
                f"{len(attempts)}, {logged} accepted, {open_} open"
            )
        rows = self.fleet.postgres.rows("SELECT body_key FROM callbacks WHERE subject_id = %(id)s", id=promise.id)
        kept = {key.rpartition("/")[2] for (key,) in rows if key}
        there = {name for name in blobs.get(promise.id, ()) if name.startswith("callback-")}
        if kept != there:
            self.faults.append(f"{promise.id} has bodies {sorted(there)} of callbacks {sorted(kept)}")

    def _check_nothing_else(self, blobs: Blobs) -> None:
        promised = {promise.id for promise in self.promises}
        states = self.states()
        if states.keys() != promised:
            self.faults.append(f"jobs that nobody ordered, or that are gone: {states.keys() ^ promised}")
        folders = {folder for (folder,) in self.fleet.postgres.rows(f"SELECT blobs FROM recordings UNION {_INTAKES}")}
        known = promised | {folder.partition("/")[2] for folder in folders if folder}
        self.faults += [f"blobs of no job and no recording: {of} {sorted(blobs[of])}" for of in blobs.keys() - known]
        if rows := self.fleet.postgres.rows("SELECT transcription_id, number FROM chunks"):
            self.faults.append(f"left in chunks: {rows}")
        if unknown := {each.json["id"] for each in self.around.receiver.received} - promised - self.deleted:
            self.faults.append(f"callbacks of no job: {unknown}")

    def _check_storage(self) -> None:
        """What is counted of each account is what there is."""
        there: Counter[str] = Counter()
        coming = {folder for (folder,) in self.fleet.postgres.rows(_INTAKES)}  # and came to nothing: swept up later
        redacted = {promise.id for promise in self.promises if promise.order.redaction}
        for key, size in self.fleet.store.blobs().items():
            account, of, name = key.split("/", 2)
            if key.rpartition("/")[0] in coming or name.endswith(("segmentation.json", "derived/peaks.json")):
                continue
            is_sealed = self.fleet.encrypted or (of in redacted and name in {"media", "original.json"})
            there[account] += plain_size(size) if is_sealed else size
        counted = dict(self.fleet.postgres.rows("SELECT account_sid, stored_bytes FROM account_storage"))
        for account_ in self.fleet.accounts:
            if counted.get(account_.sid, 0) != there[account_.sid]:
                stored = f"{account_.sid} stores {there[account_.sid]}, counted are {counted.get(account_.sid)}"
                self.faults.append(stored)

    def _delete_half(self) -> None:
        """Delete every other job, and see that nothing of it is left but the answers kept for repeated requests."""
        for promise in self.promises[::2]:
            self._delete(promise.order.account, promise.id)
        try:
            eventually(lambda: not self._left(), timeout=90, interval=1.0)
        except AssertionError:
            self.faults += self._left()

    def _delete(self, account: int, job: str, *, api: int = 0) -> None:
        deadline = time.monotonic() + PATIENCE
        answer = self._answered(account, api, "DELETE", f"/v3/Transcriptions/{job}", deadline)
        with self._lock:
            self.deleted.add(job)
            if answer.status_code not in {204, 404}:  # the latter where the first answer was lost
                self.faults.append(f"DELETE of {job}: {answer.text}")

    def _left(self) -> list[str]:
        """What there is of deleted jobs."""
        blobs = self.blobs()
        left = [f"of the deleted {job} there are {sorted(blobs[job])}" for job in self.deleted if job in blobs]
        queries = {
            "transcriptions": "SELECT id FROM transcriptions",
            "callbacks": "SELECT subject_id FROM callbacks",
            "chunks": "SELECT transcription_id FROM chunks",
            "workflows": "SELECT substring(workflow_uuid from 'voice_transcription_[0-9a-z]{26}') "
            "FROM dbos.workflow_status WHERE name NOT IN ('erase', 'erase_late') OR status != 'SUCCESS'",
            "pieces of work": "SELECT substring(id from 'voice_transcription_[0-9a-z]{26}') FROM work",
        }
        for table, query in queries.items():
            found = {job for (job,) in self.fleet.postgres.rows(query)} & self.deleted
            left += [f"of the deleted {job} there is a row in {table}" for job in found]
        return left
