"""/v2/Configurations/Transcription, its default, and the account's own options, by the SDK and by HTTP."""

import re
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest.voice.v2.account_default_configuration import AccountDefaultConfigurationContext
from twilio.rest.voice.v2.configuration import ConfigurationContext
from twilio.rest.voice.v2.configuration.default import DefaultList
from twilio.rest.voice.v2.transcription import TranscriptionContext, TranscriptionList

from callers import Caller
from callscribe.speech.languages import LOCALES
from harness import OPTIONS
from sourcing import make_conversation_configuration

PATH = "/v2/Configurations/Transcription"
NOWHERE = f"conv_configuration_{'0' * 26}"

Create = ConfigurationContext.VoiceV2ConfigurationRequest
Update = TranscriptionContext.VoiceV2ConfigurationTranscriptionRequest
AccountDefault = AccountDefaultConfigurationContext.VoiceV2AccountDefaultConfigurationRequest
Default = DefaultList.DefaultConfigurationRequest

COMBINATIONS = [
    *(("deepgram", model, language) for model in ("nova-3", "nova-2") for language in (*LOCALES, "multi")),
    *(("google", "chirp_2", language) for language in LOCALES if language != "es-MX"),
    *(("twilio_managed", "twilio_managed", language) for language in LOCALES),
    *(("whisper", "base", language) for language in (*LOCALES, "multi")),
]


def _post(caller: Caller, **fields: Any) -> Any:
    return caller.http.post(PATH, json={"configuration": OPTIONS, **fields})


def _refused(answer: Any, pointer: str) -> None:
    document = answer.json()
    assert answer.status_code == document["status"] == 400, answer.text
    assert document["code"] == 20001
    assert document["more_info"] == "https://www.twilio.com/docs/api/errors/20001"
    assert [error["pointer"] for error in document["details"]["errors"]] == [pointer]
    assert document["message"] == document["details"]["errors"][0]["detail"]


def test_sdk_walks_life_cycle(caller: Caller) -> None:
    options = OPTIONS | {"transcriptionStatusCallback": {"url": "https://hooks.example.com/done", "method": "POST"}}
    v2 = caller.twilio.voice.v2
    created = v2.configurations("Transcription").create(
        Create({"unique_name": "support", "description": "Support calls", "configuration": options})
    )
    (listed,) = caller.http.get(PATH).json()["content"]
    assert re.fullmatch(r"voice_transcriptionconfiguration_[0-9a-z]{26}", listed["id"])
    assert created.unique_name == listed["unique_name"] == "support"
    assert created.configuration == listed["configuration"]

    fetched = v2.transcription(listed["id"]).fetch()
    assert fetched.account_sid == caller.sid
    assert fetched.description == "Support calls"
    assert fetched.date_created.tzinfo is not None
    assert fetched.configuration["transcriptionStatusCallback"] == {
        "url": "https://hooks.example.com/done",
        "method": "POST",
        "events": None,
    }
    assert v2.transcription("support").fetch().id == listed["id"]
    assert v2.type("Transcription", "support").fetch().id == listed["id"]

    updated = v2.transcription("support").update(Update({"unique_name": "sales", "configuration": OPTIONS}))
    assert (updated.id, updated.unique_name, updated.description) == (listed["id"], "sales", None)
    assert "transcriptionStatusCallback" not in updated.configuration
    assert v2.transcription("sales").delete() is True
    with pytest.raises(TwilioRestException) as gone:
        v2.transcription(listed["id"]).fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)


def test_sdk_fault_leaves_it_created(caller: Caller) -> None:
    # `transcription.create()` sends the request and fails over its own result; seen in twilio 9.13.0.
    request = TranscriptionList.VoiceV2ConfigurationTranscriptionRequest(
        {"unique_name": "made-anyway", "configuration": OPTIONS}
    )
    with pytest.raises(AttributeError):
        caller.twilio.voice.v2.transcription.create(request)
    assert caller.http.get(f"{PATH}/made-anyway").status_code == 200


def test_sdk_sets_and_fetches_default(caller: Caller) -> None:
    default = caller.twilio.voice.v2.configurations("Transcription").default
    with pytest.raises(TwilioRestException) as missing:
        default.fetch()
    assert missing.value.status == 404
    first, second = caller.configure(), _post(caller, unique_name="second").json()["id"]
    for named, expected in ((first, first), ("second", second)):
        default.create(Default({"configuration_id": named}))
        assert default.fetch().id == expected


