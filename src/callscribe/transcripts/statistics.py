"""Figures for a call: who talks how much, and how the parties take turns.

Everything is computed from the times of the words, so that a reader can check it against the transcript. Words of one
party with less than `PAUSE` between them are one *stretch*; shorter pauses belong to speaking, and are no longer than
word times may be off. From stretches follow

- talk time: a party's stretches together;
- speech, silence, overlap: time in which anybody, nobody, more than one party speaks;
- the floor: a stretch takes it unless it lies wholly within another party's longer stretch ("mhm"; within-speaker
  overlap in Heldner & Edlund 2010, "Pauses, gaps and overlaps in conversations", Journal of Phonetics 38);
- turn: a party's stretches between which no other party takes the floor;
- interruption: Ferguson's and Beattie's *simple interruption* (Beattie 1982, "Turn-taking and interruption in political
  interviews", Semiotica 39): both speak, the floor changes, and what the first one said is not complete. See
  `_interrupts` for how that is told from times;
- response time: from the end of the other's last stretch to the beginning of a turn (floor transfer offset).

A call of n words takes O(n log n), times the number of parties, which are few.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Final, NamedTuple

from callscribe.speech.interface import Word
from callscribe.transcripts.assembly import ends_sentence
from callscribe.transcripts.models import Sentence, Transcript

PAUSE: Final = 0.5
"""Seconds without a word that end a stretch of speech."""

TAKEN: Final = 0.5
"""Seconds: who begins this long before the other stops does not just answer a little early."""

TAKEN_UNFINISHED: Final = 0.2
"""Seconds: the same where the other's words break off without a full stop."""


class Party(NamedTuple):
    """Who speaks: a channel, counted from 0, and the position in the job's list of participants, if there is one.

    `speaker`, counted from 0, tells those apart who share the channel, where that was asked.
    """

    channel: int
    participant: int | None = None
    speaker: int | None = None


