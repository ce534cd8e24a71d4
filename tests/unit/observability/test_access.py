import pytest

from callscribe.monitoring.access import may_read
from callscribe.settings import Settings

TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1"])
def test_machine_may_read_for_itself(peer: str) -> None:
    settings = Settings()
    assert may_read(settings, peer=peer, authorization=None, proxied=False)
    assert not may_read(settings, peer=peer, authorization=None, proxied=True)


@pytest.mark.parametrize("peer", ["10.0.0.1", "203.0.113.9", "::ffff:10.0.0.1", "testclient", None])
def test_others_may_not(peer: str | None) -> None:
    assert not may_read(Settings(), peer=peer, authorization=None, proxied=False)


def test_token_opens_from_anywhere() -> None:
    settings = Settings(metrics="off", metrics_token=TOKEN)
    assert may_read(settings, peer="10.0.0.1", authorization=f"Bearer {TOKEN}", proxied=True)
    assert may_read(settings, peer=None, authorization=f"bearer {TOKEN}", proxied=False)
    for wrong in (None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", "Bearer é"):
        assert not may_read(settings, peer="127.0.0.1", authorization=wrong, proxied=False)


def test_open_to_all_or_off_for_all() -> None:
    assert may_read(Settings(metrics="open"), peer="10.0.0.1", authorization=None, proxied=True)
    assert not may_read(Settings(metrics="off"), peer="127.0.0.1", authorization=None, proxied=False)


@pytest.mark.parametrize("url", ["https://calls.example.com", "http://10.0.0.7:8321", "http://[2001:db8::1]/"])
def test_silent_proxy_needs_token(url: str) -> None:
    settings = Settings(public_url=url, metrics_token=TOKEN)
    assert not may_read(settings, peer="127.0.0.1", authorization=None, proxied=False)
    assert may_read(settings, peer="127.0.0.1", authorization=f"Bearer {TOKEN}", proxied=False)


@pytest.mark.parametrize("url", ["http://localhost:8321", "http://127.0.0.1:8321", "http://[::1]:8321"])
def test_own_address_means_no_proxy(url: str) -> None:
    assert may_read(Settings(public_url=url), peer="127.0.0.1", authorization=None, proxied=False)
