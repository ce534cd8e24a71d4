"""User and password in a URL: kept sealed, shown masked, and as they were for whoever uses the URL."""

import pytest
from cryptography.fernet import Fernet

from callscribe.accounts.secrets import TokenCipher
from callscribe.db.url_credentials import masked, sealed, unsealed
from callscribe.errors import SetupError

CIPHER = TokenCipher(Fernet.generate_key())
URL = "https://emma:pa%40ss@host.example:8443/a/call.wav?q=x@y#z"


@pytest.mark.parametrize(
    "url",
    [URL, "https://token@host.example", "s3://a:b@bucket/key", "http://a:b:c@d@host.example/", "https://a1b2:@h/"],
)
def test_a_url_with_credentials_is_kept_sealed_and_shown_masked(url: str) -> None:
    kept = sealed(url, CIPHER)
    secret = url.partition("://")[2].rpartition("@")[0] if "?" not in url else "emma:pa%40ss"
    assert secret not in kept
    assert unsealed(kept, CIPHER) == url
    assert masked(kept) == masked(url) == url.replace(f"{secret}@", "***@")
    with pytest.raises(SetupError):
        unsealed(kept, TokenCipher(Fernet.generate_key()))


@pytest.mark.parametrize("url", ["https://host.example/a@b", "https://host.example?to=a@b", "no url", ""])
def test_a_url_without_credentials_stays_as_it_is(url: str) -> None:
    assert sealed(url, None) == unsealed(url, None) == masked(url) == url


def test_urls_in_a_document_are_sealed_and_its_texts_are_not() -> None:
    document = {"name": URL, "callback": {"url": URL, "events": ["a"]}, "more": [{"url": URL}, URL], "none": None}
    kept = sealed(document, CIPHER)
    assert (kept["name"], kept["more"][1], kept["none"]) == (URL, URL, None)
    assert unsealed(kept["callback"]["url"], CIPHER) == unsealed(kept["more"][0]["url"], CIPHER) == URL
    assert masked(kept)["callback"] == {"url": masked(URL), "events": ["a"]}


def test_a_masked_url_that_comes_back_stays_what_it_was() -> None:
    kept = sealed({"callback": {"url": URL}}, CIPHER)
    assert sealed({"callback": {"url": masked(URL)}, "other": 1}, CIPHER, kept) == kept | {"other": 1}


def test_nothing_is_kept_unsealed_where_there_is_no_key() -> None:
    with pytest.raises(RuntimeError):
        sealed(URL, None)
