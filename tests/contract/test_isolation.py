"""No request sees or changes what is another account's. The requests are those of the OpenAPI document, all of them.

One account owns one resource of each kind, and everybody else asks for it: another account by its auth token and by an
API key, and people without credentials. A new endpoint is asked like the rest; one with a new path parameter fails
these tests until `MAKERS` says how to make what it names.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from callers import Caller, Front
from callscribe.accounts.service import Credentials
from callscribe.db.engine import Database
from callscribe.evaluation.documents import EvaluationReport
from callscribe.evaluation.examples import BY_SCHEMA
from callscribe.evaluation.service import Evaluations
from callscribe.settings import Settings
from harness import OPTIONS

OPEN = {"/healthz", "/readyz"}
SIGNED = {"/webhooks/recording-status"}
"""No account's credentials lead there."""

RECORDING_OPTIONS = {"configurationType": "Recording", "features": []}
OPERATORS = "/v3/System"
"""Of the account of whoever runs the server, which is none of these: 403 there."""
OF_ATTEMPTS = "/v3/Audit"
"""Has a new line for every look, and for every attempt of others to get in."""
STREAMS = re.compile(r".*/Events$")
"""Answers that end with the job, which nobody works on here."""

ID = re.compile(r"\b(?:voice|conv)_[a-z]+_[0-9a-z]{26}\b")
MARK = "what only its owner may read"


@dataclass
class Owned:
    """An account with a resource of each kind, and the OpenAPI document that names the kinds."""

    caller: Caller
    document: dict[str, Any]
    call: bytes
    made: dict[tuple[str, str], str] = field(default_factory=dict)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Method, path and description of what needs credentials."""
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                if path not in OPEN | SIGNED:
                    yield method.upper(), path, operation

    def filled(self, path: str, account_sid: str) -> str:
        """The path with what this account owns, below an account."""
        for name in re.findall(r"\{(\w+)\}", path):
            value = account_sid if name == "account_sid" else self.value(name, path)
            path = path.replace(f"{{{name}}}", value)
        return path

    def value(self, name: str, path: str) -> str:
        """The id for a parameter of a path; made at the first time."""
        kind = path.split("/")[3] if name == "id_or_unique_name" else ""
        if (name, kind) not in self.made:
            assert name in MAKERS, f"say how to make a {name}: {path} is new"
            self.made[name, kind] = MAKERS[name](self, path)
        return self.made[name, kind]

    def post(self, path: str, status: int, **body: Any) -> dict[str, Any]:
        """The answer to a POST that must succeed."""
        answer = self.caller.http.post(path, **body)
        assert answer.status_code == status, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def seen(self) -> dict[str, tuple[int, str]]:
        """Every answer that the owner gets to a GET."""
        paths = {
            self.filled(path, self.caller.sid)
            for method, path, _ in self.operations()
            if method == "GET" and not STREAMS.fullmatch(path) and path != OF_ATTEMPTS
        }
        answers = {path: self.caller.http.get(path) for path in sorted(paths)}
        return {path: (answer.status_code, answer.text) for path, answer in answers.items()}


def _transcription(owned: Owned, _path: str) -> str:
    return owned.caller.submit(
        owned.value("id_or_unique_name", "/v2/Configurations/Transcription/{id_or_unique_name}"),
        participants=[{"audioChannelIndex": 1, "name": MARK}],
    )


def _configuration(owned: Owned, path: str) -> str:
    collection = path.removesuffix("/{id_or_unique_name}")
    options = RECORDING_OPTIONS if collection.endswith("Recording") else OPTIONS
    own = {"description": MARK, "configuration": options}
    made = owned.post(collection, 201, json=own)
    default = owned.caller.http.post(f"{collection}/Default", json={"configuration_id": made["id"]})
    assert default.status_code == 204, default.text
    owned.post(collection.replace("Configurations", "AccountDefaultConfiguration"), 201, json=own)
    return str(made["id"])


def _key(owned: Owned, _path: str) -> str:
    path = f"/2010-04-01/Accounts/{owned.caller.sid}/Keys.json"
    return str(owned.post(path, 201, data={"FriendlyName": MARK})["sid"])


def _recording(owned: Owned, _path: str) -> str:
    path = f"/2010-04-01/Accounts/{owned.caller.sid}/Recordings.json"
    fields = {"CallSid": "CA" + "7" * 32, "From": "+15550100", "To": "+15550111", "Direction": "inbound"}
    headers = {"Content-Type": "audio/wav"}
    return str(owned.post(path, 201, params=fields, headers=headers, content=owned.call)["sid"])


def _call(owned: Owned, path: str) -> str:
    recording = owned.value("recording_sid", path)
    answer = owned.caller.http.get(f"/2010-04-01/Accounts/{owned.caller.sid}/Recordings/{recording}.json")
    return str(answer.json()["call_sid"])


def _conversation_configuration(owned: Owned, _path: str) -> str:
    body = {
        "displayName": "Support",
        "description": MARK,
        "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
    }
    accepted = owned.post("/v2/ControlPlane/Configurations", 202, json=body)
    owned.made["operation_id", ""] = accepted["statusUrl"].rpartition("/")[2]
    return str(accepted["related"]["configurationId"])


def _operation(owned: Owned, path: str) -> str:
    owned.value("configuration_id", path)
    return owned.made["operation_id", ""]


def _conversation(owned: Owned, path: str) -> str:
    body = {"configurationId": owned.value("configuration_id", path), "name": MARK}
    return str(owned.post("/v2/Conversations", 201, json=body)["id"])


def _participant(owned: Owned, path: str) -> str:
    body = {"name": MARK, "type": "CUSTOMER", "addresses": [{"channel": "VOICE", "address": "+15550100"}]}
    collection = f"/v2/Conversations/{owned.value('conversation_id', path)}/Participants"
    return str(owned.post(collection, 201, json=body)["id"])


def _communication(owned: Owned, path: str) -> str:
    author = {"address": "+15550100", "channel": "VOICE", "participantId": owned.value("participant_id", path)}
    body = {"author": author, "content": {"type": "TEXT", "text": MARK}, "recipients": []}
    collection = f"/v2/Conversations/{owned.value('conversation_id', path)}/Communications"
    return str(owned.post(collection, 201, json=body)["id"])


def _evaluation(owned: Owned, _path: str) -> str:
    """The operator's: nobody but the command line makes one."""
    report = EvaluationReport.model_validate(BY_SCHEMA["EvaluationResource"]["report"])
    with closing(Database(Settings(data_dir=owned.caller.server.data).database)) as database:
        return Evaluations(database).keep(MARK, report).id


