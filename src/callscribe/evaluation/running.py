"""Engines over recordings: each recording by all engines, then the next, so that what was done can be compared."""

import os
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import callscribe
from callscribe.cancellation import NEVER
from callscribe.errors import CallscribeError, JobError, SetupError, TransientJobError
from callscribe.evaluation.documents import (
    EngineResult,
    EvaluationReport,
    FailureResource,
    IntervalResource,
    RecordingResult,
    WrongWordResource,
)
from callscribe.evaluation.intervals import Interval, intervals
from callscribe.evaluation.memory import PeakMemory
from callscribe.evaluation.references import Recording, Reference, Unusable
from callscribe.evaluation.scoring import Comparison, compare, most_wrong, normalise, spellings
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.engines import registry
from callscribe.speech.engines.registry import Engines
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.interface import Engine, RecognitionOptions
from callscribe.speech.languages import language_code, locale_named
from callscribe.speech.pipeline import transcribe_file
from callscribe.speech.prices import Prices
from callscribe.speech.trial import words_heard
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.models import Transcript

PAUSES: Final = (1.0, 3.0, 9.0)
"""Seconds before a recording is tried again on which an engine failed for the moment; as with a job."""

MOST_WORDS: Final = 50
"""Words that are kept of those most often wrong."""

LANGUAGE: Final = "en-US"
"""Of a recording where neither the file beside it nor anybody else says one."""

Progress = Callable[[str, ServedBy, float], None]
"""Told which recording an engine is at, and how much of it is done, 0 to 1."""


def check(served_by: ServedBy, languages: Collection[str], settings: Settings, *, keyterms: bool) -> None:
    """Make sure that it can be asked for these locales, or `multi`.

    Raises:
        SetupError: it cannot; the message says why.
    """
    asked = settings.model_copy(update={"model": served_by.model})  # a folder of the operator's own may be named
    for language in sorted(languages):
        if faults := routes.check_served(served_by, language, asked, keyterms=keyterms):
            raise SetupError(f"{served_by} cannot take part: {faults[0].detail.removesuffix('.')}.")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every engine. `language` is a locale or `multi`; without it each recording's own, or English."""

    language: str | None = None
    keyterms: tuple[str, ...] = ()

    def language_of(self, reference: Reference) -> str:
        """A locale, or `multi`."""
        return self.language or locale_named(reference.language or LANGUAGE)

    def options(self, reference: Reference) -> RecognitionOptions:
        """What an engine is told."""
        language = self.language_of(reference)
        return RecognitionOptions(None if language_code(language) is None else language, self.keyterms)

    def compared_in(self, reference: Reference) -> str:
        """The language that says how texts are normalised; nothing where nobody knows it."""
        return language_code(self.language_of(reference)) or language_code(reference.language) or ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an engine made of a recording: counted, in so many seconds of work, for so many of one channel's audio."""

    comparison: Comparison
    seconds: float
    billed: float


@dataclass(slots=True)
class Contender:
    """An engine with a model, and what it did so far, by the recording's name."""

    served_by: ServedBy
    engine: Engine
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    peak: int = 0
    """Bytes of its own process."""


@contextmanager
def contenders(chosen: Sequence[ServedBy], settings: Settings) -> Iterator[list[Contender]]:
    """The engines, each with a process of its own where it computes here, and its model loaded.

    Raises:
        SetupError: there is no such engine, or a model cannot be had.
        JobError: one does not recognise anything.
    """
    made: list[tuple[Engines, Contender]] = []
    try:
        for served_by in chosen:
            engines = Engines(settings)
            contender = Contender(served_by, engines.serving(served_by))
            made.append((engines, contender))
            if registry.declaration_of(served_by).runs == "here":  # a provider would be paid for it
                with _watched(contender):
                    words_heard(contender.engine, served_by.model, NEVER)
        yield [contender for _, contender in made]
    finally:
        for engines, _ in made:
            engines.close()


