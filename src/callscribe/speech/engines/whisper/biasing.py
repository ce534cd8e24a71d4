"""Contextual biasing: a bonus in the search for hypotheses that say what the configuration's vocabulary has.

Each token of a term is worth `boost`, a log probability, as soon as it is said and as long as a term may still come of
it; a text that leaves the path gives back what was granted for it. So a text has in the end the boost for each token
that belongs to a whole term, and nothing for beginnings. Terms are found by an Aho-Corasick automaton over their tokens
(Aho & Corasick 1975, "Efficient string matching"), as in shallow fusion with a context graph (Zhao et al. 2019,
"Shallow-fusion end-to-end contextual biasing"): what a token costs does not grow with the number of terms.

A term has to end where a word ends: "tent" is not in "tentative".
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import tokenizers

_BLANK: Final = "Ġ"
"""How a blank is written in the names of byte-level tokens."""

_PUNCTUATION: Final = "âĢ"
"""Likewise the bytes E2 80, with which curly quotes and dashes begin in UTF-8: some tokens hold no more of them."""


class TermState(NamedTuple):
    """Where in the terms a text stands. Immutable: beams share states.

    `node` is the longest end of the text that a term begins with. Bit i of `covered` says of the last token but i that
    it belongs to a whole term, so that its bonus is kept.
    """

    node: int = 0
    covered: int = 0


START: Final = TermState()


class Bias:
    """Terms as tokens, and what each next token of a text is worth.

    Args:
        terms: the tokens of each term in each of its spellings; see `tokenize`.
        boost: what a token of a term is worth, as a natural logarithm.
        begins_word: for each text token, whether it begins a word, or is punctuation; see `word_beginnings`. Its
            length is the id of the end of the text; timestamps, which lie beyond, neither cost nor change anything.
    """

    def __init__(self, terms: Iterable[Sequence[int]], *, boost: float, begins_word: npt.NDArray[np.bool_]) -> None:
        self._boost = boost
        self._begins_word = begins_word
        self._end_of_text = len(begins_word)
        # The nodes of the trie; of each the tokens that lead on, its depth, the node of its longest other end that
        # a term begins with, and the length of the longest term that it ends with.
        self._next: list[dict[int, int]] = [{}]
        self._depth = [0]
        self._fallback = [0]
        self._ends = [0]
        for term in terms:
            self._add(term)
        self._link()
        self._first = np.zeros(self._end_of_text, np.float32)
        self._first[list(self._next[0])] = boost

    def gains(self, states: Sequence[TermState], tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """What tokens are worth: `tokens` `(rows, n)`, one state for each row; `(rows, n)` natural logarithms."""
        text = tokens < self._end_of_text
        gains = np.where(text, self._first[np.where(text, tokens, 0)], np.float32(0))
        for row, state in enumerate(states):
            if state.node:
                gains[row] = [self.gain(state, int(token)) for token in tokens[row]]
        return gains

    def gain(self, state: TermState, token: int) -> float:
        """What one token is worth: the boost, less what is given back. The end of the text only gives back."""
        if token > self._end_of_text:
            return 0.0
        return self._boost * self._step(state, token)[0]

    def advance(self, state: TermState, token: int) -> TermState:
        """The state behind a token."""
        return state if token >= self._end_of_text else self._step(state, token)[1]

    def _add(self, term: Sequence[int]) -> None:
        node = 0
        for token in term:
            if token not in self._next[node]:
                self._next[node][token] = len(self._next)
                self._next.append({})
                self._depth.append(self._depth[node] + 1)
                self._fallback.append(0)
                self._ends.append(0)
            node = self._next[node][token]
        self._ends[node] = len(term)

    def _link(self) -> None:
        """Breadth first, so that a node's fallback, which is less deep, is complete before it."""
        queue = deque(self._next[0].values())
        while queue:
            node = queue.popleft()
            self._ends[node] = self._ends[node] or self._ends[self._fallback[node]]
            for token, child in self._next[node].items():
                self._fallback[child] = self._follow(self._fallback[node], token)
                queue.append(child)

    def _follow(self, node: int, token: int) -> int:
        while node and token not in self._next[node]:
            node = self._fallback[node]
        return self._next[node].get(token, 0)

    def _step(self, state: TermState, token: int) -> tuple[int, TermState]:
        """Tokens that are granted by one more, less those that are taken back; and the state behind it."""
        node, covered = state
        ends = token == self._end_of_text
        if ends or self._begins_word[token]:
            covered |= (1 << self._ends[node]) - 1
        follower = 0 if ends else self._follow(node, token)
        depth = self._depth[follower]
        covered <<= 1
        # All tokens of the node are granted so far. Those that the follower does not have any more are lost, unless
        # they belong to a whole term.
        left = self._depth[node] + 1 - depth
        lost = left - (covered >> depth).bit_count()
        return 1 - lost, TermState(follower, covered & ((1 << depth) - 1))


def tokenize(terms: Iterable[str], encode: Callable[[str], Sequence[int]]) -> list[tuple[int, ...]]:
    """The tokens of terms as they stand in a text behind a blank: as they are written, and with a capital."""
    spellings = dict.fromkeys(
        spelling for term in terms for spelling in (f" {term}", f" {term[:1].upper()}{term[1:]}") if term
    )
    return [tuple(encode(spelling)) for spelling in spellings]


def word_beginnings(tokenizer: tokenizers.Tokenizer, end_of_text: int) -> npt.NDArray[np.bool_]:
    """For each text token of a byte-level tokenizer whether a word may have ended in front of it."""
    return np.array([_begins_word(tokenizer, token) for token in range(end_of_text)])


def _begins_word(tokenizer: tokenizers.Tokenizer, token: int) -> bool:
    name = tokenizer.id_to_token(token) or ""
    if name.startswith((_BLANK, _PUNCTUATION)):
        return True
    if name.isascii():
        return not name[:1].isalnum()
    first = tokenizer.decode([token])[:1]
    return not first.isalnum() and first != "\N{REPLACEMENT CHARACTER}"  # which is a part of a character
