"""From a recording to segments: the functions of this package put together.

A job calls `divide_file`, and `recognize_span` for each chunk, each a step of its own; the command line calls
`transcribe_file`, which is both in a row.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import Cancellation
from callscribe.speech.audio import AudioSource, AudioWindow
from callscribe.speech.diarization.diarizer import Diarizer, applies
from callscribe.speech.diarization.turns import SpeakerRange, SpeakerTurn
from callscribe.speech.forgotten_requests import ForgottenRequests
from callscribe.speech.interface import (
    Engine,
    RecognitionOptions,
    Recording,
    Segment,
    SentRequests,
    Span,
    SpeechWindow,
    WindowEngine,
)
from callscribe.speech.languages import language_code
from callscribe.speech.segmentation import CHUNK_SECONDS, Segmentation, measure, plan_chunks, segment
from callscribe.speech.surroundings import RecordedSurroundings
from callscribe.speech.unheard import Unheard, doubted
from callscribe.speech.windows import WindowPlan, speech_windows, windows_within

Progress = Callable[[float, float], None]
"""Told seconds of the recording that are done, and its length (0 while that is not known)."""

Listener = Callable[[npt.NDArray[np.float32]], None]
"""Given the samples of a recording, `(channels, n) float32` at 16 kHz, window by window."""


def segment_file(source: AudioSource, path: Path, cancelled: Cancellation) -> Segmentation:
    """Find who speaks when in a recording.

    Raises:
        Cancelled: `cancelled` says so.
        JobError: the recording cannot be decoded.
    """
    return segment(source.windows(path, cancelled=cancelled))


def windows_of(source: AudioSource, path: Path, cancelled: Cancellation) -> list[SpeechWindow]:
    """The speech of a recording as an engine hears it: all of it, so for short ones.

    Raises:
        Cancelled: `cancelled` says so.
        JobError: the recording cannot be decoded.
    """
    channels = segment_file(source, path, cancelled).channels
    plans = windows_within(channels, Span(0.0, math.inf))
    return list(speech_windows(source.windows(path, cancelled=cancelled), plans, channels))


def divide_file(
    source: AudioSource,
    path: Path,
    engine: Engine,
    cancelled: Cancellation,
    *,
    chunk: float = CHUNK_SECONDS,
    voices: bool = False,
    progress: Progress | None = None,
    listener: Listener | None = None,
) -> tuple[Segmentation, list[Span]]:
    """Find what there is in a recording, and the chunks in which an engine is given it.

    One that takes whole recordings gets one chunk, in which it finds who speaks when itself. That is looked for here
    all the same where `voices` are to be told apart. `chunk` is the length to aim at, in seconds. A `listener` hears
    the whole recording, once.

    Raises:
        Cancelled: `cancelled` says so.
        JobError: the recording cannot be decoded.
    """
    heard = _told(source.windows(path, cancelled=cancelled), progress, listener)
    if engine.takes == "windows":
        segmentation = segment(heard)
        return segmentation, plan_chunks(segmentation, chunk)
    segmentation = segment(heard) if voices else measure(heard)
    return segmentation, [Span(0.0, segmentation.duration)]


def recognize_span(
    source: AudioSource,
    path: Path,
    segmentation: Segmentation,
    span: Span,
    engine: Engine,
    model: str,
    options: RecognitionOptions,
    cancelled: Cancellation,
    *,
    requests: SentRequests | None = None,
) -> Iterator[Segment]:
    """Recognise what begins within `span`, which is all for an engine that takes whole recordings.

    `requests` is where such an engine writes down what it sends to a provider; without it, it is forgotten.

    Raises:
        Cancelled: `cancelled` says so.
        JobError: the recording cannot be decoded or recognised.
    """
    if engine.takes == "recordings":
        channels = tuple(each.channel for each in segmentation.channels)
        recording = Recording(path, channels, segmentation.duration, source)
        kept = requests or ForgottenRequests()
        segments = engine.transcribe(recording, model=model, options=options, cancelled=cancelled, requests=kept)
    else:
        segments = _by_windows(source, path, segmentation, span, engine, model, options, cancelled)
    for heard in segments:
        yield heard if heard.words_timed else _with_shares(heard)


def _with_shares(segment: Segment) -> Segment:
    """A segment whose words share its time by their lengths, where each has all of it."""
    if any((word.start, word.end) != (segment.start, segment.end) for word in segment.words):
        return segment
    letters = [len(word.text) for word in segment.words]
    ends = list(accumulate(letters, initial=0))
    scale = (segment.end - segment.start) / max(1, ends[-1])
    words = tuple(
        word._replace(start=round(segment.start + start * scale, 3), end=round(segment.start + end * scale, 3))
        for word, (start, end) in zip(segment.words, pairwise(ends), strict=True)
    )
    return replace(segment, words=words)


def _by_windows(
    source: AudioSource,
    path: Path,
    segmentation: Segmentation,
    span: Span,
    engine: WindowEngine,
    model: str,
    options: RecognitionOptions,
    cancelled: Cancellation,
) -> Iterator[Segment]:
    """Recognise the windows of speech that begin within `span`, those of both channels interleaved by time.

    What may be speech and is in no window, and speech of which nothing was made, come as segments without words.
    """
    plans = windows_within(segmentation.channels, span)
    if plans:
        yield from _recognized(source, path, segmentation, plans, engine, model, options, cancelled)
    yield from doubted(segmentation.channels, span, language_code(options.language) or "")


def _recognized(
    source: AudioSource,
    path: Path,
    segmentation: Segmentation,
    plans: Sequence[WindowPlan],
    engine: WindowEngine,
    model: str,
    options: RecognitionOptions,
    cancelled: Cancellation,
) -> Iterator[Segment]:
    start, end = min(plan.span.start for plan in plans), plans[-1].span.end
    audio = source.windows(path, start=start, end=end, cancelled=cancelled)
    windows = speech_windows(audio, plans, segmentation.channels)
    surroundings = RecordedSurroundings(source, path, segmentation.channels, cancelled)
    heard = engine.recognize(windows, model=model, options=options, cancelled=cancelled, surroundings=surroundings)
    yield from Unheard(plans, language_code(options.language) or "").follow(heard)


def transcribe_file(
    source: AudioSource,
    path: Path,
    engine: Engine,
    model: str,
    options: RecognitionOptions,
    cancelled: Cancellation,
    progress: Progress | None = None,
    *,
    voices: bool = False,
) -> tuple[Segmentation, list[Segment]]:
    """Divide and recognise a whole recording, chunk by chunk. Raises what those two raise."""
    segmentation, spans = divide_file(source, path, engine, cancelled, voices=voices)
    segments: list[Segment] = []
    for span in spans:
        recognized = recognize_span(source, path, segmentation, span, engine, model, options, cancelled)
        for found in recognized:
            segments.append(found)
            if progress:
                progress(found.end, segmentation.duration)
        if progress:
            progress(span.end, segmentation.duration)
    return segmentation, segments


def diarize_file(
    source: AudioSource,
    path: Path,
    segmentation: Segmentation,
    diarizer: Diarizer,
    speakers: SpeakerRange,
    cancelled: Cancellation,
) -> list[SpeakerTurn] | None:
    """Who speaks when, chunk by chunk as in a job; None where each channel has a party of its own.

    Raises:
        Cancelled: `cancelled` says so.
        JobError: the recording cannot be decoded.
    """
    if not applies(segmentation):
        return None
    heard = [
        piece
        for span in plan_chunks(segmentation)
        for piece in diarizer.listen(source, path, segmentation, span, cancelled)
    ]
    return diarizer.turns(heard, speakers)


def _told(
    windows: Iterator[AudioWindow], progress: Progress | None, listener: Listener | None
) -> Iterator[AudioWindow]:
    """The windows, each of which the `listener` hears, with `progress` told of each that is done with."""
    for window in windows:
        if listener:
            listener(window.samples)
        yield window
        if progress:
            progress(window.start, 0.0)
