"""Wrong tokens: how many are listened to, and who is not locked out by them."""

import pytest

from callscribe.accounts.attempts import OF_ADDRESS, OF_SID, FailedAttempts
from callscribe.errors import Code, RequestError, SetupError

OWNER, ATTACKER = "203.0.113.1", "198.51.100.66"
SID, OTHER = "AC" + "1" * 32, "AC" + "2" * 32
RATE = 3


def is_heard(attempts: FailedAttempts, sid: str, address: str | None) -> bool:
    try:
        attempts.check(sid, address)
    except RequestError:
        return False
    return True


@pytest.fixture
def attempts() -> FailedAttempts:
    return FailedAttempts(f"{RATE}/minute")


def test_one_guesses_a_few_times_only(attempts: FailedAttempts) -> None:
    heard = []
    for _ in range(RATE + 2):
        heard.append(is_heard(attempts, SID, ATTACKER))
        if heard[-1]:
            told = attempts.failed(SID, ATTACKER)
            assert told is (len(heard) == RATE)
    assert heard == [True] * RATE + [False] * 2
    with pytest.raises(RequestError) as refused:
        attempts.check(SID, ATTACKER)
    assert (refused.value.code, refused.value.status) == (Code.TOO_MANY_REQUESTS, 429)
    assert 1 <= (refused.value.retry_after or 0) <= 60


def test_owner_elsewhere_is_not_locked_out(attempts: FailedAttempts) -> None:
    for _ in range(RATE):
        attempts.failed(SID, ATTACKER)
    assert not is_heard(attempts, SID, ATTACKER)
    assert is_heard(attempts, SID, OWNER)
    assert is_heard(attempts, OTHER, ATTACKER)  # somebody else behind the same address


def test_one_address_tries_not_all_sids(attempts: FailedAttempts) -> None:
    for number in range(RATE * OF_ADDRESS):
        assert is_heard(attempts, f"SK{number}", ATTACKER)
        attempts.failed(f"SK{number}", ATTACKER)
    assert not is_heard(attempts, "SKanother", ATTACKER)
    assert is_heard(attempts, "SKanother", OWNER)


def test_a_hunted_sid_hears_each_address_once(attempts: FailedAttempts) -> None:
    for number in range(RATE * OF_SID):
        attempts.failed(SID, f"10.0.{number // 200}.{number % 200}")
    # So that the owner gets in from wherever it is, and a thousand addresses guess a thousand times only.
    assert is_heard(attempts, SID, OWNER)
    attempts.failed(SID, OWNER)
    assert not is_heard(attempts, SID, OWNER)
    assert is_heard(attempts, OTHER, OWNER)


def test_one_customer_has_one_network_of_ipv6(attempts: FailedAttempts) -> None:
    for number in range(RATE):
        attempts.failed(SID, f"2001:db8:1:2::{number}")
    assert not is_heard(attempts, SID, "2001:db8:1:2:ffff::9")
    assert is_heard(attempts, SID, "2001:db8:1:3::1")
    for _ in range(RATE):
        attempts.failed(OTHER, "::ffff:198.51.100.66")
    assert not is_heard(attempts, OTHER, ATTACKER)


def test_long_names_are_one(attempts: FailedAttempts) -> None:
    for number in range(RATE):
        attempts.failed("x" * 100 + str(number), None)
    assert not is_heard(attempts, "x" * 1000, None)


def test_without_a_limit_all_are_heard() -> None:
    attempts = FailedAttempts(None)
    assert not any(attempts.failed(SID, ATTACKER) for _ in range(100))
    assert is_heard(attempts, SID, ATTACKER)


def test_what_is_no_rate_is_an_error() -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_FAILED_ATTEMPTS"):
        FailedAttempts("often")
