"""Signatures, checked by the SDK that receivers use."""

import hashlib

import pytest
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from callscribe.callbacks.signing import SharedKey, is_signed_form, signature_headers, signed_url

BODY = '{"status":"completed","text":"größer"}'
HASH = hashlib.sha256(BODY.encode()).hexdigest()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/?bodySHA256="),
        ("https://hooks.example.com/a?", "https://hooks.example.com/a?bodySHA256="),
        (
            "https://hooks.example.com/a?x=%20y&flag&z=1&z=2",
            "https://hooks.example.com/a?x=%20y&flag&z=1&z=2&bodySHA256=",
        ),
        ("https://hooks.example.com:8443/a#part", "https://hooks.example.com:8443/a?bodySHA256="),
        ("https://hooks.example.com:443/a", "https://hooks.example.com/a?bodySHA256="),
        ("http://exämple.com/ü?q=é", "http://xn--exmple-cua.com/%C3%BC?q=%C3%A9&bodySHA256="),
        ("https://user:secret@hooks.example.com/a", "https://user:secret@hooks.example.com/a?bodySHA256="),
        ("http://[2001:db8::1]:8080/a", "http://[2001:db8::1]:8080/a?bodySHA256="),
        ("https://hooks.example.com/a?bodySHA256=00&x=1", "https://hooks.example.com/a?x=1&bodySHA256="),
    ],
)
def test_body_hash_joins_query(url: str, expected: str) -> None:
    assert signed_url(url, BODY.encode()) == expected + HASH


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/a?x=1", "http://hooks.example.com:8080/", "http://a:b@h:81/"]
)
@pytest.mark.parametrize("key", [None, SharedKey("name", "secret")])
def test_validator_accepts_both(url: str, key: SharedKey | None) -> None:
    target = signed_url(url, BODY.encode())
    headers = signature_headers(target, "token", key)
    settings = headers.get("X-Twilio-Webhooks-Signature-Settings")
    assert settings == (key and "key=name,algorithm=HMAC_SHA256")
    validator = RequestValidator(key.secret if key else "token")
    algorithm = "HMAC_SHA256" if key else None
    assert validator.validate(target, BODY, headers["X-Twilio-Signature"], algorithm)
    assert not validator.validate(target, BODY + " ", headers["X-Twilio-Signature"], algorithm)


def test_a_secret_may_hold_colons() -> None:
    assert SharedKey.parse("name:a:b") == SharedKey("name", "a:b")


FORM = [("RecordingSid", "RE" + "0" * 32), ("CallSid", "CA1"), ("Empty", ""), ("Text", "grüße & co"), ("Text", "again")]


@pytest.mark.parametrize(
    "url",
    [
        "https://calls.example.com/webhooks/recording-status",
        "https://calls.example.com/base/webhooks/recording-status?campaign=spring%20sale&flag",
        "http://127.0.0.1:8321/webhooks/recording-status",
    ],
)
def test_only_twilio_signed_form_accepted(url: str) -> None:
    signature = RequestValidator("token").compute_signature(url, FormData(FORM))
    assert is_signed_form(signature, url, FORM, "token")
    assert not is_signed_form(signature, url, FORM, "another")
    assert not is_signed_form(signature, url + "x", FORM, "token")
    assert not is_signed_form(signature, url, [*FORM, ("More", "1")], "token")
    assert not is_signed_form(signature, url, FORM[1:], "token")
    for wrong in ("", "ü", signature[:-1]):
        assert not is_signed_form(wrong, url, FORM, "token")


def test_form_accepted_with_port_or_not() -> None:
    plain, explicit = "https://calls.example.com/hook", "https://calls.example.com:443/hook"
    for signed, seen in ((plain, explicit), (explicit, plain)):
        signature = RequestValidator("token").compute_signature(signed, dict(FORM))
        assert is_signed_form(signature, seen, list(dict(FORM).items()), "token")
