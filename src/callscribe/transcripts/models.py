"""A transcript: sentences by participant on one time line."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from pydantic import ConfigDict, TypeAdapter

from callscribe.speech.interface import OmissionReason, Word


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one party says before the next full stop or pause.

    `channel` and `participant` count from 0; on the wire `audioChannelIndex` counts from 1.
    `participant` is the position in the job's list of participants, None where the channel has none.
    """

    channel: int
    participant: int | None
    start: float
    end: float
    text: str
    confidence: float
    words: tuple[Word, ...]
    speaker: int | None = None
    """Who of those who share a channel, counted from 0 in the order of appearance; None where that was not asked."""
    language: str | None = None
    """The locale of its words, or the ISO 639 code of a language that has none; None where it was not kept."""


@dataclass(frozen=True, slots=True)
class Omission:
    """Speech that is left out: seconds, on a channel counted from 0. `language` is that of it, where it is why."""

    channel: int
    start: float
    end: float
    reason: OmissionReason = OmissionReason.NOT_RECOGNIZED
    language: str | None = None


@dataclass(frozen=True, slots=True)
class LanguageMismatch:
    """That a channel, counted from 0, speaks another language than was asked for, from `start` to `end` in seconds.

    `language` is a locale, or the ISO 639 code of one that has none. `probability` (0 to 1) is the mean of the speech.
    """

    channel: int
    start: float
    end: float
    language: str
    probability: float


class NoticeCode(StrEnum):
    """What is to be known of a transcription though it is there. Receivers must expect more of them later."""

    DURATION_MISMATCH = "durationMismatch"
    """The file's header speaks of another length than its audio has."""

    LANGUAGE_MISMATCH = "languageMismatch"
    """A channel speaks another language than was asked for."""

    CONVERSATION_NOT_STORED = "conversationNotStored"
    """The transcript was to be stored in a conversation, whose configuration is gone."""

    PROVIDER_OUT = "providerOut"
    """The provider that was to serve was out, and another engine took over."""

    SENT_AGAIN = "sentAgain"
    """The recording, or a part of it, was sent to its provider again: what came of the first time is not known."""

    WORD_TIMES_ESTIMATED = "wordTimesEstimated"
    """The engine gave no times of words; each has its share of the stretch that it was heard in."""


@dataclass(frozen=True, slots=True)
class Diarization:
    """What came of looking for speakers.

    `applied` is false on a dual-channel recording: there the channels tell the parties apart. `participants` has, for
    each speaker, the position in the job's list of participants, None where that is not clear.
    """

    applied: bool
    participants: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """The finished text of a recording.

    `language` is a locale such as `en-US`, or what was detected. `channels` is how many were listened to.
    `diarization` is None where speakers were not asked for. `mismatches` has each channel and language once.
    `models` are those that the words are of, in the order of their first; none where they were not kept.
    `words_timed` is whether all words have times of their own, and not a share of a longer stretch.
    """

    duration: float
    language: str | None
    sentences: tuple[Sentence, ...]
    omissions: tuple[Omission, ...] = ()
    channels: int = 1
    diarization: Diarization | None = None
    mismatches: tuple[LanguageMismatch, ...] = ()
    models: tuple[str, ...] = ()
    words_timed: bool = True


_Kept = NewType("_Kept", Transcript)  # an adapter takes no settings for a dataclass itself

TRANSCRIPT: Final[TypeAdapter[Transcript]] = TypeAdapter(
    _Kept,
    config=ConfigDict(hide_input_in_errors=True),  # or the log had its text
)
"""Writes and reads transcripts as JSON, as they are kept in the blob store."""
