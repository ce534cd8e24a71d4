"""Whisper's networks, encoder and decoder, as OpenVINO graphs built from the weights.

The architecture is that of OpenAI's reference (https://github.com/openai/whisper, `model.py`). What is particular here
serves speed on a CPU:

- The encoder ends in the keys and values of the decoder's cross-attention, laid out as that attention multiplies them
  (keys transposed and scaled), so that no step has to.
- The decoder takes windows times beams as rows. The beams of a window share its keys and values. The past of
  self-attention is kept inside the graph and reordered by `beams`.
- It returns no logits, which are 200 kilobytes a row, but the best text tokens, the normaliser over all text tokens and
  the final hidden state, of which the caller computes the few exact logits that it needs.
- Weights are kept in float16, as they are in the file, or in 8 bits, and computed with in bfloat16 or float32; or
  they are multiplied in 8 bits, where the magnitudes of what they are multiplied with are known (`quantization`).
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset15 as op

from callscribe.speech.engines.whisper.compute import OPTIONS, Precision
from callscribe.speech.engines.whisper.quantization import NOT_QUANTIZED, Magnitudes, rounded, scaling
from callscribe.speech.engines.whisper.weights import MappedFile, Weights
from callscribe.speech.runtime import core

CANDIDATES: Final = 16
"""Text tokens that the decoder returns for each row: more than two for each of five beams."""

_BLOCK: Final = 128
"""Text tokens of which the best is found first: so many that two small searches are quicker than one large one."""

STEPS: Final = 128
"""The decoder sees windows padded to a multiple of so many steps (and a mask over the padding), and adds up what it
attends to in blocks of as many. Otherwise the order in which it adds, and with it the last bits, would depend on the
longest window of a batch: a library divides long sums, and not all of them alike. The coarser, the fewer shapes there
are to keep kernels for."""

_NEVER: Final = -1e9

OBSERVED: Final = "magnitudes of "
"""What the names of outputs with the magnitudes of a layer's inputs begin with."""

_STORED: Final[dict[Precision, ov.Type]] = {"bf16": ov.Type.bf16, "f32": ov.Type.f32}
"""What keys and values are kept in: the decoder reads all of them for every token, and would have to convert them."""

_Node = Any  # a node of a graph; OpenVINO's own types are not complete


@dataclass(frozen=True, slots=True)
class Compiled:
    """A graph made ready to run, and the file of its weights, which it copies into forms of its own as it runs."""

    model: Any
    weights: MappedFile


