import io

from callscribe.media.spliced import Spliced


def test_parts_are_read_one_behind_another() -> None:
    file = io.BytesIO(b"0123456789")
    spliced = Spliced(file, [b"ab", range(2, 5), b"", range(7, 7), b"c", range(8, 10)])
    assert spliced.size == 8
    assert spliced.read() == b"ab234c89"
    for start in range(9):
        for count in range(9):
            assert spliced.seek(start) == start
            assert spliced.read(count) == b"ab234c89"[start : start + count]
    assert spliced.seek(-3, io.SEEK_END) == 5
    assert (spliced.read(2), spliced.tell(), spliced.seek(-1, io.SEEK_CUR)) == (b"c8", 7, 6)


def test_a_file_that_becomes_shorter_ends_early() -> None:
    file = io.BytesIO(b"0123456789")
    spliced = Spliced(file, [b"ab", range(2, 10)])
    file.truncate(5)
    assert spliced.read() == b"ab234"
    assert spliced.read() == b""
