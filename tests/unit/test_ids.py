from datetime import UTC, datetime, timedelta

from callscribe.ids import TRANSCRIPTION_ID, new_transcription_id, transcription_id_at


def test_ids_sort_by_moment() -> None:
    before = datetime.now(UTC)
    made = [new_transcription_id() for _ in range(50)]
    after = datetime.now(UTC) + timedelta(milliseconds=1)
    assert all(transcription_id_at(before) <= each < transcription_id_at(after) for each in made)


def test_moments_bound_looks_like_id() -> None:
    for moment in (
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 7, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ):
        assert TRANSCRIPTION_ID.fullmatch(transcription_id_at(moment))
