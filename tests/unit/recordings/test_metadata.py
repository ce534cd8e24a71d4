"""Which row of a table is about which file."""

from pathlib import Path

import pytest

from callscribe.errors import SetupError
from callscribe.recordings.metadata import COLUMNS, Metadata


def names(path: str, root: str = "/calls") -> tuple[str, ...]:
    return path, f"{root}/{path}", f"/home{root}/{path}"


def test_row_found_by_path_or_its_end() -> None:
    rows = [{"file": file, "to": file} for file in ("a.wav", "/home/calls/b.wav", "march/c.wav", "d.wav", "e.wav")]
    metadata = Metadata(rows)
    files = [names(each) for each in ("a.wav", "b.wav", "2026/march/c.wav", "x/d.wav", "f.wav")]
    assert metadata.assigned(files) == [
        {"To": "a.wav"},
        {"To": "/home/calls/b.wav"},
        {"To": "march/c.wav"},
        {"To": "d.wav"},
        {},
    ]
    assert metadata.unused == ["e.wav"]


def test_name_as_given_goes_first() -> None:
    metadata = Metadata([{"file": "a.wav", "to": "1"}])
    assert metadata.assigned([names("b/a.wav"), names("a.wav")]) == [{}, {"To": "1"}]


def test_ambiguous_row_refused() -> None:
    with pytest.raises(SetupError, match="fits 2"):
        Metadata([{"file": "a.wav"}]).assigned([names("x/a.wav"), names("y/a.wav")])


def test_columns_may_be_spelled_freely() -> None:
    row = {
        "File": "a.wav",
        "CallSid": "1",
        "Start Time": "2",
        "conference_sid": "3",
        "FROM": "4",
        "Agent": "x",
        "to": "",
    }
    metadata = Metadata([row])
    assert metadata.assigned([names("a.wav")]) == [
        {"CallSid": "1", "StartTime": "2", "ConferenceSid": "3", "From": "4"}
    ]
    assert metadata.unknown_columns == {"agent"}


@pytest.mark.parametrize("rows", [[{"to": "1"}], [{"file": ""}], [{"file": "a.wav"}, {"file": "a.wav"}]])
def test_ambiguous_table_refused(rows: list[dict[str, str]]) -> None:
    with pytest.raises(SetupError):
        Metadata(rows)


@pytest.mark.parametrize("content", ["{", '{"file": "a.wav"}', "[1]"])
def test_json_non_table_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "calls.json").write_text(content)
    with pytest.raises(SetupError):
        Metadata.read(tmp_path / "calls.json")


def test_columns_are_upload_fields() -> None:
    from callscribe.recordings.fields import RecordingFields  # noqa: PLC0415

    assert set(COLUMNS.values()) == {field.alias for field in RecordingFields.model_fields.values()}
