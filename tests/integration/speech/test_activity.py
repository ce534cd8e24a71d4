"""Voice activity on the bundled call."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from callscribe.demo import RECORDING
from callscribe.media.decoding import Decoder
from callscribe.speech.activity import ActivityDetector, ChannelActivity, finish
from callscribe.speech.interface import SAMPLE_RATE, Span
from callscribe.speech.silero import FRAME
from callscribe.speech.spans import SECOND_LOOK

Audio = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def call() -> Iterator[Audio]:
    """The bundled call, `(2, samples)`: channel 0 the customer, channel 1 the agent, who speaks first."""
    with closing(Decoder()) as decoder:
        yield np.concatenate([window.samples for window in decoder.windows(RECORDING)], axis=1)


@pytest.fixture(scope="module")
def agent(call: Audio) -> Audio:
    """The first 40 s of the agent's channel."""
    return call[1, : 40 * SAMPLE_RATE]


def activity(samples: Audio, seconds: float = 7.3) -> ChannelActivity:
    detector = ActivityDetector(0)
    step = int(seconds * SAMPLE_RATE)
    for first in range(0, len(samples), step):
        detector.push(samples[first : first + step])
    return detector.finish()


def mu_law(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What is left after the law's 8 bits (ITU-T G.711, as a formula)."""
    logarithms = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    codes: npt.NDArray[np.float64] = np.round(logarithms * 127) / 127
    return np.asarray(np.sign(codes) * (256 ** np.abs(codes) - 1) / 255, np.float64)


def band(samples: Audio, low: float, high: float) -> npt.NDArray[np.float64]:
    """What is left when nothing passes outside a band."""
    spectrum, hertz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return np.fft.irfft(np.where((hertz > low) & (hertz < high), spectrum, 0), len(samples))


def covered(spans: Sequence[Span], seconds: float) -> npt.NDArray[np.bool_]:
    """Which hundredths of a second are speech."""
    mask = np.zeros(round(seconds * 100), np.bool_)
    for span in spans:
        mask[round(span.start * 100) : round(span.end * 100)] = True
    return mask


def agreement(one: Sequence[Span], other: Sequence[Span], seconds: float) -> float:
    """Common time over all time."""
    masks = covered(one, seconds), covered(other, seconds)
    return float(np.sum(masks[0] & masks[1]) / np.sum(masks[0] | masks[1]))


def test_any_pieces_give_same_spans(agent: Audio) -> None:
    assert activity(agent, 0.31) == activity(agent, 13.0)


def test_heard_at_any_level(agent: Audio) -> None:
    normal = activity(agent)
    for decibels in (-20, -30, -40):
        quiet = activity((agent * 10 ** (decibels / 20)).astype(np.float32))
        assert agreement(normal.spans, quiet.spans, 40.0) > 0.9
        assert 20 * np.log10(quiet.gain / normal.gain) == pytest.approx(-decibels, abs=1.5)


@pytest.mark.parametrize("lowest", [200, 300])
@pytest.mark.parametrize("decibels", [0, -30])
def test_narrow_band_speech_kept(agent: Audio, lowest: int, decibels: int) -> None:
    line = (mu_law(band(agent, lowest, 3400)) * 10 ** (decibels / 20)).astype(np.float32)
    everything = ActivityDetector(0, again=replace(SECOND_LOOK, evidence=0.0))
    everything.push(line)
    spans = everything.finish().spans
    assert len(spans) > 3
    assert activity(line).spans == spans


def test_quiet_after_loud_heard(agent: Audio) -> None:
    announcement = agent[: 6 * SAMPLE_RATE]
    quiet = (agent * 10 ** (-40 / 20)).astype(np.float32)
    found = activity(np.concatenate([announcement, quiet]))
    later = [Span(span.start - 6, span.end - 6) for span in found.spans if span.start > 6.2]
    assert agreement(activity(agent).spans, later, 40.0) > 0.8


@pytest.mark.parametrize("party", [0, 1])
@pytest.mark.parametrize(("low", "high", "softer"), [(300, 3400, 0), (400, 3000, 15)])
def test_party_on_a_bad_line_kept(call: Audio, party: int, low: int, high: int, softer: int) -> None:
    line = band(call[party], low, high) * 10 ** (-softer / 20)
    found = activity((call[1 - party] + line).astype(np.float32))
    alone = activity(call[party])
    seconds = call.shape[1] / SAMPLE_RATE
    masks = covered(alone.spans, seconds), covered(found.spans, seconds)
    assert np.sum(masks[0] & masks[1]) > 0.9 * np.sum(masks[0])


def test_soft_party_has_own_gain(call: Audio) -> None:
    soft = (call[1] + band(call[0], 400, 3000) * 10 ** (-20 / 20)).astype(np.float32)
    loud, found = activity(call[1]), activity(soft)
    mask = covered(loud.spans, call.shape[1] / SAMPLE_RATE)
    for span, gain in zip(found.spans, found.gains, strict=True):
        of_agent = mask[round(span.start * 100) : round(span.end * 100)].mean()
        if of_agent < 0.1:
            assert 20 * np.log10(gain / found.gain) > 12
    assert found.gain == pytest.approx(loud.gain, rel=0.3)
    assert found.gains.count(found.gain) >= len(loud.spans) - 1


def test_party_too_soft_to_hear_is_doubtful(call: Audio) -> None:
    faint = (call[1] + band(call[0], 400, 3000) * 10 ** (-38 / 20)).astype(np.float32)
    found = activity(faint)
    alone = activity(call[0])
    seconds = call.shape[1] / SAMPLE_RATE
    doubted, loud = covered(found.doubtful, seconds), covered(alone.spans, seconds)
    assert np.sum(doubted & loud) > 0.5 * np.sum(loud)
    assert np.sum(doubted & ~loud) < 0.2 * np.sum(doubted)


def test_nothing_is_doubtful_of_a_clean_call(call: Audio) -> None:
    detectors = [ActivityDetector(channel) for channel in (0, 1)]
    for detector, samples in zip(detectors, call, strict=True):
        detector.push(samples)
    assert [each.doubtful for each in finish(detectors, {})] == [(), ()]


def test_crowd_between_turns_is_no_speech(call: Audio) -> None:
    # Twenty voices at once, as in a hall, for 8 s behind what somebody says.
    chance = np.random.default_rng(3)
    voices = [np.roll(call[number % 2], chance.integers(call.shape[1])) for number in range(20)]
    crowd = band(np.sum(voices, axis=0, dtype=np.float32), 300, 3400)[: 8 * SAMPLE_RATE] / 8
    turn = call[1, : 7 * SAMPLE_RATE]
    found = activity(np.concatenate([turn, crowd, turn]).astype(np.float32))
    assert np.sum(covered(found.spans, 22.0)[750:1450]) < 150


def test_what_may_leak_is_not_lifted(call: Audio) -> None:
    # As telephones leak; cross-talk is not looked for here.
    late = np.roll(band(call[1], 400, 3000), round(0.3 * SAMPLE_RATE)) * 10 ** (-25 / 20)
    detectors = [ActivityDetector(0), ActivityDetector(1)]
    detectors[0].push((late + call[0]).astype(np.float32))
    detectors[1].push(call[1])
    found = finish(detectors, {})
    seconds = call.shape[1] / SAMPLE_RATE
    masks = covered(found[0].spans, seconds), covered(activity(call[0]).spans, seconds)
    added = masks[0] & ~masks[1]
    assert np.sum(added[800:]) < 50  # before the customer speaks, the leak is heard at first sight


def test_digital_silence_leaves_no_trace(agent: Audio) -> None:
    group = 64 * FRAME  # the pause is a whole number of what goes through the network at once
    pause = np.zeros(30 * group, np.float32)
    seconds = len(pause) / SAMPLE_RATE
    alone = activity(agent)
    found = activity(np.concatenate([pause, agent, np.zeros(-len(agent) % group, np.float32), pause, agent]))
    first = [span for span in found.spans if span.start < seconds + 40]
    again = seconds * 2 + (len(agent) + -len(agent) % group) / SAMPLE_RATE
    for start, spans in ((seconds, first), (again, found.spans[len(first) :])):
        assert [span.start - start for span in spans] == pytest.approx([span.start for span in alone.spans], abs=2e-3)
    assert found.gain == alone.gain


def test_channels_do_not_disturb(agent: Audio) -> None:
    one, two = ActivityDetector(0), ActivityDetector(1)
    for first in range(0, len(agent), SAMPLE_RATE):
        one.push(agent[first : first + SAMPLE_RATE])
        two.push(agent[::-1][first : first + SAMPLE_RATE])
    assert one.finish().spans == activity(agent).spans
    assert two.finish().spans == activity(agent[::-1]).spans


FIRST_INFERENCES = """
import os, threading
import numpy as np
from callscribe.speech.activity import ActivityDetector

detectors = [ActivityDetector(channel) for channel in range(4)]
together = threading.Barrier(4)

def hear(detector):
    together.wait()
    detector.push(np.random.default_rng(1).normal(0, 0.1, 160_000).astype(np.float32))

threads = [threading.Thread(target=hear, args=(each,), daemon=True) for each in detectors]
for each in threads:
    each.start()
for each in threads:
    each.join(60)
os._exit(sum(each.is_alive() for each in threads))
"""


def test_first_recordings_run_at_once() -> None:
    # Without `runtime.core` about one process in six stood still for ever, with two of them at the same time.
    processes = [subprocess.Popen([sys.executable, "-c", FIRST_INFERENCES]) for _ in range(4)]
    assert [process.wait(120) for process in processes] == [0] * 4
