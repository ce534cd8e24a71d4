import socket
from collections.abc import Iterator

import numpy as np

from callscribe.framing import Channel
from callscribe.speech.engines.whisper.batching import REQUEST_SECONDS
from callscribe.speech.engines.whisper.engine import _groups
from callscribe.speech.engines.whisper.messages import LanguageEvidence, Part, Request, read_request, write_request
from callscribe.speech.interface import SAMPLE_RATE, Span, SpeechWindow


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
    groups = _groups(source())
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
        {1: LanguageEvidence(3.5, {"en": -0.25})},
    )
    request = Request("/models/base", 5, (french, unknown))

    engine, child = socket.socketpair()
    with engine, child:
        Channel(sink=engine.fileno()).send(*write_request(request))
        copy = read_request(*Channel(child.fileno()).receive())
    assert (copy.model, copy.beam_size) == ("/models/base", 5)
    for sent, arrived in zip(request.parts, copy.parts, strict=True):
        assert (sent.language, sent.keyterms, sent.evidence) == (arrived.language, arrived.keyterms, arrived.evidence)
        for before, after in zip(sent.windows, arrived.windows, strict=True):
            assert (before.channel, before.start, before.speech) == (after.channel, after.start, after.speech)
            np.testing.assert_array_equal(before.samples, after.samples)
