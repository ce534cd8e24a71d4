"""What browsers and programs that only look ask for: HEAD, pages that run nothing of others, pages of other origins."""

import httpx2
import pytest

from callers import Caller, Front
from callscribe.ids import new_recording_sid

ORIGIN = "https://app.example.com"
PAGES = ("/console", "/console/calls/any", "/docs")


def paths(caller: Caller) -> list[str]:
    job = f"/v3/Transcriptions/{caller.submit(caller.configure())}"
    account = f"/2010-04-01/Accounts/{caller.sid}"
    return [
        *(*PAGES, "/docs/assets/swagger-ui.css", "/openapi.json", "/healthz", "/readyz", "/metrics"),
        *("/v3/Transcriptions", job, f"{job}/Callbacks", f"{job}/Transcript", f"{job}/Media", f"{job}/Events"),
        *("/v2/Configurations/Transcription", "/v2/ControlPlane/Configurations", "/v2/Conversations"),
        *(f"{account}.json", f"{account}/Recordings.json", f"{account}/Recordings/{new_recording_sid()}"),
    ]


def test_head_is_answered_as_get_without_a_body(caller: Caller) -> None:
    with httpx2.Client(base_url=caller.server.url, auth=(caller.sid, caller.token), trust_env=False) as client:
        for path in paths(caller):
            looked = client.head(path)
            assert looked.content == b""
            with client.stream("GET", path) as got:
                assert looked.status_code == got.status_code, path
                assert looked.headers.get("Content-Type") == got.headers.get("Content-Type"), path


def test_head_needs_a_login_too(caller: Caller) -> None:
    assert httpx2.head(f"{caller.server.url}/v3/Transcriptions", trust_env=False).status_code == 401


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_the_scripts_of_this_server_alone(caller: Caller, path: str) -> None:
    answer = caller.http.get(path)
    policy = dict(each.strip().split(" ", 1) for each in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_files_of_pages_alone_are_compressed(caller: Caller) -> None:
    for path in ("/console/assets/app/call.js", "/console/assets/style.css", "/docs/assets/swagger-ui-bundle.js"):
        answer = caller.http.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        again = caller.http.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert (
        "Content-Encoding" not in caller.http.get("/console/assets/style.css", headers={"Accept-Encoding": ""}).headers
    )
    assert "Content-Encoding" not in caller.http.get("/openapi.json").headers


def test_home_leads_to_the_console(caller: Caller) -> None:
    answer = caller.http.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/console")


def test_answers_stay_on_no_disk(caller: Caller) -> None:
    assert caller.http.get("/v3/Transcriptions").headers["Cache-Control"] == "no-store"


def preflight(url: str, origin: str) -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return httpx2.request("OPTIONS", f"{url}/v3/Transcriptions", headers=headers, trust_env=False)


def test_no_page_of_another_origin_may_ask(caller: Caller) -> None:
    assert preflight(caller.server.url, ORIGIN).status_code == 405
    answer = caller.http.get("/v3/Transcriptions", headers={"Origin": ORIGIN})
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_page_of_an_origin_in_the_settings_may(strict: Front) -> None:
    url = strict.server.url
    allowed = preflight(url, ORIGIN)
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "authorization" in allowed.headers["Access-Control-Allow-Headers"].lower()
    assert preflight(url, "https://elsewhere.example.com").status_code == 400
    answer = httpx2.get(f"{url}/v3/Transcriptions", headers={"Origin": ORIGIN}, trust_env=False)
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
