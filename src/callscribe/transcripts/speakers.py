"""Speakers who share one channel: whose words are whose, and which participant each probably is."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from callscribe.speech.diarization.turns import SpeakerTurn, speakers_of
from callscribe.speech.interface import Word
from callscribe.transcripts.models import Sentence

_AGENT_SAYS: Final = re.compile(
    # What only who answers calls for a living says, in the languages of the API.
    r"how (?:can|may) i (?:help|assist)|thank(?:s| you) for (?:calling|your call)|anything else i can (?:help|do)"
    r"|wie kann ich (?:ihnen|dir)\b.*helfen|was kann ich für sie tun|danke für ihren anruf"
    r"|(?:comment|en quoi) puis-je vous|merci (?:de votre appel|d['’]avoir appelé)"
    r"|(?:cómo|en qué) (?:le |lo |la |te )?puedo ayudar|gracias por (?:llamar|su llamada)"
    r"|come posso (?:aiutar|esser)|grazie per (?:aver chiamato|la (?:sua )?chiamata)"
    r"|(?:como|em que) posso ajud|obrigad[oa] por (?:ligar|sua ligação)"
    r"|(?:waarmee|hoe) kan ik (?:u|je)\b.*helpen|hur kan jag hjälpa|hva[d]? kan jeg (?:hjælpe|hjelpe)"
    r"|w czym mogę pomóc",
    re.IGNORECASE,
)
_AGENTS: Final = frozenset({"HUMAN_AGENT", "AI_AGENT"})


def by_speaker(
    words: Sequence[Word], turns: Sequence[SpeakerTurn], ends_sentence: Sequence[bool]
) -> Iterator[tuple[int, list[Word]]]:
    """Split one channel's words, ordered by start, where the speaker changes; each run with its speaker.

    A change one word before or behind the end of a sentence (`ends_sentence`, for each word) is taken to be at it:
    the times of words are not so exact that the last word of a question could not slip into the answer.
    """
    speakers = _at_sentence_ends(speakers_of([(word.start, word.end) for word in words], turns), ends_sentence)
    for speaker, run in groupby(zip(speakers, words, strict=True), key=lambda each: each[0]):
        yield speaker, [word for _, word in run]


def likeliest_participants(sentences: Iterable[Sentence], roles: Sequence[str | None]) -> dict[int, int]:
    """Speaker to position in `roles`, the types of a job's participants.

    The one rule: of two speakers, one of whom is a customer, the agent is who says what agents say ("How can I help
    you?") more often than the other. Where nobody does, or there are more or fewer than two speakers, or the roles do
    not tell the participants apart, nobody is mapped: a wrong name is worse than none.
    """
    says: dict[int, int] = {}
    for sentence in sentences:
        if sentence.speaker is not None:
            count = len(_AGENT_SAYS.findall(sentence.text))
            says[sentence.speaker] = says.get(sentence.speaker, 0) + count
    agents = [position for position, role in enumerate(roles) if role in _AGENTS]
    customers = [position for position, role in enumerate(roles) if role == "CUSTOMER"]
    if len(says) != 2 or len(agents) != 1 or len(customers) != 1:
        return {}
    agent, customer = sorted(says, key=says.__getitem__, reverse=True)
    return {agent: agents[0], customer: customers[0]} if says[agent] > says[customer] else {}


def _at_sentence_ends(speakers: list[int], ends: Sequence[bool]) -> list[int]:
    result = list(speakers)
    changes = [index for index, (one, other) in enumerate(pairwise(speakers), start=1) if one != other]
    for index in changes:
        before, behind = result[index - 1], result[index]
        if before == behind or ends[index - 1]:
            continue
        if index >= 2 and ends[index - 2] and result[index - 2] == before:
            result[index - 1] = behind
        elif ends[index] and index + 1 < len(result) and result[index + 1] == behind:
            result[index] = before
    return result
