import io
from pathlib import Path

import pytest

from callscribe.media import flac
from media_files import make


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path, _ = make(tmp_path_factory.mktemp("flac") / "call.flac", "flac-8k", 5.0)
    return Path(path).read_bytes()


def test_what_a_header_says_is_read(data: bytes) -> None:
    assert flac.declared_duration(io.BytesIO(data)) == 5.0
    assert flac.declared_duration(io.BytesIO(data[:20])) is None


@pytest.mark.parametrize(("behind", "whole"), [(b"", True), (b"TAG" + bytes(125), True), (b"x", False)])
def test_a_file_is_whole_where_its_last_frame_is(data: bytes, behind: bytes, *, whole: bool) -> None:
    assert flac.is_whole(io.BytesIO(data + behind)) is whole


@pytest.mark.parametrize("cut", [1, 100, 20_000])
def test_a_file_that_was_cut_is_not_whole(data: bytes, cut: int) -> None:
    assert not flac.is_whole(io.BytesIO(data[:-cut]))
