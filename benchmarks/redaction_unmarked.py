"""Texts as recognisers punctuate them: questions without a mark, and every second sentence run on from the one before.

What is heard over a telephone is written so more often than not; it takes from the rules what they know a question and
the end of an answer by. No voice and no recogniser is needed for it.
"""

from dataclasses import replace
from random import Random

from redaction_calls import Call, Sentence

_JOINTS = (", ", " ", ". ")
"""What recognisers put between two sentences of a party."""


def unmarked(call: Call) -> Call:
    """The same call so punctuated; a call is always changed in the same way."""
    chance = Random(f"{call.language} {call.number} unmarked")
    sentences: list[Sentence] = []
    for sentence in map(_without_question, call.sentences):
        if sentences and sentences[-1].party == sentence.party and chance.random() < 0.5:
            sentences[-1] = _joined(sentences[-1], sentence, chance.choice(_JOINTS))
        else:
            sentences.append(sentence)
    changed = replace(call)
    vars(changed)["sentences"] = tuple(sentences)  # where the cached property keeps them
    return changed


def _without_question(sentence: Sentence) -> Sentence:
    kept = [(char, key) for char, key in zip(sentence.text, sentence.keys, strict=True) if char != "¿"]
    text = "".join(char for char, _ in kept).replace("?", ".")
    return replace(sentence, text=text, keys=tuple(key for _, key in kept))


def _joined(first: Sentence, second: Sentence, joint: str) -> Sentence:
    end = len(first.text.rstrip(" .!?"))
    text = second.text
    if joint != ". " and text[1:2].islower():  # no capital of a number (`AB 12`)
        text = text[0].lower() + text[1:]
    return replace(
        first,
        text=first.text[:end] + joint + text,
        end=second.end,
        keys=(*first.keys[:end], *[None] * len(joint), *second.keys),
    )
