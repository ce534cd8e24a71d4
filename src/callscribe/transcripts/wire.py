"""A transcript as it is answered, called back and written to files: the models that make it, and that document it.

Channels and speakers count from 1 here, and from 0 in `models`.
"""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field

from callscribe.speech.interface import OmissionReason
from callscribe.transcripts.corrections import Correction
from callscribe.transcripts.models import (
    Diarization,
    LanguageMismatch,
    NoticeCode,
    Omission,
    Sentence,
    Transcript,
)
from callscribe.transcripts.statistics import PartyStatistics, Statistics, statistics
from callscribe.web.wire import CAMEL_CASE, Timestamp, Wire, optional

MODELS: Final = "The models that the words are of, in the order of their first; left out where there are none."


@dataclass(frozen=True, slots=True)
class WordResource:
    """A word with its times in seconds from the start of the recording."""

    # No model: a call of hours has a hundred thousand, and this takes a fraction of the memory.
    __pydantic_config__: ClassVar[ConfigDict] = CAMEL_CASE

    text: str
    start_time_seconds: float
    end_time_seconds: float
    confidence: float
    edited: Annotated[
        bool,
        Field(
            exclude_if=operator.not_,
            description="That it is not as it was recognised; left out where it is. Its times may be estimated.",
        ),
    ] = False


class CorrectionResource(Wire):
    """What a sentence was before somebody corrected it, and who did so last."""

    version: int
    corrected_at: Timestamp
    corrected_by: str = Field(description="The SID of the account, or of the API key.")
    original_text: str
    original_participant_index: int | None

    @classmethod
    def of(cls, correction: Correction) -> "CorrectionResource":
        """From a sentence's."""
        return cls(
            version=correction.edit.version,
            corrected_at=correction.edit.at,
            corrected_by=correction.edit.by,
            original_text=correction.original.text,
            original_participant_index=correction.original.participant,
        )


class SentenceResource(Wire):
    """A sentence of one party. `participantIndex` points into `participants`."""

    audio_channel_index: int
    sentence_index: int
    participant_index: int | None
    start_time_seconds: float
    end_time_seconds: float
    text: str
    confidence: float
    speaker: int | None = optional(
        "Who, of those who share the channel, from 1 by first appearance; with diarization only."
    )
    language: str | None = optional("The locale of its words, or the ISO 639 code of a language that has none.")
    correction: CorrectionResource | None = optional("Where it is not as it was recognised.")
    words: list[WordResource]

    @classmethod
    def of(cls, index: int, sentence: Sentence, correction: Correction | None = None) -> "SentenceResource":
        """The sentence that has this place in its transcript."""
        edited = correction.words if correction else frozenset[int]()
        return cls(
            audio_channel_index=sentence.channel + 1,
            sentence_index=index,
            participant_index=sentence.participant,
            start_time_seconds=sentence.start,
            end_time_seconds=sentence.end,
            text=sentence.text,
            confidence=sentence.confidence,
            speaker=None if sentence.speaker is None else sentence.speaker + 1,
            language=sentence.language,
            correction=None if correction is None else CorrectionResource.of(correction),
            words=[WordResource(*word, place in edited) for place, word in enumerate(sentence.words)],
        )


class OmissionResource(Wire):
    """Speech that is left out, and why."""

    audio_channel_index: int
    start_time_seconds: float
    end_time_seconds: float
    reason: OmissionReason
    language: str | None = optional("The language that is spoken, where that is the reason.")

    @classmethod
    def of(cls, omission: Omission) -> "OmissionResource":
        """From a transcript's."""
        return cls(
            audio_channel_index=omission.channel + 1,
            start_time_seconds=omission.start,
            end_time_seconds=omission.end,
            reason=omission.reason,
            language=omission.language,
        )


class Notice(Wire):
    """What is to be known of a transcription though it is there; members that do not apply are left out."""

    code: NoticeCode
    detail: str = Field(description="The same in a sentence, for people.")
    audio_channel_index: int | None = optional("The channel that it is about.")
    start_time_seconds: float | None = optional("Where in the recording it begins.")
    end_time_seconds: float | None = optional("Where in the recording it ends.")
    language: str | None = optional("The language that it is about.")
    probability: Annotated[float, Field(ge=0, le=1)] | None = optional("How sure it is.")

    @classmethod
    def of_duration(cls, declared: float | None, seconds: float) -> "list[Notice]":
        """That a file's header `declared` other seconds than it has; nothing where it did not."""
        if declared is None:
            return []
        detail = (
            f"The file's header speaks of {declared:.1f} s of audio, and it has {seconds:.1f} s. All of it was read."
        )
        return [cls(code=NoticeCode.DURATION_MISMATCH, detail=detail)]

    @classmethod
    def of_languages(cls, transcript: Transcript) -> "list[Notice]":
        """That channels speak other languages than was asked for: one for each channel and language."""
        return [cls._of_language(each, transcript) for each in transcript.mismatches]

    @classmethod
    def of_times(cls, transcript: Transcript) -> "list[Notice]":
        """That words have a share of the time of what they were heard in; nothing where they have their own."""
        if transcript.words_timed:
            return []
        detail = "The engine gave no times of single words: those here are shares of the longer stretches that it gave."
        return [cls(code=NoticeCode.WORD_TIMES_ESTIMATED, detail=detail)]

    @classmethod
    def _of_language(cls, mismatch: LanguageMismatch, transcript: Transcript) -> "Notice":
        place = f"Channel {mismatch.channel + 1} speaks" if transcript.channels > 1 else "Somebody speaks"
        return cls(
            code=NoticeCode.LANGUAGE_MISMATCH,
            detail=f"{place} {mismatch.language} between {mismatch.start:.1f} and {mismatch.end:.1f} s, "
            "which is not what was asked for.",
            audio_channel_index=mismatch.channel + 1,
            start_time_seconds=round(mismatch.start, 3),
            end_time_seconds=round(mismatch.end, 3),
            language=mismatch.language,
            probability=mismatch.probability,
        )


