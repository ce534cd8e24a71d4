"""What `callscribe transcribe` finds at the places it is given, and what it calls the files it makes of that."""

import os
from pathlib import Path, PurePath

import pytest

from callscribe.cli.sources import Skipped, Source, find, outputs

WAV = b"RIFF\0\0\0\0WAVEfmt "


def put(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def below(*places: object) -> list[PurePath]:
    return [each.below for each in find(map(str, places), extended=True) if isinstance(each, Source)]


def skipped(*places: object) -> dict[str, str]:
    return {each.name: each.reason for each in find(map(str, places), extended=False) if isinstance(each, Skipped)}


def written(tmp_path: Path, *places: object) -> list[str]:
    sources = [each for each in find(map(str, places), extended=True) if isinstance(each, Source)]
    return [str(path.relative_to(tmp_path / "out")) for path in outputs(sources, tmp_path / "out", "txt")]


def test_folders_go_by_content(tmp_path: Path) -> None:
    put(tmp_path, a_wav=WAV, b_doc=b"fLaC....", deep__er__c=WAV, notes_wav=b"Notes", empty_wav=b"", d_ogg=b"OggS....")
    assert below(tmp_path) == [PurePath(name) for name in ("a.wav", "b.doc", "d.ogg", "deep/er/c")]
    assert skipped(tmp_path) == {
        str(tmp_path / "d.ogg"): "ogg files are not accepted here: WAV, MP3 and FLAC are",
        str(tmp_path / "empty.wav"): "the file is empty",
        str(tmp_path / "notes.wav"): "the file is none of the audio formats that are supported",
    }


def test_a_damaged_recording_is_no_other_file(tmp_path: Path) -> None:
    put(tmp_path, tags_mp3=b"ID3\4\0\0\0\0\0\0" + bytes(100))
    assert below(tmp_path) == [PurePath("tags.mp3")]


def test_a_named_file_is_always_taken(tmp_path: Path) -> None:
    put(tmp_path, notes_wav=b"Notes")
    assert below(tmp_path / "notes.wav", tmp_path / "missing.wav") == [PurePath("notes.wav"), PurePath("missing.wav")]


def test_each_recording_is_taken_once(tmp_path: Path) -> None:
    put(tmp_path, a_wav=WAV)
    assert below("-", tmp_path, "-", tmp_path / "a.wav") == [PurePath("stdin"), PurePath("a.wav")]
    assert skipped(tmp_path, tmp_path / "a.wav") == {str(tmp_path / "a.wav"): "named twice"}


def test_links_lead_into_no_loop(tmp_path: Path) -> None:
    put(tmp_path, a__a_wav=WAV)
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    assert below(tmp_path) == [PurePath("a/a.wav")]
    assert skipped(tmp_path) == {
        str(tmp_path / "a" / "again"): "a link to a folder",
        str(tmp_path / "nowhere"): "not a file",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path, a__a_wav=WAV, b_wav=WAV)
    for name in ("a", "b.wav"):
        (tmp_path / name).chmod(0)
    found = list(find([str(tmp_path)], extended=True))
    (tmp_path / "a").chmod(0o700)
    assert [(type(each), each.fault) for each in found if isinstance(each, Skipped)] == [(Skipped, True)] * 2


@pytest.mark.parametrize(
    ("url", "name", "file"),
    [
        ("https://AC1:token@api.example/v1/RE2.wav?key=1", "https://api.example/v1/RE2.wav", "RE2.wav"),
        ("HTTPS://example.com/", "https://example.com/", "example.com"),
        ("s3://calls/2026/call%201.wav", "s3://calls/2026/call%201.wav", "call_1.wav"),
        ("https://example.com/a/%2e%2e%2f..", "https://example.com/a/%2e%2e%2f..", "example.com"),
        ("https://example.com/..%2fetc%2f%1b%00x", "https://example.com/..%2fetc%2f%1b%00x", "__x"),
        ("https://[::1/x.wav", "a URL", "recording"),
    ],
)
def test_a_url_is_named_without_secrets(url: str, name: str, file: str) -> None:
    assert list(find([url], extended=True)) == [Source(name, PurePath(file), url=url)]


def test_a_name_of_any_bytes_can_be_shown(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.wav")).write_bytes(WAV)
    [found] = find([str(tmp_path)], extended=True)
    assert found.name == f"{tmp_path}/caf\\xe9.wav"


def test_files_keep_their_place_in_a_folder(tmp_path: Path) -> None:
    put(tmp_path, calls__a_wav=WAV, calls__2026__a_wav=WAV)
    assert written(tmp_path, tmp_path / "calls") == ["a.txt", "2026/a.txt"]


def test_no_file_is_written_over_another(tmp_path: Path) -> None:
    put(tmp_path, x_wav=WAV, x_mp3=b"fLaC", X_flac=b"fLaC", y_wav=WAV, other__x_wav=WAV)
    (tmp_path / "x.wav.ogg").write_bytes(WAV)
    names = ("x.wav", "x.mp3", "X.flac", "y.wav", "other/x.wav", "x.wav.ogg")
    made = written(tmp_path, *(tmp_path / name for name in names))
    assert made == ["x.wav.txt", "x.mp3.txt", "X.flac.txt", "y.txt", "x.wav-2.txt", "x.wav-3.txt"]


def test_no_recording_is_written_over(tmp_path: Path) -> None:
    put(tmp_path, out__call_txt=WAV, out__call_wav=WAV)
    assert written(tmp_path, tmp_path / "out") == ["call.txt.txt", "call.wav.txt"]
    assert written(tmp_path, tmp_path / "out" / "call.txt") == ["call-2.txt"]
