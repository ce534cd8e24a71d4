from collections.abc import Sequence

import numpy as np
import pytest

from callscribe.speech.engines.whisper.beam_search import Decoded, Ints, Scores, Search, Task, Vocabulary
from callscribe.speech.engines.whisper.biasing import Bias

# A language of six letters, then the end of the text, a prompt, silence, and forty timestamps.
A, B, C, D, E, F, END, START, SILENCE, FIRST = range(10)
VOCABULARY = Vocabulary(start=START, end_of_text=END, timestamps=FIRST, no_speech=SILENCE)
STAMPS = 40
NEVER = -30.0


class Language:
    """A decoder that knows, for each window, how likely every token is behind the text so far."""

    def __init__(self, windows: Sequence[dict[tuple[int, ...], dict[int, float]]]) -> None:
        self._windows = windows
        self._texts: list[tuple[int, ...]] = [()] * len(windows)
        self.rows: list[int] = []

    def keep(self, windows: int) -> None:
        self._windows = self._windows[:windows]

    def step(self, tokens: Ints, position: int, origins: Ints) -> Scores:
        assert all(len(text) == position for text in self._texts)
        assert len(tokens) == len(origins)
        self.rows.append(len(tokens))
        past = [self._texts[origin] for origin in origins]
        self._texts = [(*text, int(token)) for text, token in zip(past, tokens, strict=True)]
        logits = np.array([self._logits(row) for row in range(len(self._texts))], np.float32)
        text = np.tile(np.arange(END, dtype=np.int32), (len(logits), 1))
        total = np.log(np.exp(logits[:, :END]).sum(axis=1))
        return Scores(text, logits[:, :END].copy(), total, logits[:, END:].copy())

    def _logits(self, row: int) -> list[float]:
        said = tuple(token for token in self._texts[row][1:] if token < END)
        likely = self._windows[row * len(self._windows) // len(self._texts)].get(said, {END: 0.0})
        chances = np.full(FIRST + STAMPS, NEVER)
        for token, chance in likely.items():
            chances[token] = np.log(chance) if chance else 0.0
        chances[FIRST:] = -5.0 - 1.5 * np.arange(STAMPS)
        return chances.tolist()


def search(
    *windows: dict[tuple[int, ...], dict[int, float]], beams: int = 3, longest: int = 20, biases: tuple[Bias, ...] = ()
) -> list[Decoded]:
    tasks = [Task((START,), longest, biases) for _ in windows]
    return Search(Language(windows), VOCABULARY, tasks, beams=beams).beam()


def text(decoded: Decoded) -> str:
    return "".join("ABCDEF"[token] for token in decoded.tokens if token < END)


GARDEN_PATH = {
    (): {A: 0.6, B: 0.4},
    (A,): {C: 0.3, D: 0.3, E: 0.3},
    (B,): {F: 0.98},
}


def test_likelier_text_found() -> None:
    (narrow,) = search(GARDEN_PATH, beams=1)
    (wide,) = search(GARDEN_PATH, beams=3)
    assert text(narrow)[:1] == "A"
    assert text(wide) == "BF"


def test_windows_do_not_influence() -> None:
    other = {(): {C: 0.9, D: 0.1}, (C,): {C: 0.5, D: 0.5}, (C, D): {E: 0.7, F: 0.2}}
    alone = [search(GARDEN_PATH)[0], search(other)[0]]
    assert search(GARDEN_PATH, other) == alone
    assert search(other, GARDEN_PATH) == alone[::-1]


def test_complete_windows_cost_nothing() -> None:
    spoken = [{(A,) * count: {A: 1.0} for count in range(length)} for length in (9, 3, 5, 1, 2, 1)]
    decoder = Language(spoken)
    together = Search(decoder, VOCABULARY, [Task((START,), 20) for _ in spoken], beams=3).beam()
    assert decoder.rows[:2] == [6, 18]  # prompts are the same for all beams
    assert decoder.rows[-1] == 3
    assert together == [search(each)[0] for each in spoken]
    assert [text(decoded) for decoded in together] == ["A" * length for length in (9, 3, 5, 1, 2, 1)]


def test_timestamps_paired_and_rising() -> None:
    talk = {(): {A: 0.5, B: 0.5}, (A,): {C: 0.9}, (A, C): {D: 0.9}, (B,): {D: 0.5, E: 0.5}}
    for decoded in search(talk, GARDEN_PATH):
        stamps = [token for token in decoded.tokens if token >= FIRST]
        assert decoded.tokens[0] >= FIRST
        assert stamps == sorted(stamps)
        runs = [token >= FIRST for token in decoded.tokens]
        assert not any(runs[index] and runs[index + 1] and runs[index + 2] for index in range(len(runs) - 2))


def test_likeliest_timestamps_win() -> None:
    unsure = {(): {A: 0.9}, (A,): {B: 0.001, END: 0.0008}}  # the timestamps that are left have 0.002 together
    (decoded,) = search(unsure)
    behind = decoded.tokens[decoded.tokens.index(A) + 1 :]
    assert not behind or behind[0] >= FIRST


def test_endless_text_cut() -> None:
    endless = {(A,) * count: {A: 1.0} for count in range(60)}
    (decoded,) = search(endless, longest=12)
    assert len(decoded.tokens) == 12
    assert len(decoded.log_probabilities) == 12


def test_log_probability_covers_end() -> None:
    (decoded,) = search({(): {A: 0.5, B: 0.25}, (A,): {END: 0.9}}, beams=1)
    assert len(decoded.log_probabilities) == len(decoded.tokens) + 1
    assert decoded.log_probability == pytest.approx(np.mean(decoded.log_probabilities))
    assert all(value <= 0 for value in decoded.log_probabilities)


def test_term_wins_but_is_no_likelier() -> None:
    talk = {(): {A: 0.6, B: 0.3}, (A,): {C: 0.9}, (B,): {D: 0.9}}
    bias = Bias([(B, D)], boost=2.0, begins_word=np.ones(END, bool))
    (plain,), (biased,) = search(talk), search(talk, biases=(bias,))
    assert (text(plain), text(biased)) == ("AC", "BD")
    assert biased.log_probability < plain.log_probability


def test_what_biases_are_worth_adds_up() -> None:
    talk = {(): {A: 0.9, B: 0.1}, (A,): {C: 0.9}, (B,): {D: 0.9}}
    biases = tuple(Bias([term], boost=0.9, begins_word=np.ones(END, bool)) for term in ((B, D), (D,)))
    found = [text(*search(talk, biases=some)) for some in (biases[:1], biases[1:], biases)]
    assert found == ["AC", "AC", "BD"]


def test_samples_repeat_in_any_batch() -> None:
    def sample(*windows: dict[tuple[int, ...], dict[int, float]]) -> list[Decoded]:
        tasks = [Task((START,), 20) for _ in windows]
        search = Search(Language(windows), VOCABULARY, tasks, beams=5)
        return search.sample(0.4, np.random.default_rng(1))

    assert sample(GARDEN_PATH) == sample(GARDEN_PATH)
    assert text(sample(GARDEN_PATH)[0]) in {"AC", "AD", "AE", "BF"}
