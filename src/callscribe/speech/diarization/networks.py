"""The two networks of diarization, built from their weights as OpenVINO graphs.

`segmentation`: who speaks in 10 s of audio, at most three voices (pyannote segmentation 3.0, https://arxiv.org/abs/2104.04045,
outputs after https://arxiv.org/abs/2310.13025): SincNet, four bidirectional LSTMs, three linear layers.

`embedding`: a voice as a vector (CAM++, https://arxiv.org/abs/2303.00332): a small convolutional
front end, then a densely connected time-delay network with context-aware masks, then mean and deviation over time.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset15 as op

from callscribe.speech.diarization.checkpoint import Weights
from callscribe.speech.interface import SAMPLE_RATE

_EPSILON: Final = 1e-5
"""Of batch and instance normalisation, PyTorch's default, which both were trained with."""

_SLOPE: Final = 0.01
"""Of leaky ReLU, likewise."""

_BLOCKS: Final = ((12, 1), (24, 2), (16, 2))
"""CAM++: layers and dilation of each dense block."""

_SEGMENT: Final = 100
"""CAM++: frames of 20 ms that share a mask."""


def segmentation(weights: Weights) -> ov.Model:
    """`(batch, 1, samples)` of 16 kHz audio to `(batch, frames, 7)` log probabilities of the sets of voices."""
    audio = op.parameter([-1, 1, -1], np.float32, name="audio")
    x = _instance_norm(audio, weights, "sincnet.wav_norm1d")
    x = op.abs(op.convolution(x, _constant(sinc_filters(weights)), [10], [0], [0], [1]))
    for index in range(3):
        if index:
            name = f"sincnet.conv1d.{index}"
            x = op.convolution(x, _constant(weights[f"{name}.weight"]), [1], [0], [0], [1])
            x = op.add(x, _column(weights[f"{name}.bias"]))
        x = op.max_pool(x, [3], [1], [0], [0], [3]).output(0)
        x = _leaky(_instance_norm(x, weights, f"sincnet.norm1d.{index}"))
    x = op.transpose(x, _ints(0, 2, 1))
    for index in range(4):
        x = _lstm(x, weights, index)
    for index in range(2):
        x = _leaky(_linear(x, weights, f"linear.{index}"))
    return ov.Model([op.log_softmax(_linear(x, weights, "classifier"), -1)], [audio], "segmentation")


def sinc_filters(weights: Weights) -> npt.NDArray[np.float32]:
    """SincNet's `(80, 1, 251)` band-pass filters: even ones, then odd ones (https://arxiv.org/abs/1808.00158)."""
    prefix = "sincnet.conv1d.0.filterbank"
    times = weights[f"{prefix}.n_"].astype(np.float64)
    window = weights[f"{prefix}.window_"].astype(np.float64)
    low = 50 + np.abs(weights[f"{prefix}.low_hz_"].astype(np.float64))
    high = np.clip(low + 50 + np.abs(weights[f"{prefix}.band_hz_"]), 50, SAMPLE_RATE / 2)
    band = high - low
    even = (np.sin(high @ times) - np.sin(low @ times)) / (times / 2) * window
    odd = (np.cos(low @ times) - np.cos(high @ times)) / (times / 2) * window
    filters = np.concatenate(
        [
            np.hstack([even, 2 * band, even[:, ::-1]]) / (2 * band),
            np.hstack([odd, 0 * band, -odd[:, ::-1]]) / (2 * band),
        ]
    )
    return filters[:, None].astype(np.float32)