@dataclass(frozen=True, slots=True)
class PartyStatistics:
    """Figures for one party. Times are seconds."""

    party: Party
    talk_time: float
    talk_share: float
    """Of the talk time of all parties, 0 to 1; 0 where nobody speaks."""
    words: int
    words_per_minute: float | None
    """Words by talk time; None without any."""
    turns: int
    longest_turn: float
    """Talk time in the longest turn."""
    interruptions: int
    """How often this party interrupts another."""
    response_time: float | None
    """The median; negative where turns begin before the other has ended. None where no turn follows another's."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures for a call, times in seconds. `speech` and `silence` add up to `duration`."""

    duration: float
    speech: float
    silence: float
    overlap: float
    parties: tuple[PartyStatistics, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Speech without a pause, in milliseconds. `complete` says whether its last word ends a sentence."""

    party: Party
    start: int
    end: int
    complete: bool

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(slots=True)
class _Turn:
    """Milliseconds of speech in it, and those since the party before it stopped, if there was one."""

    talk: int
    response: int | None


def statistics(transcript: Transcript, participants: Mapping[int, int] | None = None) -> Statistics:
    """The figures for a call.

    Args:
        transcript: with the words of all sentences.
        participants: channel (from 0) to position in the job's list: for channels on which nobody speaks, since each
            channel of the recording has figures, be they zero; and for sentences that were corrected.
    """
    # Whole milliseconds, in which sums are exact.
    duration = max(0, _milliseconds(transcript.duration))
    channels = {participant: channel for channel, participant in (participants or {}).items()}
    words: dict[Party, list[Word]] = defaultdict(list)
    for sentence in transcript.sentences:
        words[_party(sentence, channels)] += sentence.words
    heard = {party.channel for party in words}
    for channel in set(range(transcript.channels)) - heard:
        words[Party(channel, (participants or {}).get(channel))] = []
    stretches = {party: _stretches(party, words[party], duration) for party in words}
    speech, overlap = _together(stretches.values())
    talk = sum(each.length for own in stretches.values() for each in own)
    floor, interruptions = _floor(stretches.values())
    turns = _turns(floor)
    parties = tuple(
        _figures(party, words[party], stretches[party], talk, turns[party], interruptions[party])
        for party in sorted(
            words,
            key=lambda party: (
                party.channel,
                -1 if party.speaker is None else party.speaker,
                -1 if party.participant is None else party.participant,
            ),
        )
    )
    return Statistics(
        duration=duration / 1000,
        speech=speech / 1000,
        silence=(duration - speech) / 1000,
        overlap=overlap / 1000,
        parties=parties,
    )


def _party(sentence: Sentence, channels: Mapping[int, int]) -> Party:
    """Who speaks. What is put down to a participant counts for that one's channel, wherever it was heard."""
    participant = sentence.participant
    channel = sentence.channel if participant is None else channels.get(participant, sentence.channel)
    return Party(channel, participant, sentence.speaker)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _stretches(party: Party, words: Iterable[Word], duration: int) -> list[_Stretch]:
    """A party's words, within the recording, with short pauses closed; in order and apart from one another."""
    found: list[_Stretch] = []
    for word in sorted(words, key=lambda each: (each.start, each.end)):
        start, end = max(0, _milliseconds(word.start)), min(duration, _milliseconds(word.end))
        if end <= start:
            continue
        complete = ends_sentence(word.text)
        if found and start - found[-1].end < PAUSE * 1000:
            last = found.pop()
            found.append(
                _Stretch(party, last.start, max(last.end, end), complete if end >= last.end else last.complete)
            )
        else:
            found.append(_Stretch(party, start, end, complete))
    return found


def _together(parties: Iterable[Sequence[_Stretch]]) -> tuple[int, int]:
    """Milliseconds in which anybody speaks, and in which more than one party does."""
    edges = sorted(edge for own in parties for each in own for edge in ((each.start, 1), (each.end, -1)))
    speech = overlap = speaking = 0
    for (time, change), (following, _) in pairwise(edges):
        speaking += change
        if speaking > 0:
            speech += following - time
        if speaking > 1:
            overlap += following - time
    return speech, overlap


def _floor(parties: Iterable[Sequence[_Stretch]]) -> tuple[list[_Stretch], Counter[Party]]:
    """The stretches that take the floor, by start, and how often each party interrupts."""
    latest: dict[Party, _Stretch] = {}
    floor: list[_Stretch] = []
    interruptions: Counter[Party] = Counter()
    # Of two that begin together the longer first, so that the other is seen to lie within it.
    for stretch in sorted((each for own in parties for each in own), key=lambda each: (each.start, -each.end)):
        others = [other for party, other in latest.items() if party != stretch.party]
        if not any(stretch.end <= other.end and stretch.length < other.length for other in others):
            floor.append(stretch)
        if any(_interrupts(stretch, other) for other in others):
            interruptions[stretch.party] += 1
        latest[stretch.party] = stretch
    return floor, interruptions


def _interrupts(stretch: _Stretch, other: _Stretch) -> bool:
    """Whether `stretch` cuts the other party off.

    It begins when the other has spoken for half a second, half a second or more before the other stops (0.2 s where
    the other's words break off without a full stop), and goes on for half a second or more after that.
    """
    taken = TAKEN if other.complete else TAKEN_UNFINISHED
    return (
        stretch.start - other.start >= TAKEN * 1000
        and other.end - stretch.start >= taken * 1000
        and stretch.end - other.end >= TAKEN * 1000
    )


def _turns(floor: Iterable[_Stretch]) -> dict[Party, list[_Turn]]:
    """The turns of each party, from the stretches that take the floor, by start.

    Stretches that begin at the same moment do not see one another: no figure depends on who is named first.
    """
    turns: dict[Party, list[_Turn]] = defaultdict(list)
    last: dict[Party, _Stretch] = {}
    for _, group in groupby(floor, key=lambda each: each.start):
        together = list(group)
        for stretch in together:
            before = max(
                (other for party, other in last.items() if party != stretch.party),
                key=lambda other: (other.start, other.end),
                default=None,
            )
            own = last.get(stretch.party)
            if own is None or (before is not None and before.start >= own.start):
                turns[stretch.party].append(_Turn(stretch.length, stretch.start - before.end if before else None))
            else:
                turns[stretch.party][-1].talk += stretch.length
        last |= {stretch.party: stretch for stretch in together}
    return turns


def _figures(
    party: Party,
    words: Sequence[Word],
    stretches: Iterable[_Stretch],
    talk_of_all: int,
    turns: Sequence[_Turn],
    interruptions: int,
) -> PartyStatistics:
    talk = sum(each.length for each in stretches)
    responses = [turn.response for turn in turns if turn.response is not None]
    return PartyStatistics(
        party=party,
        talk_time=talk / 1000,
        talk_share=round(talk / talk_of_all, 3) if talk_of_all else 0.0,
        words=len(words),
        words_per_minute=round(len(words) * 60_000 / talk, 1) if talk else None,
        turns=len(turns),
        longest_turn=max((turn.talk for turn in turns), default=0) / 1000,
        interruptions=interruptions,
        response_time=round(median(responses) / 1000, 3) if responses else None,
    )
