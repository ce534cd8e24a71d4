"""Evaluations that were kept, for the operator's account alone."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from callers import Caller, Front
from callscribe.accounts.service import Credentials
from callscribe.db.engine import Database
from callscribe.evaluation.documents import EvaluationReport
from callscribe.evaluation.examples import BY_SCHEMA
from callscribe.evaluation.service import Evaluations
from callscribe.settings import Settings
from harness import ACCOUNT_SID, AUTH_TOKEN

PATH = "/v3/System/Evaluations"
REPORT = EvaluationReport.model_validate(BY_SCHEMA["EvaluationResource"]["report"])
NONE = f"{PATH}/voice_evaluation_{'0' * 26}"


@pytest.fixture
def operator(serve: Front) -> Caller:
    return serve.caller(Credentials(ACCOUNT_SID, AUTH_TOKEN))


@pytest.fixture
def kept(serve: Front) -> Iterator[Evaluations]:
    with closing(Database(Settings(data_dir=serve.server.data).database)) as database:
        yield Evaluations(database)


def test_they_come_newest_first_in_pages(operator: Caller, kept: Evaluations) -> None:
    made = [kept.keep(f"calls {number}", REPORT).id for number in range(3)]
    first = operator.http.get(PATH, params={"pageSize": 2}).json()
    assert [each["id"] for each in first["evaluations"]] == made[:0:-1]
    assert first["evaluations"][0]["engines"] == [{"engine": "whisper", "model": "base", "wordErrorRate": 0.05}]
    assert first["evaluations"][0]["recordings"] == 2
    second = operator.http.get(PATH, params={"pageToken": first["meta"]["nextToken"]}).json()
    assert second["evaluations"][0]["id"] == made[0]
    refused = operator.http.get(PATH, params={"pageToken": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (400, 20001)


def test_one_is_read_and_deleted_and_that_is_logged(operator: Caller, kept: Evaluations) -> None:
    row = kept.keep("mine", REPORT)
    answer = operator.http.get(f"{PATH}/{row.id}")
    assert answer.json()["title"] == "mine"
    assert answer.json()["report"] == BY_SCHEMA["EvaluationResource"]["report"]
    assert operator.http.delete(f"{PATH}/{row.id}").status_code == 204
    for method in ("GET", "DELETE"):
        gone = operator.http.request(method, f"{PATH}/{row.id}")
        assert (gone.status_code, gone.json()["code"]) == (404, 20404)
    lines = operator.http.get("/v3/Audit", params={"subject": row.id, "action": "evaluation.deleted"}).json()["events"]
    assert len(lines) == 1


def test_what_is_no_id_is_not_found(operator: Caller) -> None:
    for path in (NONE, f"{PATH}/x", f"{PATH}/..%2Fsecret"):
        for method in ("GET", "DELETE"):
            answer = operator.http.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (404, 20404), path


def test_others_get_20403(serve: Front, kept: Evaluations) -> None:
    row = kept.keep("not theirs", REPORT)
    other = serve.caller()
    for method, path in (("GET", PATH), ("GET", f"{PATH}/{row.id}"), ("DELETE", f"{PATH}/{row.id}")):
        answer = other.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, 20403), path
        assert "not theirs" not in answer.text