def embedding(weights: Weights) -> ov.Model:
    """`(batch, frames, 80)` features, their mean over time taken off, to `(batch, 192)` vectors, not normalised."""
    features = op.parameter([-1, -1, 80], np.float32, name="features")
    x = op.unsqueeze(op.transpose(features, _ints(0, 2, 1)), _ints(1))
    x = _conv2d(x, weights, "head.conv1", "head.bn1", 1)
    for stage in ("head.layer1", "head.layer2"):
        x = _residual(x, weights, f"{stage}.0", 2)
        x = _residual(x, weights, f"{stage}.1", 1)
    x = _conv2d(x, weights, "head.conv2", "head.bn2", 2)
    x = op.reshape(x, _ints(0, 320, -1), special_zero=True)
    x = _conv1d(x, weights, "xvector.tdnn.linear", stride=2, padding=2)
    x = op.relu(_batch_norm(x, weights, "xvector.tdnn.nonlinear.batchnorm"))
    for number, (layers, dilation) in enumerate(_BLOCKS, start=1):
        for layer in range(1, layers + 1):
            more = _dense_layer(x, weights, f"xvector.block{number}.tdnnd{layer}", dilation)
            x = op.concat([x, more], 1)
        transit = f"xvector.transit{number}"
        x = op.relu(_batch_norm(x, weights, f"{transit}.nonlinear.batchnorm"))
        x = _conv1d(x, weights, f"{transit}.linear")
    x = op.relu(_batch_norm(x, weights, "xvector.out_nonlinear.batchnorm"))
    x = _conv1d(_statistics(x), weights, "xvector.dense.linear")
    x = _batch_norm(x, weights, "xvector.dense.nonlinear.batchnorm")
    return ov.Model([op.squeeze(x, _ints(2))], [features], "embedding")


def _constant(values: npt.NDArray[np.float32]) -> ov.Node:
    return op.constant(np.ascontiguousarray(values, np.float32))


def _ints(*values: int) -> ov.Node:
    return op.constant(np.array(values, np.int64))


def _column(values: npt.NDArray[np.float32]) -> ov.Node:
    """One value a channel, for `(batch, channels, time)`."""
    return _constant(values[None, :, None])


def _leaky(x: ov.Node) -> ov.Node:
    return op.prelu(x, _constant(np.array([_SLOPE], np.float32)))


def _instance_norm(x: ov.Node, weights: Weights, name: str) -> ov.Node:
    y = op.mvn(x, _ints(2), True, _EPSILON, "INSIDE_SQRT")
    return op.add(op.multiply(y, _column(weights[f"{name}.weight"])), _column(weights[f"{name}.bias"]))


def _linear(x: ov.Node, weights: Weights, name: str) -> ov.Node:
    return op.add(op.matmul(x, _constant(weights[f"{name}.weight"]), False, True), _constant(weights[f"{name}.bias"]))


def _lstm(x: ov.Node, weights: Weights, layer: int) -> ov.Node:
    """A bidirectional LSTM over `(batch, time, values)`; both directions side by side."""

    def gates(name: str) -> npt.NDArray[np.float32]:
        # PyTorch has the gates as input, forget, cell, output; OpenVINO as forget, input, cell, output.
        both = [np.split(weights[f"lstm.{name}_l{layer}{suffix}"], 4) for suffix in ("", "_reverse")]
        return np.stack([np.concatenate([forget, new, cell, out]) for new, forget, cell, out in both])

    bias = gates("bias_ih") + gates("bias_hh")
    hidden = bias.shape[1] // 4
    shape = op.shape_of(x)
    batch = op.gather(shape, _ints(0), op.constant(0))
    length = op.gather(shape, _ints(1), op.constant(0))
    state = op.broadcast(_constant(np.zeros(1, np.float32)), op.concat([batch, _ints(2, hidden)], 0))
    found = op.lstm_sequence(
        x,
        state,
        state,
        op.broadcast(length, batch),
        _constant(gates("weight_ih")),
        _constant(gates("weight_hh")),
        _constant(bias),
        hidden,
        "bidirectional",
    )
    return op.reshape(op.transpose(found.output(0), _ints(0, 2, 1, 3)), _ints(0, 0, 2 * hidden), special_zero=True)


