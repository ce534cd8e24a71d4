"""What an engine is: audio in, timed words out.

Times are seconds from the start of the recording. Audio is float32 in [-1, 1], mono, 16 kHz.

What an engine raises decides what becomes of the job, and how often is paid where requests are. Each further attempt
asks anew for the whole chunk, which for an engine of recordings is the whole recording:

    JobError            at once FAILED, with its code and detail: PROVIDER_REFUSED (17566) where a provider says no
    ProviderKeyRefused  the same, where nothing else is to serve what the provider does not (`CALLSCRIBE_ROUTES`)
    ProviderUnavailable the job waits, holding no place, and asks anew: for as long as the settings say, or until what
                        else is to serve it takes over
    TransientJobError   four attempts in all, 1, 3 and 9 s apart, whatever its `retry_after`; then FAILED with its code
    anything else       likewise, for it is taken for a fault of this program; then FAILED with 17561. What
                        `callscribe.outages` knows, such as a full disk, is tried again for a day
    Cancelled           the work is dropped

So an engine that pays turns every error of its client into a JobError. A job is asked for anew as well when its worker
dies: what was sent, and what came back, is written down in `SentRequests`, so that nothing is paid for twice that the
provider still has an answer to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

from callscribe.cancellation import Cancellation

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from callscribe.speech.audio import AudioSource

SAMPLE_RATE = 16_000
"""Hz. Every engine is fed at this rate; recordings are resampled."""

Samples: TypeAlias = "npt.NDArray[np.float32]"
"""Audio of one channel: `(samples,)` float32 in [-1, 1] at `SAMPLE_RATE`."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in seconds, `start` included and `end` excluded."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class SpeechWindow:
    """Audio of one channel in which somebody speaks, short enough for a model to take whole.

    `channel` counts from 0 as in the file. `start` is the time of the first sample.
    `speech` are the stretches, in recording time, in which voice activity was found.
    """

    channel: int
    start: float
    samples: Samples
    speech: tuple[Span, ...]

    @property
    def end(self) -> float:
        """Time of the end of the last sample."""
        return self.start + len(self.samples) / SAMPLE_RATE


class Word(NamedTuple):
    """A word as it stands in the text, with its punctuation and without blanks around it. In JSON a list: many are."""

    text: str
    start: float
    end: float
    confidence: float


class OmissionReason(StrEnum):
    """Why speech is left out. Receivers must expect more of them in later versions."""

    NOT_RECOGNIZED = "notRecognized"
    """The engine made no text of it that could be believed."""

    UNCERTAIN = "uncertain"
    """It may be speech, too soft or too distorted to be told from other sound."""

    LANGUAGE_MISMATCH = "languageMismatch"
    """It is in another language than was asked for, and such speech was to be left out."""

    UNSUPPORTED_LANGUAGE = "unsupportedLanguage"
    """It is in a language that no configuration can ask for."""


@dataclass(frozen=True, slots=True)
class SpokenLanguage:
    """What is surely spoken: ISO 639 code, and how probable that is, 0 to 1."""

    language: str
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """What an engine heard in one go on one channel: a clause, a sentence or a few."""

    channel: int
    start: float
    end: float
    words: tuple[Word, ...]
    language: str
    """ISO 639-1 code of the language that the words are in, such as `en`."""
    mismatch: SpokenLanguage | None = None
    """What is spoken, where that is not what was asked for. Engines that cannot tell say nothing."""
    omitted: OmissionReason | None = None
    """Why there are no words, where there are none; without it the engine could not make any."""
    words_timed: bool = True
    """Whether the words have times of their own. Else they have shares, or come with the segment's, each all of it, and
    are given shares by their letters."""

    @property
    def text(self) -> str:
        """The words with blanks between them."""
        return " ".join(word.text for word in self.words)