def test_default_ends_with_its_target(caller: Caller) -> None:
    configuration_id = caller.configure()
    assert caller.http.post(f"{PATH}/Default", json={"configuration_id": configuration_id}).status_code == 204
    caller.http.delete(f"{PATH}/{configuration_id}")
    assert caller.http.get(f"{PATH}/Default").status_code == 404


def test_a_default_must_be_there(caller: Caller, first_caller: Caller) -> None:
    for configuration_id in (f"voice_transcriptionconfiguration_{'0' * 26}", first_caller.configure()):
        answer = caller.http.post(f"{PATH}/Default", json={"configuration_id": configuration_id})
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_sdk_keeps_account_options(caller: Caller) -> None:
    own = caller.twilio.voice.v2.account_default_configuration("Transcription")
    with pytest.raises(TwilioRestException) as missing:
        own.fetch()
    assert missing.value.status == 404
    created = own.create(AccountDefault({"description": "Ours", "configuration": OPTIONS}))
    assert (created.account_sid, created.description) == (caller.sid, "Ours")
    with pytest.raises(TwilioRestException) as there:
        own.create(AccountDefault({"configuration": OPTIONS}))
    assert there.value.status == 409
    updated = own.update(AccountDefault({"configuration": OPTIONS | {"language": "de-DE"}}))
    assert (updated.description, updated.configuration["language"]) == (None, "de-DE")
    assert own.fetch().configuration == updated.configuration
    assert own.delete() is True
    for gone in (own.fetch, own.delete):
        with pytest.raises(TwilioRestException):
            gone()
    assert own.create(AccountDefault({"configuration": OPTIONS})).configuration["language"] == "en-US"


def test_listed_newest_first_in_pages(caller: Caller) -> None:
    ids = [caller.configure() for _ in range(5)][::-1]
    first = caller.http.get(PATH, params={"pageSize": 2}).json()
    assert first["meta"] == {
        "list_key": "content",
        "next_token": first["meta"]["next_token"],
        "direct_token": False,
        "page_size": 2,
    }
    second = caller.http.get(PATH, params={"pageToken": first["meta"]["next_token"]}).json()
    third = caller.http.get(PATH, params={"PageToken": second["meta"]["next_token"], "PageSize": 2}).json()
    assert "next_token" not in third["meta"]
    assert [each["id"] for page in (first, second, third) for each in page["content"]] == ids
    back = caller.http.get(PATH, params={"pageToken": third["meta"]["previous_token"]}).json()
    assert back["content"] == second["content"]


def test_snake_case_outside_camel_inside(caller: Caller) -> None:
    answer = _post(caller)
    document = answer.json()
    assert answer.status_code == 201
    assert document.keys() == {
        "id", "account_sid", "unique_name", "description", "date_created", "date_updated", "configuration"
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["date_created"])
    assert document["configuration"] == OPTIONS | {"conversationConfigurationId": None}


@pytest.mark.parametrize("name", ["a", "support-calls_2", "X" * 50])
def test_unique_names_that_are_taken(caller: Caller, name: str) -> None:
    assert _post(caller, unique_name=name).json()["unique_name"] == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 51,
        "two words",
        "tab\t",
        "a/b",
        "ü",
        "a.b",
        f"voice_transcriptionconfiguration_{'0' * 26}",
        "Default",
        7,
    ],
)
def test_unique_names_refused(caller: Caller, name: object) -> None:
    _refused(_post(caller, unique_name=name), "/unique_name")


def test_name_unique_in_account_only(caller: Caller, first_caller: Caller) -> None:
    assert _post(caller, unique_name="one").status_code == 201
    again = _post(caller, unique_name="one")
    assert (again.status_code, again.json()["code"]) == (409, 20409)
    assert again.headers["X-Conflicting-Resource-Id"] == caller.http.get(f"{PATH}/one").json()["id"]
    other = caller.configure()
    changed = caller.http.put(f"{PATH}/{other}", json={"unique_name": "one", "configuration": OPTIONS})
    assert changed.status_code == 409
    assert caller.http.put(f"{PATH}/one", json={"unique_name": "one", "configuration": OPTIONS}).status_code == 200
    mine = _post(first_caller, unique_name="one")
    assert mine.status_code == 201
    assert first_caller.http.delete(f"{PATH}/one").status_code == 204
    assert caller.http.get(f"{PATH}/one").status_code == 200


def test_camel_case_name_taken_too(caller: Caller) -> None:
    # As Twilio's SDKs for typed languages send it.
    assert _post(caller, uniqueName="typed").json()["unique_name"] == "typed"


