import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callscribe.errors import SetupError
from callscribe.speech.diarization.checkpoint import read_checkpoint
from callscribe.speech.diarization.clustering import assign_speakers
from callscribe.speech.diarization.features import BANDS, log_mel
from callscribe.speech.diarization.merging import merge_turns
from callscribe.speech.diarization.turns import SpeakerRange, SpeakerTurn, speakers_of
from callscribe.speech.diarization.voices import Piece

# Dictionary, then `torch._utils._rebuild_tensor_v2(persistent id, offset, shape, strides, False, OrderedDict())`.
TENSOR = (
    b"(dS'weight'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI6\ntQ"
    b"I%d\n(I2\nI3\nt(I1\nI2\ntI00\nccollections\nOrderedDict\n(tRtRs."
)


def checkpoint(folder: Path, content: bytes, **storages: bytes) -> Path:
    path = folder / "weights.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key.removeprefix('_')}", data)
    return path


def voice(speaker: int, rng: np.random.Generator, spread: float = 0.05) -> np.ndarray:
    """A vector near the speaker's own; the speakers' are at right angles."""
    vector = rng.normal(0, spread, 192)
    vector[speaker] += 1
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def conversation(speakers: list[int], seconds: float = 3.0, seed: int = 1) -> list[Piece]:
    """One piece a window, by the speakers in their order."""
    rng = np.random.default_rng(seed)
    return [
        Piece(8.0 * index, 0, 8.0 * index + 1, 8.0 * index + 1 + seconds, seconds, voice(speaker, rng))
        for index, speaker in enumerate(speakers)
    ]


def test_tensor_read_with_strides(tmp_path: Path) -> None:
    data = np.arange(6, dtype="<f4").tobytes()
    weights = read_checkpoint(checkpoint(tmp_path, TENSOR % 0, _0=data))
    assert weights["weight"].tolist() == [[0, 2, 4], [1, 3, 5]]


def test_tensor_beyond_storage_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read as a PyTorch checkpoint"):
        read_checkpoint(checkpoint(tmp_path, TENSOR % 1, _0=bytes(24)))


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "harm",)

    stream = io.BytesIO()
    pickle.dump({"state_dict": {"x": Harmful()}}, stream)
    assert read_checkpoint(checkpoint(tmp_path, stream.getvalue())) == {}
    assert not (tmp_path / "harm").exists()


def test_non_checkpoint_said(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"RIFF")
    with pytest.raises(SetupError, match=r"weights\.pt"):
        read_checkpoint(path)


@pytest.mark.parametrize(("frequency", "band"), [(300, 10), (1000, 27), (3000, 53), (7000, 76)])
def test_tone_is_in_its_band(frequency: int, band: int) -> None:
    tone = (0.1 * np.sin(2 * np.pi * frequency * np.arange(16_000) / 16_000)).astype(np.float32)
    energies = log_mel(tone)
    assert energies.shape == (98, BANDS)
    assert abs(int(energies.mean(axis=0).argmax()) - band) <= 1


def test_too_short_has_no_features() -> None:
    assert log_mel(np.zeros(399, np.float32)).shape == (0, BANDS)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_speakers_are_counted(count: int) -> None:
    order = [index % count for index in range(24)]
    found = assign_speakers(conversation(order), SpeakerRange())
    assert len(set(zip(order, found.tolist(), strict=True))) == count


def test_given_speaker_count_holds() -> None:
    pieces = conversation([0, 1, 2] * 8)
    assert len(set(assign_speakers(pieces, SpeakerRange(2, 2)).tolist())) == 2
    assert len(set(assign_speakers(conversation([0] * 24), SpeakerRange(2, 2)).tolist())) == 2


def test_a_cough_is_no_speaker() -> None:
    pieces = conversation([0, 1] * 12)
    cough = Piece(200.0, 0, 201.0, 202.6, 1.6, voice(50, np.random.default_rng(9)))
    assert len(set(assign_speakers([*pieces, cough], SpeakerRange()).tolist())) == 2
    found = assign_speakers([*pieces, cough], SpeakerRange(2, 2))
    assert {found[0], found[1]} == set(found.tolist())


