import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.engines.whisper.attention import DELAY, token_shares, token_spans


def picture(steps: int, *tokens: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Shares of attention: each token has nearly all of it between two steps."""
    shares = np.full((len(tokens), steps), 0.02, np.float32)
    for row, (start, end) in enumerate(tokens):
        shares[row, start:end] = 0.9
    return shares


def flags(count: int, *true: int) -> npt.NDArray[np.bool_]:
    result = np.zeros(count, bool)
    result[list(true)] = True
    return result


def test_shares_of_moment_sum_to_one() -> None:
    attention = np.random.default_rng(0).random((8, 5, 40), np.float32)
    shares = token_shares(attention)
    assert shares.shape == (5, 40)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-5)


def test_no_attention_gives_valid_numbers() -> None:
    assert np.isfinite(token_shares(np.zeros((2, 3, 10), np.float32))).all()


def test_tokens_are_where_attention_is() -> None:
    shares = picture(30, (0, 10), (10, 18), (18, 30))
    starts, ends = token_spans(shares, flags(30), flags(3, 0, 1, 2), flags(3))
    assert starts.tolist() == [0, 10 + DELAY, 18 + DELAY]
    assert ends.tolist() == [10 + DELAY, 18 + DELAY, 30]


def test_pause_before_word_is_not_in_it() -> None:
    silent = flags(60)
    silent[12:40] = True
    shares = picture(60, (0, 10), (10, 50), (50, 60))
    starts, ends = token_spans(shares, silent, flags(3, 0, 1, 2), flags(3, 2))
    assert ends[0] == 12
    assert starts[1] == 40


def test_short_word_comes_behind_pause() -> None:
    silent = flags(80)
    silent[20:60] = True
    # The second word is attended to before, all through and little after the pause, the third soon after it.
    shares = picture(80, (0, 16), (16, 61), (61, 80), (79, 80))
    starts, _ = token_spans(shares, silent, flags(4, 0, 1, 2, 3), flags(4, 3))
    assert starts[1] == 60


def test_mark_takes_pause_and_no_sound() -> None:
    silent = flags(40)
    silent[10:30] = True
    shares = picture(40, (0, 8), (8, 28), (28, 40), (39, 40))
    starts, ends = token_spans(shares, silent, flags(4, 0, 2), flags(4, 1, 3))
    assert ends[0] <= 12
    assert starts[2] == 30


@st.composite
def attentions(
    draw: st.DrawFn,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    rows, steps = draw(st.integers(1, 30)), draw(st.integers(1, 60))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shares = chance.random((rows, steps), np.float32) ** draw(st.integers(1, 8))
    shares /= shares.sum(axis=0, keepdims=True) + 1e-9
    # Silence comes in stretches.
    silent = np.repeat(chance.random(steps // 5 + 1) < draw(st.floats(0, 1)), 5)[:steps]
    return shares, silent, chance.random(rows) < 0.7, chance.random(rows) < 0.2


@given(attentions())
def test_tokens_ordered_and_none_empty(
    given: tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
) -> None:
    shares, silent, begins, marks = given
    starts, ends = token_spans(shares, silent, begins, marks)
    rows, steps = shares.shape
    assert starts[0] >= 0
    assert ends[-1] <= steps
    assert (ends[:-1] <= starts[1:]).all()
    assert (starts < ends).all() or rows > steps
