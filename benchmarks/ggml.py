"""Whisper weights as whisper.cpp reads them, made from the catalogue's own, so that all compare the same model.

The layout is that of whisper.cpp's `models/convert-pt-to-ggml.py`: hyperparameters, mel filters, vocabulary, arrays by
OpenAI's names. Matrices are stored in `Q8_0` as its quantisation tool does: blocks of 32 whole numbers of 8 bits with
one float16 scale, which is the form nearest to the int8 that the others compute in; the rest keeps the precision that
whisper.cpp wants.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from faster_whisper.feature_extractor import FeatureExtractor

from callscribe.speech.engines.whisper.weights import Weights

_MAGIC: Final = 0x67676D6C
_Q8_0_FILE: Final = 2007
"""The file's type: version 2 of the quantised forms, 7 for Q8_0."""

_F32, _F16, _Q8_0 = 0, 1, 8
_BLOCK: Final = 32

_WHOLE: Final = frozenset(
    {"encoder.conv1.bias", "encoder.conv2.bias", "encoder.positional_embedding", "decoder.positional_embedding"}
)
"""Arrays of two dimensions that stay as they are."""


def convert(folder: Path, target: Path) -> Path:
    """Write the model in a folder of the catalogue as a ggml file; an existing file is taken as it is."""
    if target.is_file():
        return target
    weights = Weights.read(folder)
    partial = target.with_suffix(".part")
    with partial.open("wb") as file:
        _write_head(file, weights)
        _write_filters(file, weights.shape("encoder/conv1/weight")[1])
        _write_vocabulary(file, folder)
        for name, array in _arrays(weights):
            _write_array(file, name, array)
    partial.rename(target)
    return target


def _write_head(file: BinaryIO, weights: Weights) -> None:
    vocabulary, text_state = weights.shape("decoder/embeddings/weight")
    text_context, _ = weights.shape("decoder/position_encodings/encodings")
    audio_context, audio_state = weights.shape("encoder/position_encodings/encodings")
    audio = (audio_context, audio_state, weights.number("encoder/num_heads"), weights.layers("encoder"))
    text = (text_context, text_state, weights.number("decoder/num_heads"), weights.layers("decoder"))
    bands = weights.shape("encoder/conv1/weight")[1]
    file.write(struct.pack("<I11i", _MAGIC, vocabulary, *audio, *text, bands, _Q8_0_FILE))


def _write_filters(file: BinaryIO, bands: int) -> None:
    filters = np.asarray(FeatureExtractor(feature_size=bands).mel_filters, np.float32)
    file.write(struct.pack("<2i", *filters.shape))
    file.write(filters.tobytes())


def _write_vocabulary(file: BinaryIO, folder: Path) -> None:
    """The text tokens as bytes; whisper.cpp knows the others by their places."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    special = {token["id"] for token in tokenizer["added_tokens"]}
    letters = _letters()
    tokens = sorted((place, token) for token, place in tokenizer["model"]["vocab"].items() if place not in special)
    file.write(struct.pack("<i", len(tokens)))
    for _, token in tokens:
        raw = bytes(letters[letter] for letter in token)
        file.write(struct.pack("<i", len(raw)) + raw)


def _letters() -> dict[str, int]:
    """The byte that each letter of a byte-level vocabulary stands for (GPT-2, `bytes_to_unicode`)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


def _arrays(weights: Weights) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """The model's arrays by OpenAI's names."""
    for conv in ("conv1", "conv2"):
        yield f"encoder.{conv}.weight", weights[f"encoder/{conv}/weight"]
        yield f"encoder.{conv}.bias", weights[f"encoder/{conv}/bias"][:, None]
    yield "encoder.positional_embedding", weights["encoder/position_encodings/encodings"]
    yield "decoder.positional_embedding", weights["decoder/position_encodings/encodings"]
    yield "decoder.token_embedding.weight", weights["decoder/embeddings/weight"]
    yield from _norm(weights, "encoder/layer_norm", "encoder.ln_post")
    yield from _norm(weights, "decoder/layer_norm", "decoder.ln")
    for part in ("encoder", "decoder"):
        for layer in range(weights.layers(part)):
            source, target = f"{part}/layer_{layer}", f"{part}.blocks.{layer}"
            yield from _attention(weights, f"{source}/self_attention", f"{target}.attn", ("query", "key", "value"))
            if part == "decoder":
                yield from _attention(
                    weights, f"{source}/attention", f"{target}.cross_attn", ("query",), ("key", "value")
                )
            yield from _norm(weights, f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
            for number, place in enumerate((0, 2)):
                yield f"{target}.mlp.{place}.weight", weights[f"{source}/ffn/linear_{number}/weight"]
                yield f"{target}.mlp.{place}.bias", weights[f"{source}/ffn/linear_{number}/bias"]


def _norm(weights: Weights, source: str, target: str) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    yield f"{target}.weight", weights[f"{source}/gamma"]
    yield f"{target}.bias", weights[f"{source}/beta"]


def _attention(
    weights: Weights, source: str, target: str, *joined: tuple[str, ...]
) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """CTranslate2 joins the projections that have the same input; the last is the output. Keys have no bias."""
    yield from _norm(weights, f"{source}/layer_norm", f"{target}_ln")
    for number, names in enumerate((*joined, ("out",))):
        matrices = np.split(weights[f"{source}/linear_{number}/weight"], len(names))
        biases = np.split(weights[f"{source}/linear_{number}/bias"], len(names))
        for name, matrix, bias in zip(names, matrices, biases, strict=True):
            yield f"{target}.{name}.weight", matrix
            if name != "key":
                yield f"{target}.{name}.bias", bias


def _write_array(file: BinaryIO, name: str, array: npt.NDArray[np.float32]) -> None:
    kind, data = _stored(name, array)
    label = name.encode()
    file.write(struct.pack("<3i", array.ndim, len(label), kind))
    file.write(struct.pack(f"<{array.ndim}i", *reversed(array.shape)) + label + data)


def _stored(name: str, array: npt.NDArray[np.float32]) -> tuple[int, bytes]:
    if array.ndim == 1 or name in _WHOLE:
        return _F32, np.ascontiguousarray(array).tobytes()
    if array.ndim == 3:
        return _F16, array.astype(np.float16).tobytes()
    return _Q8_0, quantized(array)


def quantized(array: npt.NDArray[np.float32]) -> bytes:
    """An array in blocks of Q8_0."""
    blocks = array.reshape(-1, _BLOCK)
    scales = np.abs(blocks).max(axis=1) / 127
    numbers = np.round(blocks / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
    layout: Any = np.dtype([("scale", "<f2"), ("numbers", "i1", (_BLOCK,))])
    stored = np.empty(len(blocks), layout)
    stored["scale"], stored["numbers"] = scales, numbers
    return stored.tobytes()
