"""A server that listens to few wrong tokens."""

from collections.abc import Iterator

import httpx2
import pytest

from callers import Front
from callscribe.accounts.service import MEMORY
from harness import eventually, running

JOBS = "/v3/Transcriptions"
WRONG = "f" * 32


@pytest.fixture(scope="module")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("wary") / "data"
    with running(folder, command="api", CALLSCRIBE_FAILED_ATTEMPTS="3/minute") as server:
        front = Front(server)
        yield front
        front.close()


def at(wary: Front, address: str) -> httpx2.Client:
    """From an address, as a proxy on this machine says."""
    hooks = {"response": [wary.conformance.httpx_hook]}
    headers = {"X-Forwarded-For": address, "Origin": wary.server.url}
    return httpx2.Client(base_url=wary.server.url, headers=headers, trust_env=False, event_hooks=hooks)


def test_guessing_ends_and_the_owner_gets_in(wary: Front) -> None:
    owner, other = wary.server.new_account(), wary.server.new_account()
    with at(wary, "198.51.100.66") as attacker, at(wary, "203.0.113.1") as elsewhere:
        statuses = [attacker.get(JOBS, auth=(owner.sid, WRONG)).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        refused = attacker.get(JOBS, auth=(owner.sid, WRONG))
        assert refused.json()["code"] == 20429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        # Also the right one, or guessing would go on by it, and for a browser that signs in.
        assert attacker.get(JOBS, auth=(owner.sid, owner.token)).status_code == 429
        for secret in (WRONG, owner.token):
            assert attacker.post("/v3/Sessions", json={"sid": owner.sid, "secret": secret}).status_code == 429
        assert elsewhere.get(JOBS, auth=(owner.sid, owner.token)).status_code == 200
        assert elsewhere.post("/v3/Sessions", json={"sid": owner.sid, "secret": owner.token}).status_code == 204
        assert attacker.get(JOBS, auth=(other.sid, other.token)).status_code == 200
        events = elsewhere.get("/v3/Audit", auth=(owner.sid, owner.token))
        eventually(
            lambda: elsewhere.get("/v3/Audit?action=sign_in.blocked", auth=(owner.sid, owner.token)).json()["events"],
            timeout=10,
        )
        failed = elsewhere.get("/v3/Audit?action=sign_in.failed", auth=(owner.sid, owner.token)).json()["events"]
        assert {(each["address"], each["actor"]) for each in failed} == {("198.51.100.66", owner.sid)}
        assert len(failed) == 3  # what is not listened to is not written down each time either
        assert events.status_code == 200


def test_who_was_right_goes_on_beside_one_who_guesses(wary: Front) -> None:
    """Behind one proxy that names nobody, all have one address."""
    owner = wary.server.new_account()
    with at(wary, "198.51.100.77") as shared:
        assert shared.get(JOBS, auth=(owner.sid, owner.token)).status_code == 200
        for _ in range(5):
            shared.get(JOBS, auth=(owner.sid, WRONG))
        assert shared.get(JOBS, auth=(owner.sid, WRONG)).status_code == 429

        def is_looked_up_anew() -> bool:
            assert shared.get(JOBS, auth=(owner.sid, owner.token)).status_code == 200
            return True

        eventually(is_looked_up_anew, timeout=2 * MEMORY)


def test_a_request_without_credentials_is_no_attempt(wary: Front) -> None:
    with at(wary, "198.51.100.88") as nobody:
        assert {nobody.get(JOBS).status_code for _ in range(50)} == {401}
        assert {nobody.get(JOBS, headers={"Cookie": "callscribe_session=old"}).status_code for _ in range(50)} == {401}