def _fold(weights: Weights, name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Batch normalisation as a factor and a summand for each channel."""
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    factor = weights.get(f"{name}.weight", np.ones_like(mean)) / np.sqrt(variance + np.float32(_EPSILON))
    return factor, weights.get(f"{name}.bias", np.zeros_like(mean)) - mean * factor


def _batch_norm(x: ov.Node, weights: Weights, name: str) -> ov.Node:
    factor, summand = _fold(weights, name)
    return op.add(op.multiply(x, _column(factor)), _column(summand))


def _conv2d(
    x: ov.Node, weights: Weights, convolution: str, norm: str, stride: int, *, padding: int = 1, relu: bool = True
) -> ov.Node:
    """Over `(batch, channels, mel bands, time)`; `stride` is that of the bands."""
    factor, summand = _fold(weights, norm)
    kernel = _constant(weights[f"{convolution}.weight"] * factor[:, None, None, None])
    y = op.convolution(x, kernel, [stride, 1], [padding, padding], [padding, padding], [1, 1])
    y = op.add(y, _constant(summand[None, :, None, None]))
    return op.relu(y) if relu else y


def _residual(x: ov.Node, weights: Weights, name: str, stride: int) -> ov.Node:
    y = _conv2d(x, weights, f"{name}.conv1", f"{name}.bn1", stride)
    y = _conv2d(y, weights, f"{name}.conv2", f"{name}.bn2", 1, relu=False)
    if f"{name}.shortcut.0.weight" in weights:
        x = _conv2d(x, weights, f"{name}.shortcut.0", f"{name}.shortcut.1", stride, padding=0, relu=False)
    return op.relu(op.add(x, y))


def _conv1d(
    x: ov.Node, weights: Weights, name: str, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> ov.Node:
    y = op.convolution(x, _constant(weights[f"{name}.weight"]), [stride], [padding], [padding], [dilation])
    return op.add(y, _column(weights[f"{name}.bias"])) if f"{name}.bias" in weights else y


def _dense_layer(x: ov.Node, weights: Weights, name: str, dilation: int) -> ov.Node:
    """32 more channels, each weighted by what was heard around and in the whole."""
    x = op.relu(_batch_norm(x, weights, f"{name}.nonlinear1.batchnorm"))
    x = op.relu(_batch_norm(_conv1d(x, weights, f"{name}.linear1"), weights, f"{name}.nonlinear2.batchnorm"))
    local = _conv1d(x, weights, f"{name}.cam_layer.linear_local", padding=dilation, dilation=dilation)
    # The mask is the same for all frames of a segment, so it is worked out once for each.
    around = op.avg_pool(x, [_SEGMENT], [0], [_SEGMENT - 1], [_SEGMENT], exclude_pad=True)
    context = op.add(around, op.reduce_mean(x, _ints(2), keep_dims=True))
    mask = op.relu(_conv1d(context, weights, f"{name}.cam_layer.linear1"))
    mask = op.unsqueeze(op.sigmoid(_conv1d(mask, weights, f"{name}.cam_layer.linear2")), _ints(3))
    mask = op.reshape(op.tile(mask, _ints(1, 1, 1, _SEGMENT)), _ints(0, 0, -1), special_zero=True)
    length = op.gather(op.shape_of(x), _ints(2), op.constant(0))
    return op.multiply(local, op.slice(mask, _ints(0), length, _ints(1), _ints(2)))


def _statistics(x: ov.Node) -> ov.Node:
    """Mean and (unbiased) standard deviation over time, below each other, as `(batch, 2 channels, 1)`."""
    mean = op.reduce_mean(x, _ints(2), keep_dims=True)
    off = op.subtract(x, mean)
    count = op.convert(op.gather(op.shape_of(x), _ints(2), op.constant(0)), "f32")
    total = op.reduce_sum(op.multiply(off, off), _ints(2), keep_dims=True)
    deviation = op.sqrt(op.divide(total, op.subtract(count, _constant(np.ones(1, np.float32)))))
    return op.concat([mean, deviation], 1)
