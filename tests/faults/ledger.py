"""What was promised to clients of a fleet, and whether it came: each job once, its text, its callback, no more."""

import itertools
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from callscribe.accounts.service import Credentials
from faults.chaos import RECORDINGS_AWAY, Chaos, Surroundings
from faults.clips import clip, two_parts
from faults.fleet import ACCOUNTS, Fleet
from harness import OPTIONS, eventually
from media_server import Behaviour, body, status

PATIENCE = 120.0
"""Seconds for which a client tries to be rid of one job."""

Blobs = dict[str, dict[str, int]]
"""Bytes by name, by job."""

ENDED = ("COMPLETED", "FAILED")
DOWNLOAD_FAILED = 17551


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ends: its status, the code of its failure, its sentences, the names of its blobs."""

    status: str
    code: int | None
    sentences: str
    blobs: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class Order:
    """A job that is to be made: when, by which account, of which recording, asked of which API first."""

    at: float
    number: int
    account: int
    path: str
    api: int
    wanted: float | None = None
    """Seconds after which its owner deletes it, ended or not."""


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
    return made | {"/noise.wav": body(b"no recording at all " * 100), "/missing.wav": status(404)}


def orders(chance: random.Random, jobs: int, seconds: float) -> list[Order]:
    """Jobs at times and of recordings that `chance` gives; one account has more than half of them."""
    paths = list(recordings())
    return sorted(
        Order(
            at=round(chance.uniform(0, seconds), 2),
            number=number,
            account=chance.choice([0, 0, 0, 1, 2]) if number >= ACCOUNTS else number,
            path=paths[number % len(paths)],
            api=chance.randrange(2),
            wanted=round(chance.uniform(0.0, 15.0), 2) if number % 10 == 9 else None,
        )
        for number in range(jobs)
    )


@dataclass(slots=True)
class Ledger:
    """Keeps the accounts of one run."""

    fleet: Fleet
    around: Surroundings
    media: str
    """Where the recordings are."""
    configurations: list[str] = field(default_factory=list)
    expected: dict[str, Outcome] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)
    retries: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    """What was found wrong."""
    deleted: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, callback: str) -> None:
        """Configurations for every account, and each recording once, undisturbed."""
        silent = self._configure(0, {})
        self.configurations = [
            self._configure(account, {"transcriptionStatusCallback": {"url": callback, "method": "POST"}})
            for account in range(ACCOUNTS)
        ]
        made = {
            path: self._post(0, 0, silent, path, f"undisturbed {path}", deadline=time.monotonic() + PATIENCE)
            for path in recordings()
        }
        self.wait(made.values(), timeout=240)
        blobs = self.blobs()
        for path, job in made.items():
            self.expected[path] = self._outcome(0, job, blobs)
        texts = [each.sentences for each in self.expected.values() if each.status == "COMPLETED"]
        assert len(set(texts)) == len(texts) == len(made) - 2, self.expected
        for job in made.values():
            self._delete(0, job)

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
        arguments = (self.configurations[order.account], order.path, f"order {order.number}")
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
        document = {"transcriptionConfigurationId": configuration, "mediaUrl": f"{self.media}{path}"}
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
        """The blobs of each job: bytes by name."""
        found: Blobs = defaultdict(dict)
        for key, size in self.fleet.store.blobs().items():
            _, job, name = key.split("/", 2)
            found[job][name] = size
        return found

    def _outcome(self, account: int, job: str, blobs: Blobs) -> Outcome:
        with self.fleet.client(self.fleet.accounts[account], 0) as client:
            resource = client.get(f"/v3/Transcriptions/{job}").json()["transcription"]
            sentences = ""
            if resource["status"] == "COMPLETED":
                sentences = json.dumps(client.get(f"/v3/Transcriptions/{job}/Transcript").json()["sentences"])
        names = frozenset(name for name in blobs.get(job, ()) if not name.startswith("callback-"))
        return Outcome(resource["status"], resource.get("error", {}).get("code"), sentences, names)

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
        expected = self.expected[promise.order.path]
        found = self._outcome(promise.order.account, promise.id, blobs)
        if found == expected:
            return
        what = f"{promise.id} ({promise.order.path}, from {promise.at:.1f} s)"
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
        else:
            self.faults.append(f"{what} has blobs {sorted(found.blobs)}, not {sorted(expected.blobs)}")

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
        if extra := blobs.keys() - promised:
            self.faults += [f"blobs of no job: {job} {sorted(blobs[job])}" for job in extra]
        if rows := self.fleet.postgres.rows("SELECT transcription_id, number FROM chunks"):
            self.faults.append(f"left in chunks: {rows}")
        if unknown := {each.json["id"] for each in self.around.receiver.received} - promised - self.deleted:
            self.faults.append(f"callbacks of no job: {unknown}")

    def _check_storage(self) -> None:
        """What is counted of each account is what there is."""
        there: Counter[str] = Counter()
        for key, size in self.fleet.store.blobs().items():
            there[key.partition("/")[0]] += 0 if key.endswith(("/segmentation.json", "/derived/peaks.json")) else size
        counted = dict(self.fleet.postgres.rows("SELECT account_sid, stored_bytes FROM account_storage"))
        for account in self.fleet.accounts:
            if counted.get(account.sid, 0) != there[account.sid]:
                self.faults.append(f"{account.sid} stores {there[account.sid]}, counted are {counted.get(account.sid)}")

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
