"""A little of what `make fuzz` does for long, the same in every run."""

import pytest

from fuzz.fuzzing import TARGETS, Tally

ROUNDS = {"media": 16, "urls": 150, "bodies": 40}


@pytest.mark.parametrize("name", TARGETS)
def test_what_strangers_send_is_taken_or_refused(name: str) -> None:
    tally = Tally()
    with TARGETS[name]() as round_:
        tally.run(name, round_, seed=0, until=ROUNDS[name].__le__)
    assert tally.found.total() == ROUNDS[name]
    assert len(tally.found) > 1  # not all of it was told the same
    assert not [what for what in tally.found if "crashed" in what]