def test_laughter_is_its_speakers() -> None:
    rng = np.random.default_rng(8)
    odd = voice(0, rng, 0.0) + 1.4 * voice(60, rng, 0.0)
    odd /= np.linalg.norm(odd)
    laughter = [Piece(200.0 + 8 * index, 0, 201.0 + 8 * index, 203.0 + 8 * index, 2.0, odd) for index in range(3)]
    unlike = [replace(each, vector=voice(60, rng)) for each in laughter]
    others = conversation([0, 1] * 12)
    assert len(set(assign_speakers([*others, *laughter], SpeakerRange()).tolist())) == 2
    assert len(set(assign_speakers([*others, *unlike], SpeakerRange()).tolist())) == 3


def test_single_word_speaker_counts() -> None:
    rng = np.random.default_rng(6)
    words = [
        Piece(8.0 * window, 1, 8.0 * window + 5 + word, 8.0 * window + 5.6 + word, 0.6, voice(1, rng, 0.08))
        for window in range(12)
        for word in range(3)
    ]
    found = assign_speakers([*conversation([0] * 12), *words], SpeakerRange()).tolist()
    assert len(set(found[:12])) == len(set(found[12:])) == 1
    assert found[0] != found[-1]


def test_short_piece_joins_its_voice() -> None:
    rng = np.random.default_rng(3)
    pieces = conversation([0, 1] * 12)
    unclear = 0.45 * voice(0, rng) + 0.55 * voice(1, rng)
    unclear /= np.linalg.norm(unclear)
    window = [Piece(400.0, 0, 401.0, 404.0, 3.0, voice(0, rng)), Piece(400.0, 0, 405.0, 405.3, 0.3, unclear)]
    *_, long, short = assign_speakers([*pieces, *window], SpeakerRange()).tolist()
    assert short == long


def test_hours_clustered_from_sample() -> None:
    order = [0, 1, 1] * 5000
    found = assign_speakers(conversation(order), SpeakerRange())
    assert len(set(zip(order, found.tolist(), strict=True))) == 2


def test_nothing_heard_no_turns() -> None:
    assert merge_turns([], assign_speakers([], SpeakerRange())) == []


def test_innermost_window_decides() -> None:
    rng = np.random.default_rng(4)
    early = Piece(0.0, 0, 7.0, 9.9, 2.9, voice(0, rng))
    late = Piece(8.0, 0, 8.2, 12.0, 3.8, voice(1, rng))
    turns = merge_turns([early, late], np.array([0, 1]))
    assert [turn.speaker for turn in turns] == [0, 1]
    assert turns[0].start == pytest.approx(7.0, abs=0.02)
    assert turns[0].end == turns[1].start == pytest.approx(9.0, abs=0.05)
    assert turns[1].end == pytest.approx(12.0, abs=0.02)


def test_turn_crosses_blocks_of_frames() -> None:
    rng = np.random.default_rng(5)
    pieces = [Piece(start, 0, start, start + 8.5, 8.5, voice(0, rng)) for start in np.arange(0.0, 1200.0, 8.0).tolist()]
    assert len(merge_turns(pieces, np.zeros(len(pieces), np.intp))) == 1


def test_pieces_survive_checkpoint() -> None:
    (piece,) = conversation([7])
    again = Piece.from_json(piece.to_json())
    assert (again.window, again.voice, again.start, again.end, again.seconds) == (0.0, 0, 1.0, 4.0, 3.0)
    assert float(again.vector @ piece.vector) == pytest.approx(1, abs=1e-3)


def test_word_goes_to_covering_turns() -> None:
    turns = [SpeakerTurn(0, 2, 0), SpeakerTurn(2, 4, 1), SpeakerTurn(6, 7, 0)]
    times = [(0.1, 0.5), (1.6, 2.3), (1.9, 2.3), (4.2, 4.5), (5.5, 5.8), (6.2, 6.4), (9.0, 9.5)]
    assert speakers_of(times, turns) == [0, 0, 1, 1, 0, 0, 0]
    assert speakers_of(times[:2], []) == [0, 0]


@pytest.mark.parametrize(
    ("least", "most", "found"), [(None, None, (1, 8)), (2, None, (2, 8)), (10, None, (10, 10)), (None, 2, (1, 2))]
)
def test_open_range_ends_filled(least: int | None, most: int | None, found: tuple[int, int]) -> None:
    speakers = SpeakerRange.of(least, most)
    assert (speakers.least, speakers.most) == found


@pytest.mark.parametrize(("least", "most"), [(3, 2), (0, 2), (1, 21)])
def test_an_empty_range_is_refused(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="1 to 20"):
        SpeakerRange.of(least, most)
