"""Whisper on OpenVINO: the same text as on CTranslate2, and the same bits in every batch."""

from pathlib import Path

import jiwer
import numpy as np
import pytest

from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.interface import SAMPLE_RATE, Samples
from callscribe.speech.whisper.ctranslate2_network import CTranslate2Network
from callscribe.speech.whisper.decoding import Hypothesis
from callscribe.speech.whisper.network import Network, Prompt, Tokenizers
from callscribe.speech.whisper.openvino_network import OpenVinoNetwork
from callscribe.speech.whisper.weights import Weights

BEAMS = 5


@pytest.fixture(scope="module")
def folder(settings: Settings) -> Path:
    return Catalogue(settings.models).path("tiny.en")


@pytest.fixture(scope="module")
def tokenizers(folder: Path) -> Tokenizers:
    return Tokenizers(folder)


@pytest.fixture(scope="module")
def openvino(folder: Path, tokenizers: Tokenizers) -> OpenVinoNetwork:
    return OpenVinoNetwork(folder, Weights.read(folder), tokenizers, threads=2)


@pytest.fixture
def windows(decoder: Decoder, call: Path) -> list[Samples]:
    """Both parties of the bundled call mixed, in windows of 3 to 15 seconds."""
    audio = np.concatenate([window.samples.sum(axis=0) for window in decoder.windows(call)])
    ends = np.cumsum([12, 5, 15, 3, 9, 15]) * SAMPLE_RATE
    return [audio[end - length * SAMPLE_RATE : end] for end, length in zip(ends, [12, 5, 15, 3, 9, 15], strict=True)]


def frames(windows: list[Samples]) -> list[int]:
    """As many as the windows need, and six seconds of silence."""
    return [len(window) // 160 + 600 for window in windows]


def decoded(network: Network, tokenizers: Tokenizers, windows: list[Samples]) -> list[Hypothesis]:
    prompts = [Prompt(tokenizers["en"], longest=120)] * len(windows)
    return network.beam_search(network.encode(windows, frames(windows)), prompts, BEAMS)


def test_both_libraries_hear_the_same(
    openvino: OpenVinoNetwork, folder: Path, tokenizers: Tokenizers, windows: list[Samples]
) -> None:
    ctranslate2 = CTranslate2Network(folder, tokenizers, cuda=False, threads=2)
    ours = decoded(openvino, tokenizers, windows)
    # One by one, since on CTranslate2 a window's silence is as long as that of the longest in its batch.
    theirs = [decoded(ctranslate2, tokenizers, [window])[0] for window in windows]
    assert all(hypothesis.is_sound for hypothesis in ours)
    heard, reference = (" ".join(word for each in side for word in each.words) for side in (ours, theirs))
    assert len(reference.split()) > 100
    assert jiwer.wer(reference, heard) < 0.1
    for one, other in zip(ours, theirs, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, abs=0.25)
        assert one.no_speech == pytest.approx(other.no_speech, abs=0.1)


def test_a_window_comes_out_the_same_to_the_last_bit_whatever_shares_its_batch(
    openvino: OpenVinoNetwork, tokenizers: Tokenizers, windows: list[Samples]
) -> None:
    alone = [decoded(openvino, tokenizers, [window])[0] for window in windows]
    assert decoded(openvino, tokenizers, windows) == alone
    assert decoded(openvino, tokenizers, windows[::-1]) == alone[::-1]
    assert decoded(openvino, tokenizers, [windows[3], windows[0]]) == [alone[3], alone[0]]


def test_token_times_are_the_same_to_the_last_bit_whatever_shares_the_batch(
    openvino: OpenVinoNetwork, tokenizers: Tokenizers, windows: list[Samples]
) -> None:
    prompts = [Prompt(tokenizers["en"], longest=120)] * len(windows)
    hypotheses = decoded(openvino, tokenizers, windows)
    audio = [len(window) // 160 for window in windows]

    def shares(chosen: list[int]) -> list[np.ndarray]:
        picked = [windows[index] for index in chosen]
        encoded = openvino.encode(picked, frames(picked))
        times = openvino.align(
            encoded, prompts[: len(chosen)], [hypotheses[i] for i in chosen], [audio[i] for i in chosen]
        )
        return [each.shares for each in times if each.shares is not None]

    together = shares(list(range(len(windows))))
    assert len(together) == len(windows)
    for index, found in enumerate(together):
        (alone,) = shares([index])
        np.testing.assert_array_equal(found, alone)


def test_a_term_is_heard_where_it_is_given(
    openvino: OpenVinoNetwork, tokenizers: Tokenizers, windows: list[Samples]
) -> None:
    encoded = openvino.encode(windows[:1], frames(windows[:1]))
    (plain,) = openvino.beam_search(encoded, [Prompt(tokenizers["en"])], BEAMS)
    assert "calling" in plain.words
    (biased,) = openvino.beam_search(encoded, [Prompt(tokenizers["en"], ("caulling",))], BEAMS)
    assert "calling" in biased.words, "a term is no reason to write what was plainly not said"


def test_samples_are_drawn_the_same_every_time(
    openvino: OpenVinoNetwork, tokenizers: Tokenizers, windows: list[Samples]
) -> None:
    encoded = openvino.encode(windows[:2], frames(windows[:2]))
    prompts = [Prompt(tokenizers["en"], longest=60)] * 2
    first = openvino.sample(encoded, prompts, 0.6)
    assert first == openvino.sample(encoded, prompts, 0.6)
