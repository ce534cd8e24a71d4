"""Whisper on OpenVINO and on CTranslate2: the same text on both, and the same bits in every batch."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import jiwer
import numpy as np
import pytest

from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.whisper.compute import Way, ways
from callscribe.speech.engines.whisper.ctranslate2_network import CTranslate2Network
from callscribe.speech.engines.whisper.decoding import Hypothesis
from callscribe.speech.engines.whisper.loading import load_network
from callscribe.speech.engines.whisper.network import Network, Prompt, Tokenizers, TokenTimes
from callscribe.speech.engines.whisper.openvino_network import OpenVinoNetwork
from callscribe.speech.interface import SAMPLE_RATE, Samples
from computing import ALL, OF_OPENVINO

BEAMS = 5


@pytest.fixture(scope="module")
def folder(settings: Settings) -> Path:
    return Catalogue(settings.models).path("tiny.en")


@pytest.fixture(scope="module")
def tokenizers(folder: Path) -> Tokenizers:
    return Tokenizers(folder)


@pytest.fixture(scope="module")
def loaded(folder: Path, tokenizers: Tokenizers) -> Callable[[Way], Network]:
    """The model in each way, loaded once."""
    return cache(lambda way: load_network(folder, tokenizers, device="cpu", threads=2, compute=way))


@pytest.fixture(params=OF_OPENVINO)
def openvino(request: pytest.FixtureRequest, loaded: Callable[[Way], Network]) -> OpenVinoNetwork:
    network = loaded(request.param)
    assert isinstance(network, OpenVinoNetwork)
    return network


@pytest.fixture
def ctranslate2(loaded: Callable[[Way], Network]) -> CTranslate2Network:
    network = loaded("ctranslate2")
    assert isinstance(network, CTranslate2Network)
    return network


@pytest.fixture(params=ALL)
def network(request: pytest.FixtureRequest, loaded: Callable[[Way], Network]) -> Network:
    return loaded(request.param)


@pytest.fixture
def windows(decoder: Decoder, call: Path) -> list[Samples]:
    """Both parties of the bundled call mixed, in windows of 3 to 15 seconds."""
    audio = np.concatenate([window.samples.sum(axis=0) for window in decoder.windows(call)])
    audio = np.concatenate([audio, audio])
    lengths = np.array([12, 5, 15, 3, 9, 15, 12, 5]) * SAMPLE_RATE
    return [audio[end - length : end] for end, length in zip(lengths.cumsum(), lengths, strict=True)]


def decoded(network: Network, tokenizers: Tokenizers, windows: list[Samples]) -> list[Hypothesis]:
    prompts = [Prompt(tokenizers["en"], longest=120)] * len(windows)
    encoded = network.encode(windows, [network.frames(len(window)) for window in windows])
    return network.beam_search(encoded, prompts, BEAMS)


def batches(network: Network, windows: list[Samples]) -> Iterator[list[int]]:
    """Which windows are computed together, as a recogniser asks for them: the longest first."""
    frames = [network.frames(len(window)) for window in windows]
    left = sorted(range(len(windows)), key=lambda index: -frames[index])
    while left:
        size = network.batch_size([frames[index] for index in left])
        yield left[:size]
        left = left[size:]


def goes_alone(network: Network) -> bool:
    """Whether this is float32 on OpenVINO without AVX-512, and has found that it sums otherwise in a batch."""
    return isinstance(network, OpenVinoNetwork) and ways()[0] == "ctranslate2" and network.batch_size([100, 100]) == 1


@pytest.mark.long
def test_libraries_hear_alike(
    openvino: OpenVinoNetwork, ctranslate2: CTranslate2Network, tokenizers: Tokenizers, windows: list[Samples]
) -> None:
    ours, theirs = (
        [decoded(network, tokenizers, [window])[0] for window in windows] for network in (openvino, ctranslate2)
    )
    assert all(hypothesis.is_sound for hypothesis in ours)
    heard, reference = (" ".join(word for each in side for word in each.words) for side in (ours, theirs))
    assert len(reference.split()) > 100
    assert jiwer.wer(reference, heard) < 0.1
    for one, other in zip(ours, theirs, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, abs=0.25)
        assert one.no_speech == pytest.approx(other.no_speech, abs=0.15)


@pytest.mark.long
def test_windows_bit_equal_in_any_batch(network: Network, tokenizers: Tokenizers, windows: list[Samples]) -> None:
    if goes_alone(network):
        pytest.skip("without AVX-512, float32 on OpenVINO sums otherwise in a batch: each window goes by itself")
    alone = [decoded(network, tokenizers, [window])[0] for window in windows]
    for some in (range(len(windows)), (3, 0, 6), (7, 1, 2)):
        together = list(batches(network, [windows[index] for index in some]))
        assert len(together) < len(some), "some have to share one"
        for batch in together:
            chosen = [some[place] for place in batch]
            assert decoded(network, tokenizers, [windows[index] for index in chosen]) == [
                alone[index] for index in chosen
            ]


@pytest.mark.parametrize("beams", [1, 2, 4])
def test_windows_independent_at_any_beams(
    network: Network, tokenizers: Tokenizers, windows: list[Samples], beams: int
) -> None:
    def found(chosen: list[Samples]) -> list[Hypothesis]:
        prompts = [Prompt(tokenizers["en"], longest=60)] * len(chosen)
        encoded = network.encode(chosen, [network.frames(len(window)) for window in chosen])
        return network.beam_search(encoded, prompts, beams)

    alike = [windows[0], windows[6]]
    assert found(alike) == [found([window])[0] for window in alike]


@pytest.mark.long
def test_token_times_bit_equal_in_any_batch(network: Network, tokenizers: Tokenizers, windows: list[Samples]) -> None:
    hypotheses = [decoded(network, tokenizers, [window])[0] for window in windows]

    def times(chosen: list[int]) -> list[TokenTimes]:
        picked = [windows[index] for index in chosen]
        encoded = network.encode(picked, [network.frames(len(window)) for window in picked])
        prompts = [Prompt(tokenizers["en"], longest=120)] * len(chosen)
        audio = [len(window) // 160 for window in picked]
        return network.align(encoded, prompts, [hypotheses[index] for index in chosen], audio)

    for batch in batches(network, windows):
        for index, found in zip(batch, times(batch), strict=True):
            (alone,) = times([index])
            assert len(found.probabilities) > 0
            np.testing.assert_array_equal(found.probabilities, alone.probabilities)
            np.testing.assert_array_equal(found.starts, alone.starts)
            assert (found.shares is None) == (alone.shares is None)
            if found.shares is not None and alone.shares is not None:
                np.testing.assert_array_equal(found.shares, alone.shares)


def test_term_heard_where_given(openvino: OpenVinoNetwork, tokenizers: Tokenizers, windows: list[Samples]) -> None:
    encoded = openvino.encode(windows[:1], [openvino.frames(len(windows[0]))])
    (plain,) = openvino.beam_search(encoded, [Prompt(tokenizers["en"])], BEAMS)
    assert "calling" in plain.words
    (biased,) = openvino.beam_search(encoded, [Prompt(tokenizers["en"], ("caulling",))], BEAMS)
    assert "calling" in biased.words, "a term is no reason to write what was plainly not said"


def test_samples_repeat(network: Network, tokenizers: Tokenizers, windows: list[Samples]) -> None:
    encoded = network.encode(windows[:1], [network.frames(len(windows[0]))])
    prompts = [Prompt(tokenizers["en"], longest=60)]
    first = network.sample(encoded, prompts, 0.6)
    again = network.encode(windows[:1], [network.frames(len(windows[0]))])
    assert first == network.sample(again, prompts, 0.6)
