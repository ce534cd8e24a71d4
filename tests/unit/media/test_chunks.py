import io

import pytest

from callscribe.errors import Code, JobError
from callscribe.media.chunks import find_au, find_chunked, is_no_size
from odd_files import LIST, ODD_LIST, au, pcm, wav


@pytest.mark.parametrize("size", [0, 2**30, 2**30 + 44, 2**31 - 1, 2**31 - 45, 2**31 + 100, 2**32 - 1, 2**32 - 37])
def test_what_is_written_where_no_size_is_known_is_none(size: int) -> None:
    assert is_no_size(size)


@pytest.mark.parametrize("size", [1, 44, 65_536, 2**30 - 100_000, 2**30 + 100_000, 3_000_000_000, 2**32 - 100_000])
def test_every_other_size_is_one(size: int) -> None:
    assert not is_no_size(size)


def stretches(data: bytes) -> list[bytes]:
    found = find_chunked(io.BytesIO(data))
    return [data[each.start : each.stop] for run in found.runs for each in run.stretches]


def test_the_audio_is_found_between_chunks() -> None:
    audio, more = pcm(0.5), pcm(0.25, seed=1)
    assert stretches(wav(audio, front=ODD_LIST, behind=LIST) + wav(more)) == [audio, more]
    assert stretches(wav(audio, size=100)) == [audio]
    assert stretches(wav(audio, size=0, behind=b"")) == [audio]


def test_audio_of_one_kind_is_one_run() -> None:
    audio = pcm(0.5)
    alike = find_chunked(io.BytesIO(wav(audio) + wav(audio)))
    assert [run.seconds for run in alike.runs] == [1.0]
    assert alike.share == 0.5
    others = find_chunked(io.BytesIO(wav(audio) + wav(audio, rate=16000)))
    assert [run.seconds for run in others.runs] == [0.5, 0.25]
    assert find_chunked(io.BytesIO(wav(audio, size=2**32 - 1))).share is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (wav(b""), Code.MEDIA_EMPTY),
        (wav(pcm(1))[:30], Code.MEDIA_UNDECODABLE),
        (wav(pcm(9), size=1_000_000), Code.MEDIA_UNDECODABLE),
        (wav(pcm(1)).replace(b"fmt ", b"junk"), Code.MEDIA_UNDECODABLE),
    ],
)
def test_what_cannot_be_read_has_its_code(data: bytes, code: Code) -> None:
    with pytest.raises(JobError) as failed:
        find_chunked(io.BytesIO(data))
    assert failed.value.code == code


def test_an_encoding_of_au_that_is_not_known_is_refused() -> None:
    with pytest.raises(JobError) as failed:
        find_au(io.BytesIO(au(pcm(1), encoding=99)))
    assert failed.value.code == Code.MEDIA_FORMAT