OF_ALL = {"format_", "model_name"}
"""Parameters of paths that name nothing of anybody's."""

MAKERS: dict[str, Callable[[Owned, str], str]] = {
    "transcription_id": _transcription,
    "format_": lambda _owned, _path: "txt",
    "model_name": lambda _owned, _path: "base",
    "id_or_unique_name": _configuration,
    "key_sid": _key,
    "recording_sid": _recording,
    "call_sid": _call,
    "configuration_id": _conversation_configuration,
    "operation_id": _operation,
    "conversation_id": _conversation,
    "participant_id": _participant,
    "communication_id": _communication,
    "evaluation_id": _evaluation,
}


@pytest.fixture(scope="module")
def owned(api: Front, call: bytes) -> Owned:
    document = httpx2.get(f"{api.server.url}/openapi.json", trust_env=False).json()
    owned = Owned(api.caller(), document, call)
    for _, path, _ in owned.operations():
        owned.filled(path, owned.caller.sid)
    return owned


@dataclass(frozen=True, slots=True)
class Request:
    """One request for the test: `foreign` where its path leads to what is the owner's, `naming` where its body does."""

    method: str
    path: str
    url: str
    body: dict[str, Any]
    foreign: bool
    naming: bool

    def by(self, client: httpx2.Client) -> httpx2.Response:
        """The answer to it."""
        return client.request(self.method, self.url, **self.body)


def _requests(owned: Owned, sid: str) -> Iterator[Request]:
    """All that an account with this SID can ask: below its own SID, and below the owner's."""
    for method, path, operation in owned.operations():
        body, naming = _body(owned, operation)
        for below in sorted({owned.caller.sid, sid}) if "{account_sid}" in path else [sid]:
            names = set(re.findall(r"\{(\w+)\}", path)) - {"account_sid"}
            foreign = bool(names) or ("{account_sid}" in path and below == owned.caller.sid)
            yield Request(method, path, owned.filled(path, below), body, foreign, naming)