def test_many_may_have_no_name(caller: Caller) -> None:
    assert {_post(caller, unique_name=None).status_code for _ in range(2)} == {201}


@pytest.mark.parametrize(("engine", "model", "language"), COMBINATIONS)
def test_what_an_engine_has_is_taken(caller: Caller, engine: str, model: str, language: str) -> None:
    options = {"transcriptionEngine": engine, "speechModel": model, "language": language}
    answer = _post(caller, configuration=OPTIONS | options)
    assert answer.status_code == 201, answer.text
    assert answer.json()["configuration"].items() >= options.items()


@pytest.mark.parametrize(
    ("engine", "model", "language", "field"),
    [
        ("deepgram", "nova-1", "en-US", "speechModel"),
        ("deepgram", "chirp_2", "en-US", "speechModel"),
        ("deepgram", None, "en-US", "speechModel"),
        ("deepgram", "nova-3", "ja-JP", "language"),
        ("deepgram", "nova-3", "en", "language"),
        ("deepgram", "nova-3", "EN-us", "language"),
        ("google", "nova-3", "en-US", "speechModel"),
        ("google", "chirp_2", "es-MX", "language"),
        ("google", "chirp_2", "multi", "language"),
        ("twilio_managed", "nova-3", "en-US", "speechModel"),
        ("twilio_managed", None, "multi", "language"),
        ("whisper", "huge", "en-US", "speechModel"),
        ("whisper", "tiny.en", "de-DE", "language"),
        ("azure", "x", "en-US", "transcriptionEngine"),
        ("", "x", "en-US", "transcriptionEngine"),
    ],
)
def test_what_engine_lacks_refused(caller: Caller, engine: str, model: str | None, language: str, field: str) -> None:
    options = OPTIONS | {"transcriptionEngine": engine, "speechModel": model, "language": language}
    _refused(_post(caller, configuration=options), f"/configuration/{field}")
    _refused(
        caller.http.post("/v2/AccountDefaultConfiguration/Transcription", json={"configuration": options}),
        f"/configuration/{field}",
    )