def compiled(graph: ov.Model, *, precision: Precision, threads: int) -> Compiled:
    """Make a graph ready to run, its weights in half the memory."""
    options = {
        **OPTIONS,
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": 16,  # kernels for shapes seen long ago would add up
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.xml"
        ov.save_model(graph, path, compress_to_fp16=True)
        weights = MappedFile(path.with_suffix(".bin"))
        model = core().read_model(path.read_bytes(), ov.Tensor(weights.bytes, shared_memory=True))
        return Compiled(core().compile_model(model, "CPU", options), weights)


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model that its graphs share."""

    width: int
    heads: int
    mel_bands: int
    encoder_layers: int
    decoder_layers: int

    @classmethod
    def of(cls, weights: Weights) -> "Shape":
        """Read from the weights."""
        width, mel_bands, _ = weights.shape("encoder/conv1/weight")
        return cls(
            width,
            weights.number("encoder/num_heads"),
            mel_bands,
            weights.layers("encoder"),
            weights.layers("decoder"),
        )

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


def encoder(
    weights: Weights, precision: Precision, magnitudes: Magnitudes = NOT_QUANTIZED, *, observed: bool = False
) -> ov.Model:
    """From a log-mel spectrogram `(1, mel bands, frames)` to keys and values of every decoder layer.

    Outputs, layer by layer, are keys `(1, heads, head width, frames / 2)` and values `(1, heads, frames / 2, head
    width)`, in `precision`. Layers whose `magnitudes` are given compute in int8. Where `observed`, further outputs, by
    the names of the layers, are these magnitudes.
    """
    shape, layers = Shape.of(weights), _Layers(weights, magnitudes, compressed=False)
    mel = op.parameter([1, shape.mel_bands, -1], ov.Type.f32, name="mel")
    hidden = layers.convolution(mel, "encoder/conv1", 1)
    hidden = layers.convolution(hidden, "encoder/conv2", 2)
    hidden = op.transpose(hidden, _ints(0, 2, 1))
    length = op.gather(op.shape_of(hidden), _ints(1), op.constant(0))
    positions = op.constant(weights["encoder/position_encodings/encodings"][None])
    hidden = op.add(hidden, op.slice(positions, _ints(0), length, _ints(1), _ints(1)))
    for index in range(shape.encoder_layers):
        name = f"encoder/layer_{index}"
        normal = layers.norm(hidden, f"{name}/self_attention/layer_norm")
        query, key, value = (
            _split_heads(part, shape) for part in layers.linears(normal, f"{name}/self_attention/linear_0", 3)
        )
        attended = _join_heads(op.scaled_dot_product_attention(query, key, value))
        hidden = op.add(hidden, layers.linear(attended, f"{name}/self_attention/linear_1"))
        hidden = layers.feed_forward(hidden, f"{name}/ffn")
    hidden = layers.norm(hidden, "encoder/layer_norm")
    outputs = []
    for index in range(shape.decoder_layers):
        key, value = layers.linears(hidden, f"decoder/layer_{index}/attention/linear_1", 2)
        scaled = op.multiply(key, op.constant(np.float32(shape.head**-0.5)))
        outputs += [_split_heads(scaled, shape, transposed=True), _split_heads(value, shape)]
    results = [op.result(op.convert(output, _STORED[precision])) for output in outputs]
    return ov.Model(results + layers.observations() * observed, [mel], "encoder")


def decoder(
    weights: Weights,
    precision: Precision,
    suppressed: Sequence[int],
    end_of_text: int,
    alignment_heads: Sequence[tuple[int, int]],
    magnitudes: Magnitudes = NOT_QUANTIZED,
    *,
    observed: bool = False,
) -> ov.Model:
    """The decoder, for `rows` = windows x beams and one token or several a row behind those of the runs before.

    Inputs:
        tokens: `(rows, length, width)`, embedded; see `Embeddings`.
        beams: `(rows)`, the row of the run before that each goes on from.
        past_mask: `(rows, 1, length, past + length)`, added to the scores of self-attention.
        mask: `(windows, 1, 1, steps)`, added to the scores of cross-attention.
        keys and values of the encoder, layer by layer, windows in front; values in blocks of `STEPS`, `(windows,
        heads, steps / STEPS, STEPS, head width)`.

    Outputs:
        the hidden state behind the last token, `(rows, width)`;
        of the tokens before `end_of_text`, without `suppressed`, the highest logits, and which tokens they are of,
        both `(rows, CANDIDATES)`;
        the logarithm of the summed exponentials of all these logits, `(rows, 1)`;
        the cross-attention of `alignment_heads` (layer, head), `(windows, heads, beams x length, steps)`;
        where `observed`, magnitudes as those of `encoder`.
    """
    shape, layers = Shape.of(weights), _Layers(weights, magnitudes, compressed=True)
    stored = _STORED[precision]
    tokens = op.parameter([-1, -1, shape.width], ov.Type.f32, name="tokens")
    beams = op.parameter([-1], ov.Type.i32, name="beams")
    past_mask = op.parameter([-1, 1, -1, -1], ov.Type.f32, name="past_mask")
    mask = op.parameter([-1, 1, 1, -1], ov.Type.f32, name="mask")
    rows = op.gather(op.shape_of(tokens), _ints(0), op.constant(0))
    windows = op.gather(op.shape_of(mask), _ints(0), op.constant(0))
    by_window = op.concat([windows, _ints(-1, shape.heads, shape.head)], 0)
    by_row = op.concat([rows, _ints(-1, shape.width)], 0)
    hidden: _Node = tokens
    memory: list[_Node] = []
    assigned: list[_Node] = []
    attention: dict[tuple[int, int], _Node] = {}
    for index in range(shape.decoder_layers):
        name = f"decoder/layer_{index}"
        normal = layers.norm(hidden, f"{name}/self_attention/layer_norm")
        query, *present = (
            _split_heads(part, shape) for part in layers.linears(normal, f"{name}/self_attention/linear_0", 3)
        )
        past = []
        for kind, now in zip(("key", "value"), present, strict=True):
            joined, assign = _remembered(f"{kind}_{index}", now, rows, beams, shape)
            past.append(joined)
            assigned.append(assign)
        attended = _join_heads(op.scaled_dot_product_attention(query, *past, past_mask))
        hidden = op.add(hidden, layers.linear(attended, f"{name}/self_attention/linear_1"))
        keys = op.parameter([-1, shape.heads, shape.head, -1], stored, name=f"keys_{index}")
        values = op.parameter([-1, shape.heads, -1, STEPS, shape.head], stored, name=f"values_{index}")
        memory += [keys, values]
        query = layers.linear(layers.norm(hidden, f"{name}/attention/layer_norm"), f"{name}/attention/linear_0")
        # The beams of a window become the queries of one attention over its keys.
        query = op.transpose(op.reshape(query, by_window, False), _ints(0, 2, 1, 3))
        scores = op.add(op.matmul(query, op.convert(keys, ov.Type.f32), False, False), mask)
        weight = op.softmax(scores, -1)
        attention |= {
            (layer, head): op.gather(weight, _ints(head), op.constant(1))
            for layer, head in alignment_heads
            if layer == index
        }
        attended = _attended(weight, values)
        attended = op.reshape(op.transpose(attended, _ints(0, 2, 1, 3)), by_row, False)
        hidden = op.add(hidden, layers.linear(attended, f"{name}/attention/linear_2"))
        hidden = layers.feed_forward(hidden, f"{name}/ffn")
    last = op.gather(layers.norm(hidden, "decoder/layer_norm"), op.constant(-1), op.constant(1))
    logits = layers.logits(last, "decoder/embeddings", end_of_text, suppressed)
    text = _best_text(logits)
    aligned = op.convert(op.concat([attention[each] for each in alignment_heads], 1), stored)
    outputs = [last, *text, aligned]
    return ov.Model(
        [*map(op.result, outputs), *layers.observations() * observed],
        assigned,
        [tokens, beams, past_mask, mask, *memory],
        "decoder",
    )


def _attended(weight: _Node, values: _Node) -> _Node:
    """`weight` `(windows, heads, queries, steps)` times values in blocks: a product of each block, then their sum."""
    outer = op.gather(op.shape_of(weight), _ints(0, 1, 2), op.constant(0))
    by_block = op.reshape(weight, op.concat([outer, _ints(-1, STEPS)], 0), False)
    by_block = op.transpose(by_block, _ints(0, 1, 3, 2, 4))
    return op.reduce_sum(op.matmul(by_block, op.convert(values, ov.Type.f32), False, False), _ints(2), False)


def _best_text(logits: _Node) -> list[_Node]:
    """The best text tokens, and the logarithm of the summed exponentials of all of them.

    The best are looked for in the best blocks of neighbours alone: no other block can hold one of them.
    """
    by_block = op.reshape(logits, _ints(0, -1, _BLOCK), True)
    highest = op.reduce_max(by_block, _ints(2), False)
    chosen = op.topk(highest, op.constant(np.int32(CANDIDATES)), 1, "max", "index", "i32").output(1)
    neighbours = op.reshape(op.gather(by_block, chosen, op.constant(1), 1), _ints(0, CANDIDATES * _BLOCK), True)
    best = op.topk(neighbours, op.constant(np.int32(CANDIDATES)), 1, "max", "value", "i32")
    block, place = (
        op.divide(best.output(1), op.constant(np.int32(_BLOCK))),
        op.mod(best.output(1), op.constant(np.int32(_BLOCK))),
    )
    tokens = op.add(op.multiply(op.gather_elements(chosen, block, 1), op.constant(np.int32(_BLOCK))), place)
    most = op.reduce_max(highest, _ints(1), True)
    total = op.reduce_sum(op.exp(op.subtract(logits, most)), _ints(1), True)
    return [best.output(0), tokens, op.add(op.log(total), most)]


class _Layers:
    """Whisper's layers by the names of their weights.

    `compressed` keeps the weights of linear layers in 8 bits. That suits the decoder, which reads all of its weights
    from memory for every token; the encoder computes so much with each that expanding them would only cost time.
    Layers whose `magnitudes` are known multiply in 8 bits.
    """

    def __init__(self, weights: Weights, magnitudes: Magnitudes, *, compressed: bool) -> None:
        self._weights = weights
        self._magnitudes = magnitudes
        self._matrix: Callable[[npt.NDArray[Any]], _Node] = _compressed if compressed else _plain
        self._inputs: dict[str, _Node] = {}

    def convolution(self, node: _Node, name: str, stride: int) -> _Node:
        kernel = op.constant(self._weights[f"{name}/weight"])
        bias = op.constant(self._weights[f"{name}/bias"][None, :, None])
        return op.gelu(op.add(op.convolution(node, kernel, [stride], [1], [1], [1]), bias), "erf")

    def norm(self, node: _Node, name: str) -> _Node:
        normal = op.mvn(node, _ints(-1), True, 1e-5, "INSIDE_SQRT")
        scaled = op.multiply(normal, op.constant(self._weights[f"{name}/gamma"]))
        return op.add(scaled, op.constant(self._weights[f"{name}/beta"]))

    def linear(self, node: _Node, name: str) -> _Node:
        (only,) = self.linears(node, name, 1)
        return only

    def linears(self, node: _Node, name: str, parts: int) -> list[_Node]:
        """Several linear layers of one input whose weights are stored one below the other."""
        biases = np.split(self._weights[f"{name}/bias"], parts)
        products = self._products(node, name, self._weights.stored(f"{name}/weight"), parts)
        return [op.add(product, op.constant(bias)) for product, bias in zip(products, biases, strict=True)]

    def logits(self, node: _Node, name: str, count: int, suppressed: Sequence[int]) -> _Node:
        """Of the first `count` tokens of a vocabulary, filled up to whole blocks with tokens that are never likely."""
        embeddings = self._weights.stored(f"{name}/weight")[:count]
        padded = np.pad(embeddings, ((0, -count % _BLOCK), (0, 0)))
        bias = np.zeros((1, len(padded)), np.float32)
        bias[0, [token for token in suppressed if token < count]] = _NEVER
        bias[0, count:] = _NEVER
        (product,) = self._products(node, name, padded, 1)
        return op.add(product, op.constant(bias))

    def observations(self) -> list[_Node]:
        """Results, by the layers' names, with the largest magnitude of each channel of their inputs."""
        results = []
        for name, node in self._inputs.items():
            by_channel = op.reshape(op.abs(node), _ints(-1, len(self._weights[f"{name}/weight"][0])), False)
            result = op.result(op.reduce_max(by_channel, _ints(0), False))
            result.output(0).set_names({OBSERVED + name})
            results.append(result)
        return results

    def _products(self, node: _Node, name: str, weights: npt.NDArray[Any], parts: int) -> list[_Node]:
        """A node times the weights of a layer, which are `parts` matrices, one below the other."""
        self._inputs[name] = node
        matrix = self._matrix
        if name in self._magnitudes:
            scale = scaling(self._magnitudes[name], weights)
            node = _quantized(op.multiply(node, op.constant(1 / scale.divisors)), scale.limit)
            matrix = partial(_compressed, divisors=scale.divisors)
        return [op.matmul(node, matrix(part), False, True) for part in np.split(weights, parts)]

    def feed_forward(self, node: _Node, name: str) -> _Node:
        inner = op.gelu(self.linear(self.norm(node, f"{name}/layer_norm"), f"{name}/linear_0"), "erf")
        return op.add(node, self.linear(inner, f"{name}/linear_1"))


def _plain(weights: npt.NDArray[Any]) -> _Node:
    return op.constant(weights.astype(np.float32))


def _compressed(weights: npt.NDArray[Any], divisors: npt.NDArray[np.float32] | None = None) -> _Node:
    """A linear layer's weights `(outputs, inputs)` in 8 bits, with a scale for each output."""
    whole, scales = rounded(weights, divisors)
    return op.multiply(op.convert(op.constant(whole), ov.Type.f32), op.constant(scales))


def _quantized(node: _Node, limit: float) -> _Node:
    """A node in 8 bits, of which none is for a zero point: kernels are quickest without."""
    low, high = op.constant(np.float32(-limit * 128 / 127)), op.constant(np.float32(limit))
    return op.fake_quantize(node, low, high, low, high, 256)


def _ints(*values: int) -> _Node:
    return op.constant(np.array(values, np.int64))


def _split_heads(node: _Node, shape: Shape, *, transposed: bool = False) -> _Node:
    """`(batch, length, width)` to `(batch, heads, length, head width)`, or with the last two exchanged."""
    parts = op.reshape(node, _ints(0, 0, shape.heads, shape.head), True)
    return op.transpose(parts, _ints(0, 2, 3, 1) if transposed else _ints(0, 2, 1, 3))


def _join_heads(node: _Node) -> _Node:
    """The inverse of `_split_heads`."""
    return op.reshape(op.transpose(node, _ints(0, 2, 1, 3)), _ints(0, 0, -1), True)


def _remembered(name: str, now: _Node, rows: _Node, beams: _Node, shape: Shape) -> tuple[_Node, _Node]:
    """What the graph keeps from step to step, with the present step joined to it, and the node that keeps that.

    Reading, reordering and joining in this order is what OpenVINO turns into an attention that copies nothing.
    """
    info = ov.op.util.VariableInfo()
    info.data_shape = ov.PartialShape([-1, shape.heads, -1, shape.head])
    info.data_type = ov.Type.f32
    info.variable_id = name
    variable = ov.op.util.Variable(info)
    empty = op.broadcast(
        op.constant(np.float32(0)), op.concat([rows, _ints(shape.heads), _ints(0), _ints(shape.head)], 0)
    )
    past = op.gather(op.read_value(empty, variable), beams, op.constant(0))
    joined = op.concat([past, now], 2)
    return joined, op.assign(joined, variable)


class Embeddings:
    """The decoder's token embeddings, left in the model's file: rows are looked up by the caller, not by a graph."""

    def __init__(self, weights: Weights) -> None:
        self._tokens = weights.stored("decoder/embeddings/weight")
        self._positions = weights["decoder/position_encodings/encodings"]

    def rows(self, tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """The embeddings of `tokens`, of any shape, as output weights: that shape with `(width)` behind it."""
        return self._tokens[tokens].astype(np.float32)

    def at(self, tokens: npt.NDArray[np.int32], position: int) -> npt.NDArray[np.float32]:
        """`(rows, length)` tokens as the decoder takes them, the first at `position`: `(rows, length, width)`."""
        return self.rows(tokens) + self._positions[position : position + tokens.shape[1]]

    def tail(self, first: int) -> npt.NDArray[np.float32]:
        """The output weights of the tokens from `first` on, `(width, tokens)`."""
        return np.ascontiguousarray(self._tokens[first:].astype(np.float32).T)