@contextmanager
def _watched(contender: Contender) -> Iterator[None]:
    with PeakMemory(lambda: contender.engine.pid) as memory:
        yield
    contender.peak = max(contender.peak, memory.most)


class Evaluation:
    """Runs engines over recordings and counts. What was done stays when it is interrupted."""

    def __init__(
        self, taking_part: Sequence[Contender], decoder: Decoder, question: Question, settings: Settings
    ) -> None:
        self._contenders = taking_part
        self._settings = settings
        self._prices = Prices.parse(settings.prices)
        self._decoder = decoder
        self._question = question
        self._seconds: dict[str, float] = {}
        self._references: dict[str, Reference] = {}
        self._left_out: list[Unusable] = []
        self._memory = PeakMemory(os.getpid)
        self.is_complete = False
        """Whether all recordings were done, by whichever engine could."""

    def run(self, found: Iterable[Recording | Unusable], tell: Progress) -> Generator[Unusable | Recording]:
        """Do one recording after the other; yields each that is done, and what is left out."""
        with self._memory:
            for each in found:
                unusable = each if isinstance(each, Unusable) else self._recording(each, tell)
                if unusable is not None:
                    self._left_out.append(unusable)
                yield unusable or each
            self.is_complete = True

    def failures(self, name: str) -> dict[ServedBy, str]:
        """Which engines failed on a recording, and why."""
        return {each.served_by: each.failures[name] for each in self._contenders if name in each.failures}

    def _recording(self, recording: Recording, tell: Progress) -> Unusable | None:
        """Have all engines do it; or why none can."""
        language = self._question.compared_in(recording.reference)
        if not normalise(recording.reference.text(), language):
            return Unusable(recording.name, "no word is left of what was said when it is normalised")
        try:
            with recording.opened() as path:
                self._decoder.inspect(path)
                for contender in self._contenders:
                    self._by(contender, recording, path, tell)
        except (JobError, OSError) as error:
            return Unusable(recording.name, str(error))
        self._references[recording.name] = recording.reference
        return None

    def _by(self, contender: Contender, recording: Recording, path: Path, tell: Progress) -> None:
        name = recording.name

        def progress(done: float, total: float) -> None:
            tell(name, contender.served_by, min(1.0, done / total) if total else 0.0)

        progress(0.0, 1.0)
        language = self._question.language_of(recording.reference)
        try:
            check(contender.served_by, [language], self._settings, keyterms=bool(self._question.keyterms))
            with _watched(contender):
                began, (transcript, channels) = self._transcribed(contender, recording, path, progress)
                seconds = time.perf_counter() - began
        except Exception as error:  # noqa: BLE001  what one engine cannot do is no reason to lose what others did
            told = str(error) if isinstance(error, CallscribeError | OSError) else f"{type(error).__name__}: {error}"
            contender.failures[name] = told
            return
        self._seconds[name] = transcript.duration
        comparison = Comparison()
        for reference, hypothesis in _texts(recording.reference, transcript, channels):
            said, heard = (
                normalise(each, self._question.compared_in(recording.reference)) for each in (reference, hypothesis)
            )
            comparison.add(compare(said, heard))
        contender.outcomes[name] = Outcome(comparison, seconds, transcript.duration * len(channels))
        progress(1.0, 1.0)

    def _transcribed(
        self, contender: Contender, recording: Recording, path: Path, progress: Callable[[float, float], None]
    ) -> tuple[float, tuple[Transcript, frozenset[int]]]:
        """When the attempt began that did it, and its transcript with the channels that were listened to."""
        options = self._question.options(recording.reference)
        for pause in (*PAUSES, None):
            began = time.perf_counter()
            try:
                segmentation, segments = transcribe_file(
                    self._decoder, path, contender.engine, contender.served_by.model, options, NEVER, progress
                )
            except TransientJobError as error:
                if pause is None:
                    raise
                time.sleep(max(pause, min(error.retry_after or 0.0, 60.0)))
                continue
            channels = frozenset(each.channel for each in segmentation.channels)
            transcript = assemble(
                segments, duration=segmentation.duration, language=options.language, channels=len(channels)
            )
            return began, (transcript, channels)
        raise AssertionError("the last attempt returns or raises")

    def report(self, source: Literal["folder", "corrections"]) -> EvaluationReport:
        """What came of it so far."""
        able = [each for each in self._contenders if each.outcomes]
        common = [name for name in self._references if able and all(name in each.outcomes for each in able)]
        totals = {each.served_by: _total(each, common) for each in able}
        if common:
            able.sort(key=lambda each: totals[each.served_by].counts.wer)
        by_recording = [[each.outcomes[name].comparison.counts for name in common] for each in able]
        sure = zip(*intervals(by_recording), strict=True) if common else iter([(None, None)] * len(able))
        written = spellings((each.text(), self._question.compared_in(each)) for each in self._references.values())
        audio = sum(self._seconds[name] for name in common)
        results = [
            self._result(each, totals[each.served_by], common, audio, *ends, written)
            for each, ends in zip(able, sure, strict=True)
        ]
        unable = [each for each in self._contenders if not each.outcomes]
        results += [self._result(each, Comparison(), [], 0.0, None, None, written) for each in unable]
        return EvaluationReport(
            version=callscribe.__version__,
            source=source,
            language=self._question.language,
            keyterms=list(self._question.keyterms),
            is_complete=self.is_complete,
            audio_seconds=round(audio, 3),
            currency=self._prices.currency,
            own_peak_memory_bytes=self._memory.most,
            engines=results,
            recordings=[
                RecordingResult(
                    name=name,
                    seconds=round(self._seconds[name], 3),
                    words=by_recording[0][place].words,
                    errors=[of_engine[place].errors for of_engine in by_recording],
                )
                for place, name in enumerate(common)
            ],
            left_out=[FailureResource(recording=each.name, reason=each.reason) for each in self._left_out],
        )

    def _result(
        self,
        contender: Contender,
        total: Comparison,
        common: Sequence[str],
        audio: float,
        interval: Interval | None,
        above_best: Interval | None,
        written: Mapping[str, str],
    ) -> EngineResult:
        counts = total.counts
        seconds = sum(contender.outcomes[name].seconds for name in common)
        billed = sum(contender.outcomes[name].billed for name in common)
        return EngineResult(
            engine=contender.served_by.engine,
            model=contender.served_by.model,
            word_error_rate=round(counts.wer, 6) if counts.words else None,
            interval=_interval(interval),
            above_best=_interval(above_best),
            words=counts.words,
            substitutions=counts.substitutions,
            deletions=counts.deletions,
            insertions=counts.insertions,
            seconds=round(seconds, 3),
            real_time_factor=round(seconds / audio, 5) if audio else None,
            peak_memory_bytes=contender.peak or None,
            cost=self._prices.cost(contender.served_by, billed) if common else None,
            failed=[FailureResource(recording=name, reason=reason) for name, reason in contender.failures.items()],
            most_wrong=[
                WrongWordResource(word=each.word, said=each.said, wrong=each.wrong, heard=list(each.heard))
                for each in most_wrong(total.words, written, MOST_WORDS)
            ],
        )


def _texts(reference: Reference, transcript: Transcript, channels: frozenset[int]) -> Iterator[tuple[str, str]]:
    """What was said and what was heard: by channel where the reference tells them apart, else all of it by time."""
    apart = reference.channels
    if not apart or not apart <= channels:
        yield reference.text(), " ".join(each.text for each in transcript.sentences)
        return
    for channel in sorted(channels):
        heard = " ".join(each.text for each in transcript.sentences if each.channel == channel)
        yield reference.text(channel), heard


def _total(contender: Contender, names: Iterable[str]) -> Comparison:
    total = Comparison()
    for name in names:
        total.add(contender.outcomes[name].comparison)
    return total


def _interval(interval: Interval | None) -> IntervalResource | None:
    return None if interval is None else IntervalResource(low=round(interval.low, 6), high=round(interval.high, 6))
