"""How sure a word error rate is."""

import numpy as np
import pytest

from callscribe.evaluation import intervals as module
from callscribe.evaluation.intervals import intervals
from callscribe.evaluation.scoring import Counts


def counts(errors: int, words: int) -> Counts:
    return Counts(hits=words - errors, substitutions=errors)


CALLS = [counts(errors, 100) for errors in (2, 4, 6, 8, 10, 12, 5, 3, 9, 11)]
"""7 of 100 words wrong."""


def test_rate_lies_in_its_interval() -> None:
    ((interval,), _) = intervals([CALLS])
    assert interval is not None
    assert 0.02 < interval.low < 0.07 < interval.high < 0.12


def test_the_same_always() -> None:
    assert intervals([CALLS]) == intervals([CALLS])


def test_one_recording_says_nothing() -> None:
    assert intervals([CALLS[:1], CALLS[:1]]) == ([None, None], [None, None])
    assert intervals([]) == ([], [])


def test_recordings_are_drawn_whole() -> None:
    same = [counts(7, 100)] * 10  # words would differ by chance; these recordings do not
    ((interval,), _) = intervals([same])
    assert interval is not None
    assert (interval.low, interval.high) == (pytest.approx(0.07), pytest.approx(0.07))


def test_engines_get_the_same_draws() -> None:
    worse = [counts(each.errors + 1, 100) for each in CALLS]
    rates, above = intervals([CALLS, worse])
    assert rates[0] is not None
    assert rates[1] is not None
    assert rates[1].low < rates[0].high  # each alone could not tell them apart
    assert above[0] is not None
    assert above[1] is not None
    assert (above[0].low, above[0].high) == (0.0, 0.0)
    assert (above[1].low, above[1].high) == (pytest.approx(0.01), pytest.approx(0.01))


def test_it_has_the_truth_about_as_often_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAWS", 1000)
    chance = np.random.default_rng(7)
    inside, tries, truth = 0, 300, 0.1
    for _ in range(tries):
        rates = np.clip(chance.normal(truth, 0.03, 40), 0, 1)  # lines differ
        of_calls = [counts(int(chance.binomial(200, rate)), 200) for rate in rates]
        ((interval,), _) = intervals([of_calls])
        assert interval is not None
        inside += interval.low <= truth <= interval.high
    assert 0.9 < inside / tries < 0.99
