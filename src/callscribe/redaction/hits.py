"""What a recogniser found, and how all that was found becomes one list without overlap."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from callscribe.redaction.entities import Entity
from callscribe.redaction.said import Found
from callscribe.redaction.tokens import Stream

CERTAIN: Final = 4
"""By a check digit, or a form that nothing else has."""

ANNOUNCED: Final = 3
LIKELY: Final = 2
"""By its form alone."""

GUESSED: Final = 1


@dataclass(frozen=True, slots=True)
class Hit:
    """An entity by its tokens, a range in each sentence. The first of `entities` that is wanted names it.

    Where two overlap, the one of the greater `weight` does.
    """

    entities: tuple[Entity, ...]
    spans: tuple[tuple[int, int], ...]
    weight: int


def merged(stream: Stream, hits: Iterable[Hit], wanted: Collection[Entity]) -> list[Found]:
    """Hits of what is wanted as places in sentences, sorted. Those that overlap become one that covers all of them."""
    by_sentence: dict[int, list[tuple[int, int, int, Entity]]] = defaultdict(list)
    for hit in hits:
        entity = next((each for each in hit.entities if each in wanted), None)
        if entity is None:
            continue
        for first, behind in hit.spans:
            tokens = stream.tokens[first], stream.tokens[behind - 1]
            by_sentence[tokens[0].sentence].append((tokens[0].first, tokens[1].behind, hit.weight, entity))
    found = []
    for sentence in sorted(by_sentence):
        together: list[tuple[int, int, int, int, Entity]] = []  # first, behind, weight, length of what gave the name
        for first, behind, weight, entity in sorted(by_sentence[sentence]):
            if together and first < together[-1][1]:
                other = together[-1]
                name = max((other[2], other[3], other[4]), (weight, behind - first, entity))
                together[-1] = (other[0], max(other[1], behind), *name)
            else:
                together.append((first, behind, weight, behind - first, entity))
        found += [Found(entity, sentence, first, behind) for first, behind, _, _, entity in together]
    return found