def _body(owned: Owned, operation: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What to send: the document's example, with the owner's ids for those in it. And whether there are any."""
    families = {value.rpartition("_")[0]: value for value in owned.made.values() if ID.fullmatch(value)}

    def of_owner(found: re.Match[str]) -> str:
        return families.get(found[0].rpartition("_")[0], found[0])

    content = operation.get("requestBody", {}).get("content", {})
    for media_type, member in (("application/json", "json"), ("application/x-www-form-urlencoded", "data")):
        if media_type in content:
            name = content[media_type]["schema"]["$ref"].rpartition("/")[2]
            example = json.dumps(owned.document["components"]["schemas"][name]["examples"][0])
            naming = ID.sub(of_owner, example)
            return {member: json.loads(naming)}, naming != example
    return {}, False


def _is_empty_list(answer: httpx2.Response) -> bool:
    if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("application/json"):
        return False
    document = answer.json()
    is_list = "meta" in document or "page_size" in document
    return is_list and [value for value in document.values() if isinstance(value, list)] == [[]]


def _fault(owned: Owned, request: Request, answer: httpx2.Response, *, by_key: bool) -> str | None:
    """What is wrong with an answer to another account."""
    is_barred = request.path.startswith(OPERATORS) or (by_key and "/Keys" in request.path)
    refused = {403, 404} if is_barred else {404}
    if request.foreign and answer.status_code not in refused and not _is_empty_list(answer):
        return "is not 404"
    if request.naming and request.method in {"POST", "PUT"} and answer.is_success:
        return "is taken, though it names what is the owner's"
    if answer.status_code >= 500:
        return "is a fault of the server"
    if _told(owned, request, answer):
        return "tells something of the owner"
    return None


def _told(owned: Owned, request: Request, answer: httpx2.Response) -> bool:
    """Whether an answer has something that only the owner knows, and that was not in the request."""
    known = request.url + json.dumps(request.body)
    private = [MARK, owned.caller.sid, *(value for (name, _), value in owned.made.items() if name not in OF_ALL)]
    return any(value in answer.text for value in private if value not in known)


@pytest.mark.parametrize("by_key", [False, True], ids=["by token", "by key"])
def test_foreign_account_finds_nothing(owned: Owned, api: Front, by_key: bool) -> None:  # noqa: FBT001
    before = owned.seen()
    assert sum(status == 200 and MARK in text for status, text in before.values()) > 10
    other = api.caller()
    client = other.http
    if by_key:
        key = other.twilio.new_keys.create()
        client = api.caller(Credentials(key.sid, key.secret)).http
    faults = []
    requests = list(_requests(owned, other.sid))
    assert len(requests) > 60
    for request in requests:
        answer = request.by(client)
        if fault := _fault(owned, request, answer, by_key=by_key):
            faults.append(f"{request} {fault}: {answer.status_code} {answer.text[:300]}")
    assert not faults, "\n".join(faults)
    assert owned.seen() == before


def test_stranger_learns_nothing(owned: Owned, api: Front) -> None:
    before = owned.seen()
    key = owned.value("key_sid", "")
    for credentials in (None, (owned.caller.sid, ""), (owned.caller.sid, "0" * 32), (key, owned.caller.token)):
        hooks = {"response": [api.conformance.httpx_hook]}
        with httpx2.Client(base_url=api.server.url, auth=credentials, trust_env=False, event_hooks=hooks) as client:
            for request in _requests(owned, owned.caller.sid):
                answer = request.by(client)
                assert (answer.status_code, answer.json()["code"]) == (401, 20003), request
                assert not _told(owned, request, answer), request
    assert owned.seen() == before


OF_THE_CALLER = {"/2010-04-01/Accounts/{account_sid}.json", "/v3/Sessions/Current", "/v3/Engines", "/v3/Audit"}
"""Paths at which everybody finds themselves, or the same."""


def test_foreign_lists_are_empty(owned: Owned, api: Front) -> None:
    other = api.caller()
    lists = 0
    for request in _requests(owned, other.sid):
        if request.method == "GET" and not request.foreign:
            answer = request.by(other.http)
            if answer.is_success and request.path not in OF_THE_CALLER:
                assert _is_empty_list(answer), request
                lists += 1
    assert lists >= 8