class ParticipantStatistics(Wire):
    """How much one party says, and how it takes turns. `participantIndex` points into `participants`."""

    audio_channel_index: int
    participant_index: int | None
    speaker: int | None = optional("Who of those who share the channel. With diarization only.")
    talk_time_seconds: float = Field(description="Time in which this party speaks; pauses under 0.5 s belong to it.")
    talk_share: float = Field(ge=0, le=1, description="Of the talk time of all parties.")
    words: int
    words_per_minute: float | None = Field(description="Words by talk time; null without any.")
    turns: int = Field(description="Stretches of speech until another party takes the floor.")
    longest_turn_seconds: float = Field(description="Talk time in the longest turn.")
    interruptions: int = Field(description="How often this party cuts another off.")
    response_time_seconds: float | None = Field(
        description="Median time from the end of another's speech to the beginning of a turn; negative where turns "
        "begin before that. Null where no turn follows another's."
    )

    @classmethod
    def of(cls, figures: PartyStatistics) -> "ParticipantStatistics":
        """From a party's figures."""
        return cls(
            audio_channel_index=figures.party.channel + 1,
            participant_index=figures.party.participant,
            speaker=None if figures.party.speaker is None else figures.party.speaker + 1,
            talk_time_seconds=figures.talk_time,
            talk_share=figures.talk_share,
            words=figures.words,
            words_per_minute=figures.words_per_minute,
            turns=figures.turns,
            longest_turn_seconds=figures.longest_turn,
            interruptions=figures.interruptions,
            response_time_seconds=figures.response_time,
        )


class StatisticsResource(Wire):
    """Figures for a call, from the times of its words. Speech and silence add up to the duration."""

    duration_seconds: float
    speech_seconds: float = Field(description="Time in which anybody speaks.")
    silence_seconds: float = Field(description="Time in which nobody speaks.")
    overlap_seconds: float = Field(description="Time in which more than one party speaks.")
    participants: list[ParticipantStatistics] = Field(
        description="Each party that speaks, and each channel on which nobody does."
    )

    @classmethod
    def of(cls, figures: Statistics) -> "StatisticsResource":
        """From the figures for a call."""
        return cls(
            duration_seconds=figures.duration,
            speech_seconds=figures.speech,
            silence_seconds=figures.silence,
            overlap_seconds=figures.overlap,
            participants=[ParticipantStatistics.of(each) for each in figures.parties],
        )


class SpeakerResource(Wire):
    """Somebody who shares a channel. `participantIndex` is who that probably is, null where it is not clear."""

    speaker: int
    participant_index: int | None


class DiarizationResource(Wire):
    """What came of looking for speakers."""

    applied: bool = Field(description="False on a dual-channel recording, where each channel is a party.")
    detail: str | None = Field(description="Why it was not applied.")
    speakers: list[SpeakerResource]

    @classmethod
    def of(cls, found: Diarization | None) -> "DiarizationResource | None":
        """The speakers found, or why none were looked for; None where nobody asked."""
        if found is None:
            return None
        detail = "The recording is dual-channel: each channel is a party, so no speakers were looked for."
        return cls(
            applied=found.applied,
            detail=None if found.applied else detail,
            speakers=[
                SpeakerResource(speaker=number, participant_index=participant)
                for number, participant in enumerate(found.participants, start=1)
            ],
        )


class TranscriptFile(Wire):
    """What `callscribe transcribe --format json` writes."""

    duration: float
    language: str | None
    models: list[str] | None = optional(MODELS)
    sentences: list[SentenceResource]
    omissions: list[OmissionResource]
    notices: list[Notice]
    statistics: StatisticsResource
    diarization: DiarizationResource | None = optional()

    @classmethod
    def of(cls, transcript: Transcript, notices: Sequence[Notice] = ()) -> "TranscriptFile":
        """From the transcript of a file, and what is to be known of it."""
        return cls(
            duration=round(transcript.duration, 3),
            language=transcript.language,
            models=list(transcript.models) or None,
            sentences=sentences(transcript),
            omissions=omissions(transcript),
            notices=list(notices),
            statistics=StatisticsResource.of(statistics(transcript)),
            diarization=DiarizationResource.of(transcript.diarization),
        )


def sentences(
    transcript: Transcript, corrections: Mapping[int, Correction] = MappingProxyType({})
) -> list[SentenceResource]:
    """The member `sentences`, with what is to be known of those that were corrected."""
    return [
        SentenceResource.of(index, sentence, corrections.get(index))
        for index, sentence in enumerate(transcript.sentences)
    ]


def omissions(transcript: Transcript) -> list[OmissionResource]:
    """The member `omissions`: where somebody speaks and no text could be made of it."""
    return [OmissionResource.of(omission) for omission in transcript.omissions]
