import json
import socket
from collections.abc import Iterator

import numpy as np

from callscribe.framing import Channel
from callscribe.speech.engines.batching import REQUEST_SECONDS, in_requests
from callscribe.speech.engines.whisper.messages import (
    Answer,
    Part,
    Request,
    Task,
    read_answers,
    read_request,
    write_answers,
    write_request,
)
from callscribe.speech.engines.whisper.spoken import Hearing
from callscribe.speech.interface import (
    SAMPLE_RATE,
    OmissionReason,
    OnLanguageMismatch,
    Segment,
    Span,
    SpeechWindow,
    SpokenLanguage,
    Word,
)


def window(channel: int, start: float, seconds: float) -> SpeechWindow:
    samples = np.full(int(seconds * SAMPLE_RATE), start, np.float32)
    return SpeechWindow(channel, start, samples, (Span(start, start + seconds),))


def test_windows_taken_as_work_goes_on() -> None:
    taken = 0

    def source() -> Iterator[SpeechWindow]:
        nonlocal taken
        for index in range(60):
            taken += 1
            yield window(0, 20.0 * index, 20.0)

    full = round(REQUEST_SECONDS / 20.0)
    groups = in_requests(source())
    assert 1 < len(next(groups)) == taken == full < 60
    rest = [len(group) for group in groups]
    assert sum(rest) == 60 - full
    assert max(rest) == full


def test_request_arrives_as_sent() -> None:
    french = Part((window(0, 4.0, 0.5),), "fr")
    unknown = Part(
        (window(0, 0.5, 1.0), window(1, 2.5, 0.25)),
        None,
        ("Riverside", "Größe"),
        Task.RECOGNIZE,
        OnLanguageMismatch.OMIT,
        ("sv", "no"),
        verbatim=True,
    )
    request = Request("/models/base", 5, (french, unknown))

    engine, child = socket.socketpair()
    with engine, child:
        Channel(sink=engine.fileno()).send(*write_request(request))
        copy = read_request(*Channel(child.fileno()).receive())
    assert (copy.model, copy.beam_size) == ("/models/base", 5)
    for sent, arrived in zip(request.parts, copy.parts, strict=True):
        assert (sent.language, sent.keyterms) == (arrived.language, arrived.keyterms)
        assert (sent.task, sent.on_language_mismatch) == (arrived.task, arrived.on_language_mismatch)
        assert (sent.elsewhere, sent.verbatim) == (arrived.elsewhere, arrived.verbatim)
        for before, after in zip(sent.windows, arrived.windows, strict=True):
            assert (before.channel, before.start, before.speech) == (after.channel, after.start, after.speech)
            np.testing.assert_array_equal(before.samples, after.samples)


def test_answer_arrives_as_sent() -> None:
    french = SpokenLanguage("fr", 0.98)
    said = Segment(0, 1.0, 2.0, (Word("Bonjour.", 1.0, 2.0, 0.9),), "fr", french)
    left_out = Segment(1, 3.0, 4.0, (), "ar", SpokenLanguage("ar", 0.99), OmissionReason.UNSUPPORTED_LANGUAGE)
    heard = Answer(((said,), (), (left_out,)), (Hearing(1.0, {"fr": 0.98, "en": 0.01}), Hearing(0.5, {})))
    assert read_answers(json.loads(json.dumps(write_answers([heard, Answer()])))) == [heard, Answer()]
