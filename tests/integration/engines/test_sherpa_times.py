"""Words with times of their own, by a transducer that says "one" where it is loud, in the form of Parakeet's."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from callscribe.speech.engines.sherpa.messages import Part
from callscribe.speech.interface import SAMPLE_RATE, Span, SpeechWindow

FEATURES, STEP, LASTS = 128, 0.08, 4
"""Bands, seconds of a step of the encoder, and steps of a token."""
TOKENS = ("▁one", "▁two", ",", "<blk>")


def tensor(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, list(shape))


def constant(name: str, values: object) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values), name)


def write(path: Path, model: onnx.GraphProto, **metadata: str) -> None:
    made = helper.make_model(model, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(made, metadata)
    onnx.save(made, str(path))


def write_model(folder: Path) -> None:
    """Loudness in steps of eight frames; a step that is loud enough is the first token, which lasts four."""
    folder.mkdir()
    real, whole = TensorProto.FLOAT, TensorProto.INT64
    write(
        folder / "encoder.int8.onnx",
        helper.make_graph(
            [
                helper.make_node("ReduceMean", ["audio_signal"], ["loudness"], axes=[1], keepdims=1),
                helper.make_node("AveragePool", ["loudness"], ["outputs"], kernel_shape=[8], strides=[8]),
                helper.make_node("Div", ["length", "eight"], ["encoded_lengths"]),
            ],
            "encoder",
            [tensor("audio_signal", real, "B", FEATURES, "T"), tensor("length", whole, "B")],
            [tensor("outputs", real, "B", 1, "S"), tensor("encoded_lengths", whole, "B")],
            [constant("eight", np.int64(8))],
        ),
        vocab_size=str(len(TOKENS) - 1),
        subsampling_factor="8",
        normalize_type="NA",
        pred_rnn_layers="1",
        pred_hidden="1",
        feat_dim=str(FEATURES),
        url="https://example.org/tdt",
    )
    write(
        folder / "decoder.int8.onnx",
        helper.make_graph(
            [
                helper.make_node("Identity", ["state"], ["outputs"]),
                helper.make_node("Identity", ["target_length"], ["prednet_lengths"]),
                helper.make_node("Identity", ["state"], ["next_state"]),
                helper.make_node("Identity", ["other"], ["next_other"]),
            ],
            "decoder",
            [
                tensor("targets", TensorProto.INT32, "B", "U"),
                tensor("target_length", TensorProto.INT32, "B"),
                tensor("state", real, 1, "B", 1),
                tensor("other", real, 1, "B", 1),
            ],
            [
                tensor("outputs", real, 1, "B", 1),
                tensor("prednet_lengths", TensorProto.INT32, "B"),
                tensor("next_state", real, 1, "B", 1),
                tensor("next_other", real, 1, "B", 1),
            ],
        ),
    )
    # Logits of the four tokens, then of durations from 0 to 4 steps.
    weights = np.zeros((1, len(TOKENS) + LASTS + 1), np.float32)
    weights[0, 0] = 1.0
    rest = np.zeros_like(weights)
    rest[0, : len(TOKENS)] = [8.0, -50.0, -50.0, 0.0]
    rest[0, -1] = 1.0
    write(
        folder / "joiner.int8.onnx",
        helper.make_graph(
            [
                helper.make_node("Add", ["encoder_outputs", "decoder_outputs"], ["heard"]),
                helper.make_node("MatMul", ["heard", "weights"], ["scaled"]),
                helper.make_node("Add", ["scaled", "rest"], ["added"]),
                helper.make_node("Unsqueeze", ["added", "first"], ["logits"]),
            ],
            "joiner",
            [tensor("encoder_outputs", real, "B", 1, "T"), tensor("decoder_outputs", real, "B", 1, "U")],
            [tensor("logits", real, "B", "T", "U", weights.shape[1])],
            [constant("weights", weights), constant("rest", rest), constant("first", np.array([1], np.int64))],
        ),
    )
    (folder / "tokens.txt").write_text("".join(f"{token} {place}\n" for place, token in enumerate(TOKENS)))


def window(start: float, seconds: float, *loud: Span) -> SpeechWindow:
    """Noise where it is loud, by times in the window."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    chance = np.random.default_rng(7)
    for span in loud:
        first, end = round(span.start * SAMPLE_RATE), round(span.end * SAMPLE_RATE)
        samples[first:end] = chance.normal(0, 0.2, end - first).astype(np.float32)
    return SpeechWindow(0, start, samples, (Span(start, start + seconds),))


def test_words_are_where_they_were_said(tmp_path: Path) -> None:
    pytest.importorskip("sherpa_onnx")
    from callscribe.speech.engines.sherpa.recognizer import Recognizer  # noqa: PLC0415  loads the runtime

    write_model(tmp_path / "parakeet-tdt-0.6b-v3")
    model = Recognizer(tmp_path / "parakeet-tdt-0.6b-v3", provider="cpu", threads=1)
    long = window(20.0, 4.0, Span(0.64, 1.28), Span(2.56, 3.2))
    short = window(50.0, 2.0, Span(0.96, 1.6))
    both, single = model.recognize([Part((long, short), "de-DE"), Part((window(0.0, 2.0),), "de-DE")])
    assert single == (), "nothing was said"
    assert [(each.channel, each.language, each.text) for each in both] == [
        (0, "de", "one one one one"),
        (0, "de", "one one"),
    ]
    starts = [word.start for each in both for word in each.words]
    expected = [20.64, 20.96, 22.56, 22.88, 50.96, 51.28]
    assert all(abs(found - said) <= 2 * STEP for found, said in zip(starts, expected, strict=True)), starts
    assert all(word.end - word.start <= LASTS * STEP + 0.001 for each in both for word in each.words)
    assert all(0.5 < word.confidence <= 1 for each in both for word in each.words)