class OnLanguageMismatch(StrEnum):
    """What is done with speech in another language than was asked for. That it is, is said (`Segment.mismatch`)."""

    NOTICE = "notice"
    """Nothing more: its words are those of the language that was asked for, as far as any can be made of it."""

    FOLLOW = "follow"
    """Its words are those of the language that is spoken."""

    OMIT = "omit"
    """It is left out."""


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """What a configuration asks of an engine.

    `language` is a locale such as `en-US`, or None to detect what is spoken.
    `on_language_mismatch` is for engines that look at what is spoken; others recognise everything in `language`.
    `keyterms` are words and names that are likely to occur.
    `models` are those for languages that are found to be spoken, by ISO 639-1 code, where it is not the one that is
    asked; under `multi` the one that says what is spoken, where that is another.
    `owner` is whose recording it is: owners take turns where an engine is asked for more than it can do at once.
    `verbatim` keeps what writers leave out: fillers, repetitions, false starts.
    """

    language: str | None = None
    keyterms: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    on_language_mismatch: OnLanguageMismatch = OnLanguageMismatch.FOLLOW
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """A model that an engine offers. `languages` are locales, with `multi` where it can detect them."""

    name: str
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as it was fetched.

    `path` is the file as it came, to be read only, and only during the call; on the disk it may be sealed, so it is
    read by `path.open("rb")`. `channels` are those to recognise, from 0 as in the file: one of two that are copies of
    each other. `duration` is its length in seconds. `audio` decodes it, for engines that send something else than the
    file.
    """

    path: Path
    channels: tuple[int, ...]
    duration: float
    audio: "AudioSource"


class SentRequests(Protocol):
    """What is sent of one recording to a provider, and what comes back: on the disk before the call returns.

    A recording is sent in parts, numbered from 0, the same at each attempt.
    """

    def answer(self, part: int) -> bytes | None:
        """What `answered` was given for this part, at whichever attempt: it need not be sent again."""
        ...

    def handle(self, part: int) -> str | None:
        """What `accepted` was given for this part, of which no answer came yet: ask the provider by it."""
        ...

    def sending(self, part: int, seconds: float) -> None:
        """This part, of so many seconds of audio, those of its channels together, goes out now.

        Where it had gone out before, and nobody knows what came of it, the job's notices say that it is sent again.
        """
        ...

    def accepted(self, part: int, handle: str) -> None:
        """The provider works on it, and answers later to whoever has `handle`, such as the name of an operation."""
        ...

    def answered(self, part: int, answer: bytes) -> None:
        """The provider's answer, whatever form it has; none is paid for twice."""
        ...

    def refused(self, part: int) -> None:
        """The provider answered with an error, and charges nothing: to send the part again is no second time."""
        ...


class _Engine(Protocol):
    """What all engines have."""

    @property
    def pid(self) -> int | None:
        """The process in which it computes, where it has one and that runs."""
        ...

    @property
    def answered_at(self) -> float | None:
        """When it answered last, by the monotonic clock of this process; None before it has."""
        ...

    def close(self) -> None:
        """Let go of processes and memory."""
        ...


class Surroundings(Protocol):
    """A recording around one of its windows, for what a window does not say of itself, such as its language."""

    def around(self, window: SpeechWindow) -> Sequence[Span]:
        """The times of other windows of its channel, the nearest first.

        They follow from the recording alone, and not from how it is divided.
        """
        ...

    def read(self, channel: int, span: Span) -> SpeechWindow:
        """One of them, by its time. Decodes a stretch of the recording: ask for what is not known yet."""
        ...


class WindowEngine(_Engine, Protocol):
    """Recognises speech that others find. Safe to call from several threads."""

    takes: ClassVar[Literal["windows"]]

    def recognize(
        self,
        windows: Iterable[SpeechWindow],
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        surroundings: Surroundings | None = None,
    ) -> Iterator[Segment]:
        """Yield segments window by window, in the order of the windows.

        `windows` is consumed as the work goes on, so memory does not grow with the recording. `surroundings` is for
        what a window does not say of itself; without it each is judged alone.

        Raises:
            Cancelled: `cancelled` says so; the work stops within a second.
            JobError: the audio cannot be recognised, with the public code that says why.
        """
        ...


class RecordingEngine(_Engine, Protocol):
    """Recognises whole recordings, finding the speech in them itself. Safe to call from several threads."""

    takes: ClassVar[Literal["recordings"]]

    def transcribe(
        self,
        recording: Recording,
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        requests: SentRequests,
    ) -> Iterator[Segment]:
        """Yield the segments of all channels, in any order. Asked once for a recording, however long it is.

        What costs something is told to `requests` before it is sent, and when it is answered.

        Raises:
            Cancelled: `cancelled` says so; the work stops within a second.
            ProviderUnavailable: it answers that it is too busy or out of order, or does not answer.
            ProviderKeyRefused: it does not take the key, or the account behind it has no credit.
            JobError: the audio cannot be recognised, with the public code that says why.
        """
        ...

    def withdraw(self, handle: str) -> None:
        """Have the provider stop what it does for `handle`, and keep nothing of it: nobody wants it any more.

        `handle` is one that `SentRequests.accepted` was given. A second time changes nothing.

        Raises:
            JobError: the provider could not be told.
        """
        ...


Engine: TypeAlias = WindowEngine | RecordingEngine
"""Told apart by `takes`."""
