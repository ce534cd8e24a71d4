"""Pages by their files."""

from pathlib import Path

from callscribe.console.endpoints import pages


def test_a_page_is_a_file_named_like_its_path(tmp_path: Path) -> None:
    for name in ("index", "jobs", "reindex"):
        (tmp_path / f"{name}.html").write_text(name)
    served = pages(tmp_path)
    assert {path: served[path] for path in served if path != "/docs"} == {
        "/": b"index",
        "/jobs": b"jobs",
        "/reindex": b"reindex",
    }
