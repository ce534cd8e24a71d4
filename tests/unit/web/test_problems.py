"""Faults with JSON pointers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.errors import Code, RequestError, json_pointer
from callscribe.web.problems import render
from callscribe.web.wire import field_error


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ((), ""),
        (("participants", 0, "type"), "/participants/0/type"),
        (("a/b", "m~n", "~1", ""), "/a~1b/m~0n/~01/"),
    ],
)
def test_pointer_follows_rfc_6901(path: tuple[str | int, ...], pointer: str) -> None:
    assert json_pointer(path) == pointer


@given(st.lists(st.text()))
def test_a_pointer_can_be_read_back(path: list[str]) -> None:
    parts = json_pointer(path).split("/")[1:]
    assert [part.replace("~1", "/").replace("~0", "~") for part in parts] == path


def test_a_fault_names_its_field() -> None:
    fault = {"type": "missing", "loc": ("body", "participants", 1), "msg": "Field required"}
    assert field_error(fault).detail == "participants: Field required"
    assert field_error(fault).pointer == "/participants/1"


@pytest.mark.parametrize(("path", "kind"), [("/v3/x", "application/problem+json"), ("/v2/x", "application/json")])
def test_path_decides_shape(path: str, kind: str) -> None:
    answer = render(RequestError(Code.TOO_MANY_REQUESTS, "Slower.", retry_after=3), path)
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Retry-After"] == "3"
