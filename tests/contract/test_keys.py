"""API keys and the account, as Twilio's SDK asks for them."""

from datetime import datetime

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from callers import Caller, Front
from callscribe.accounts.service import MEMORY, Credentials
from harness import eventually

NOBODY = "AC" + "0" * 32


def test_sdk_walks_life_cycle(caller: Caller) -> None:
    made = caller.twilio.new_keys.create(friendly_name="shop")
    assert made.sid.startswith("SK")
    assert made.friendly_name == "shop"
    assert len(made.secret) == 32
    assert isinstance(made.date_created, datetime)
    assert [key.sid for key in caller.twilio.keys.list()] == [made.sid]
    renamed = caller.twilio.keys(made.sid).update(friendly_name="warehouse")
    assert renamed.friendly_name == "warehouse"
    fetched = caller.twilio.keys(made.sid).fetch()
    assert (fetched.sid, fetched.friendly_name) == (made.sid, "warehouse")
    assert caller.twilio.keys(made.sid).update().friendly_name == "warehouse"
    assert caller.twilio.keys(made.sid).delete() is True
    with pytest.raises(TwilioRestException) as gone:
        caller.twilio.keys(made.sid).fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)
    assert caller.twilio.keys.list() == []


def test_a_key_needs_no_name(caller: Caller) -> None:
    assert caller.twilio.new_keys.create().friendly_name == ""


def test_keys_come_in_pages(caller: Caller) -> None:
    made = [caller.twilio.new_keys.create(friendly_name=f"key {number}").sid for number in range(5)]
    listed = [key.sid for key in caller.twilio.keys.list(page_size=2)]
    assert listed == made[::-1]
    path = f"/2010-04-01/Accounts/{caller.sid}/Keys.json"
    first = caller.http.get(path, params={"PageSize": 2}).json()
    assert (first["page"], first["page_size"], first["start"], first["end"]) == (0, 2, 0, 1)
    assert first["uri"] == first["first_page_uri"] == f"{path}?PageSize=2&Page=0"
    assert first["previous_page_uri"] is None
    second = caller.http.get(first["next_page_uri"]).json()
    assert (second["page"], second["start"], second["end"]) == (1, 2, 3)
    assert caller.http.get(second["previous_page_uri"]).json()["keys"] == first["keys"]
    assert caller.http.get(path, params={"PageSize": 5000}).json()["page_size"] == 1000
    for wrong in ({"PageSize": 0}, {"Page": -1}, {"PageToken": "x"}, {"PageSize": "many"}):
        answer = caller.http.get(path, params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, 20001), wrong


def test_key_opens_its_accounts_things(api: Front, caller: Caller) -> None:
    configuration_id = caller.configure()
    transcription_id = caller.submit(configuration_id)
    made = caller.twilio.new_keys.create()
    by_key = api.caller(Credentials(made.sid, made.secret))
    assert by_key.http.get(f"/v3/Transcriptions/{transcription_id}").status_code == 200
    assert by_key.http.get(f"/2010-04-01/Accounts/{caller.sid}.json").json()["sid"] == caller.sid
    job = by_key.create(configuration_id).json()["transcription"]
    assert job["accountId"] == caller.sid
    # As the SDK is used with a key: the account stands beside it.
    client = Client(made.sid, made.secret, caller.sid, http_client=caller.twilio.http_client)
    assert client.voice.v3.transcriptions(job["id"]).fetch().operation_id == job["id"]
    assert client.api.v2010.accounts(caller.sid).fetch().sid == caller.sid


def test_idempotency_is_the_accounts(api: Front, caller: Caller) -> None:
    made = caller.twilio.new_keys.create()
    by_key = api.caller(Credentials(made.sid, made.secret))
    configuration_id = caller.configure()
    body = {"transcriptionConfigurationId": configuration_id, "mediaUrl": "https://media.example.com/a.wav"}
    ids = {
        each.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "one"}).headers["Operation-Id"]
        for each in (caller, by_key)
    }
    assert len(ids) == 1


def test_a_key_may_not_manage_keys(api: Front, caller: Caller) -> None:
    made = caller.twilio.new_keys.create(friendly_name="kept")
    by_key = api.caller(Credentials(made.sid, made.secret))
    path = f"/2010-04-01/Accounts/{caller.sid}/Keys"
    attempts = [
        ("POST", f"{path}.json"),
        ("GET", f"{path}.json"),
        ("GET", f"{path}/{made.sid}.json"),
        ("POST", f"{path}/{made.sid}.json"),
        ("DELETE", f"{path}/{made.sid}.json"),
    ]
    for method, url in attempts:
        answer = by_key.http.request(method, url)
        assert (answer.status_code, answer.json()["code"]) == (403, 20403), (method, url)
    assert [key.sid for key in caller.twilio.keys.list()] == [made.sid]


def test_revoked_key_refused_in_time(api: Front, caller: Caller) -> None:
    made = caller.twilio.new_keys.create()
    by_key = api.caller(Credentials(made.sid, made.secret))
    assert by_key.http.get("/v3/Transcriptions").status_code == 200
    caller.twilio.keys(made.sid).delete()
    eventually(lambda: by_key.http.get("/v3/Transcriptions").status_code == 401, timeout=20 * MEMORY)
    assert caller.http.get("/v3/Transcriptions").status_code == 200


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"FriendlyName": "x" * 65}, "/FriendlyName"),
        ({"FriendlyName": "a\u0000b"}, "/FriendlyName"),
        ({"FriendlyName": "x", "Policy": "{}"}, "/Policy"),
    ],
)
def test_forms_that_are_refused(caller: Caller, form: dict[str, str], pointer: str) -> None:
    answer = caller.http.post(f"/2010-04-01/Accounts/{caller.sid}/Keys.json", data=form)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001), answer.text
    assert [error["pointer"] for error in answer.json()["details"]["errors"]] == [pointer]
    assert caller.twilio.keys.list() == []


def test_what_is_no_key_is_not_found(caller: Caller) -> None:
    for sid in ("SK" + "0" * 32, "SKx", "AC" + "0" * 32, "%00"):
        answer = caller.http.get(f"/2010-04-01/Accounts/{caller.sid}/Keys/{sid}.json")
        assert (answer.status_code, answer.json()["code"]) == (404, 20404), sid


def test_the_sdk_fetches_the_account(caller: Caller) -> None:
    account = caller.twilio.api.v2010.accounts(caller.sid).fetch()
    assert (account.sid, account.status, account.type) == (caller.sid, "active", "Full")
    assert account.friendly_name == "test"
    assert account.uri == f"/2010-04-01/Accounts/{caller.sid}.json"
    assert account.auth_token is None
    assert caller.token not in str(account.subresource_uris)


def test_foreign_account_not_found(caller: Caller, first_caller: Caller) -> None:
    answers = [
        caller.http.get(f"/2010-04-01/Accounts/{sid}{path}")
        for sid in (NOBODY, first_caller.sid)
        for path in (".json", "/Keys.json", f"/Keys/SK{'0' * 32}.json")
    ]
    assert {answer.status_code for answer in answers} == {404}
    # Whether it exists is not told.
    assert len({answer.text for answer in answers}) == 1