def test_twilio_managed_model_filled_in(caller: Caller) -> None:
    options = {"transcriptionEngine": "twilio_managed", "language": "en-US"}
    assert _post(caller, configuration=options).json()["configuration"]["speechModel"] == "twilio_managed"


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        (
            {"transcriptionStatusCallback": {"url": "hooks.example.com", "method": "POST"}},
            "/transcriptionStatusCallback/url",
        ),
        ({"transcriptionStatusCallback": {"url": "ftp://hooks.example.com/"}}, "/transcriptionStatusCallback/url"),
        ({"transcriptionStatusCallback": {"url": "https://hooks example.com/"}}, "/transcriptionStatusCallback/url"),
        ({"transcriptionStatusCallback": {"url": "https://h.example.com:x/"}}, "/transcriptionStatusCallback/url"),
        ({"transcriptionStatusCallback": {"method": "POST"}}, "/transcriptionStatusCallback/url"),
        (
            {"transcriptionStatusCallback": {"url": "https://h.example.com/", "method": "GET"}},
            "/transcriptionStatusCallback/method",
        ),
        (
            {"transcriptionStatusCallback": {"url": "https://h.example.com/", "events": ["STARTED"]}},
            "/transcriptionStatusCallback/events/0",
        ),
        ({"conversationConfigurationId": "conv_1"}, "/conversationConfigurationId"),
        ({"configurationType": "Recording"}, "/configurationType"),
        (
            {"participantDefaults": [{"audioChannelIndex": 3, "type": "CUSTOMER"}]},
            "/participantDefaults/0/audioChannelIndex",
        ),
        ({"participantDefaults": [{"audioChannelIndex": 1, "type": "AGENT"}]}, "/participantDefaults/0/type"),
        ({"participantDefaults": [{"audioChannelIndex": 1, "type": "CUSTOMER"}]}, "/participantDefaults"),
        ({"participantDefaults": [{"audioChannelIndex": 1, "type": "CUSTOMER"}] * 2}, "/participantDefaults"),
        ({"keyterms": "Riverside"}, "/keyterms"),
        ({"keyterms": [f"term {index}" for index in range(501)]}, "/keyterms"),
        ({"keyterms": ["tent", "  "]}, "/keyterms/1"),
        ({"keyterms": ["x" * 101]}, "/keyterms/0"),
        ({"keyterms": ["a\u0000b"]}, "/keyterms/0"),
        ({"keyterms": [1455]}, "/keyterms/0"),
        ({"diarization": True}, "/diarization"),
        ({"diarization": {"enabled": "yes"}}, "/diarization/enabled"),
        ({"diarization": {"enabled": True, "minSpeakers": 0}}, "/diarization/minSpeakers"),
        ({"diarization": {"enabled": True, "maxSpeakers": 21}}, "/diarization/maxSpeakers"),
        ({"diarization": {"enabled": True, "maxSpeakers": 2.0}}, "/diarization/maxSpeakers"),
        ({"diarization": {"enabled": True, "minSpeakers": 3, "maxSpeakers": 2}}, "/diarization"),
        ({"diarization": {"enabled": True, "speakers": 2}}, "/diarization/speakers"),
        ({"redaction": {"policy": "all"}}, "/redaction/policy"),
        ({"redaction": {"policy": "redacted", "entities": []}}, "/redaction/entities"),
        ({"redaction": {"policy": "redacted", "entities": ["NAME", "CARD"]}}, "/redaction/entities/1"),
        ({"redaction": {"policy": "redacted", "mask": "stars"}}, "/redaction/mask"),
        ({"redaction": {"policy": "redacted", "audio": True}}, "/redaction/audio"),
        ({"redaction": {"policy": "redacted", "text": "none"}}, "/redaction/text"),
        ({"priority": "urgent"}, "/priority"),
        ({"onLanguageMismatch": "ignore"}, "/onLanguageMismatch"),
        ({"onLanguageMismatch": True}, "/onLanguageMismatch"),
        ({"verbatim": "yes"}, "/verbatim"),
        ({"language": 5}, "/language"),
        ({"redaction": "redacted"}, "/redaction"),
    ],
)
def test_options_that_are_refused(caller: Caller, options: dict[str, Any], pointer: str) -> None:
    _refused(_post(caller, configuration=OPTIONS | options), f"/configuration{pointer}")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"unique_name": "x"}, "/configuration"),
        ({"configuration": OPTIONS, "nickname": "x"}, "/nickname"),
        ({"configuration": {"language": "en-US"}}, "/configuration/transcriptionEngine"),
        ({"configuration": OPTIONS, "description": "x" * 513}, "/description"),
        ({"configuration": OPTIONS, "description": "a\u0000b"}, "/description"),
    ],
)
def test_bodies_that_are_refused(caller: Caller, body: dict[str, Any], pointer: str) -> None:
    _refused(caller.http.post(PATH, json=body), pointer)
    configuration_id = caller.configure()
    _refused(caller.http.put(f"{PATH}/{configuration_id}", json=body), pointer)


def test_keyterms_go_into_snapshot(caller: Caller) -> None:
    job = caller.create(caller.configure(keyterms=["Riverside Outdoor"])).json()["transcription"]
    assert job["resolvedConfiguration"]["keyterms"] == ["Riverside Outdoor"]


def test_priority_goes_into_snapshot(caller: Caller) -> None:
    job = caller.create(caller.configure(priority="high")).json()["transcription"]
    assert job["resolvedConfiguration"]["priority"] == "high"
    assert "priority" not in caller.create(caller.configure()).json()["transcription"]["resolvedConfiguration"]


@pytest.mark.parametrize("wish", ["notice", "follow", "omit"])
def test_language_mismatch_goes_into_snapshot(caller: Caller, wish: str) -> None:
    job = caller.create(caller.configure(onLanguageMismatch=wish)).json()["transcription"]
    assert job["resolvedConfiguration"]["onLanguageMismatch"] == wish
    bare = caller.create(caller.configure()).json()["transcription"]
    assert "onLanguageMismatch" not in bare["resolvedConfiguration"]


@pytest.mark.parametrize("wish", [True, False])
def test_verbatim_goes_into_snapshot(caller: Caller, *, wish: bool) -> None:
    job = caller.create(caller.configure(verbatim=wish)).json()["transcription"]
    assert job["resolvedConfiguration"]["verbatim"] is wish
    assert "verbatim" not in caller.create(caller.configure()).json()["transcription"]["resolvedConfiguration"]


def test_keyterms_keep_order_each_once(caller: Caller) -> None:
    terms = [f"term {index}" for index in range(497)]
    sent = ["  Riverside   Outdoor ", "Łódź", *terms, "Łódź"]
    answer = _post(caller, configuration=OPTIONS | {"keyterms": sent})
    assert answer.status_code == 201, answer.text
    assert answer.json()["configuration"]["keyterms"] == ["Riverside Outdoor", "Łódź", *terms]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {"enabled": False, "minSpeakers": 1, "maxSpeakers": 8}),
        ({"enabled": True}, {"enabled": True, "minSpeakers": 1, "maxSpeakers": 8}),
        ({"enabled": True, "minSpeakers": 12}, {"enabled": True, "minSpeakers": 12, "maxSpeakers": 12}),
        ({"enabled": True, "minSpeakers": 2, "maxSpeakers": 2}, {"enabled": True, "minSpeakers": 2, "maxSpeakers": 2}),
    ],
)
def test_diarization_goes_into_snapshot(caller: Caller, sent: dict[str, Any], kept: dict[str, Any]) -> None:
    configuration_id = caller.configure(diarization=sent)
    assert caller.http.get(f"{PATH}/{configuration_id}").json()["configuration"]["diarization"] == kept
    job = caller.create(configuration_id).json()["transcription"]
    assert job["resolvedConfiguration"]["diarization"] == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {"policy": "none", "entities": None, "mask": "entity_type", "audio": "silence"}),
        (
            {"policy": "redacted", "entities": ["NAME", "PIN", "NAME"], "audio": "tone"},
            {"policy": "redacted", "entities": ["NAME", "PIN"], "mask": "entity_type", "audio": "tone"},
        ),
    ],
)
def test_redaction_goes_into_snapshot(caller: Caller, sent: dict[str, Any], kept: dict[str, Any]) -> None:
    configuration_id = caller.configure(redaction=sent)
    assert caller.http.get(f"{PATH}/{configuration_id}").json()["configuration"]["redaction"] == kept
    job = caller.create(configuration_id).json()["transcription"]
    assert job["resolvedConfiguration"]["redaction"] == kept


def test_without_redaction_as_twilio(caller: Caller) -> None:
    assert "redaction" not in _post(caller, configuration=OPTIONS).json()["configuration"]


def test_without_diarization_as_twilio(caller: Caller) -> None:
    assert "diarization" not in _post(caller, configuration=OPTIONS).json()["configuration"]


def test_wrong_speaker_counts_named(caller: Caller) -> None:
    answer = _post(caller, configuration=OPTIONS | {"diarization": {"minSpeakers": 3, "maxSpeakers": 2}})
    assert answer.json()["message"] == "diarization: minSpeakers must not be greater than maxSpeakers"


def test_wrong_keyterms_named(caller: Caller) -> None:
    answer = _post(caller, configuration=OPTIONS | {"keyterms": ["tent", "x" * 101]})
    assert answer.json()["message"] == "keyterms: must have 1 to 100 characters, blanks around it not counted"


def test_legacy_error_is_rest_exception(caller: Caller) -> None:
    request = Create({"configuration": OPTIONS | {"speechModel": "nova-9"}})
    with pytest.raises(TwilioRestException) as refused:
        caller.twilio.voice.v2.configurations("Transcription").create(request)
    error = refused.value
    assert (error.status, error.code) == (400, 20001)
    assert "nova-9" in error.msg
    assert error.details["errors"][0]["pointer"] == "/configuration/speechModel"


def test_foreign_one_is_not_found(caller: Caller, first_caller: Caller) -> None:
    configuration_id = first_caller.configure()
    path = f"{PATH}/{configuration_id}"
    for answer in (
        caller.http.get(path),
        caller.http.put(path, json={"configuration": OPTIONS}),
        caller.http.delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert first_caller.http.get(path).status_code == 200


def test_conversation_config_must_exist(caller: Caller, first_caller: Caller) -> None:
    mine, anothers = make_conversation_configuration(caller), make_conversation_configuration(first_caller)
    configuration_id = caller.configure(conversationConfigurationId=mine)
    own = "/v2/AccountDefaultConfiguration/Transcription"
    for wrong in (NOWHERE, anothers):
        body = {"configuration": OPTIONS | {"conversationConfigurationId": wrong}}
        _refused(caller.http.post(PATH, json=body), "/configuration/conversationConfigurationId")
        _refused(caller.http.put(f"{PATH}/{configuration_id}", json=body), "/configuration/conversationConfigurationId")
        _refused(caller.http.post(own, json=body), "/configuration/conversationConfigurationId")
    kept = caller.http.get(f"{PATH}/{configuration_id}").json()["configuration"]
    assert kept["conversationConfigurationId"] == mine
