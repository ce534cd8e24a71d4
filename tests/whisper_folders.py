"""Whisper models as Hugging Face's transformers saves them, made of what is here: of installed weights, or of noise.

The names of arrays are those of `WhisperForConditionalGeneration`'s state
(https://github.com/huggingface/transformers, `models/whisper/modeling_whisper.py`).
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callscribe.speech.engines.whisper.weights import Weights

Array = npt.NDArray[Any]

_TYPES = {"F16": np.float16, "F32": np.float32, "BF16": np.uint16}


def stored_as(array: Array, kind: str) -> Array:
    """The bits of an array as safetensors has them, `kind` as its header calls the type."""
    if kind == "BF16":
        bits: Array = (np.ascontiguousarray(array, np.float32).view(np.uint32) >> 16).astype(np.uint16)
        return bits
    return np.ascontiguousarray(array, _TYPES[kind])


def write_safetensors(path: Path, arrays: Mapping[str, Array], kind: str = "F32") -> None:
    """A file in the format, written from its description."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, array in arrays.items():
        size = stored_as(array, kind).nbytes
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(stored_as(array, kind).tobytes())


def transformers_arrays(weights: Weights) -> Iterator[tuple[str, Array]]:
    """The arrays of a model in CTranslate2's file, by the names and in the parts that transformers has them in."""
    yield "model.decoder.embed_tokens.weight", weights["decoder/embeddings/weight"]
    for kind in ("weight", "bias"):
        for conv in ("conv1", "conv2"):
            yield f"model.encoder.{conv}.{kind}", weights[f"encoder/{conv}/{kind}"]
    for part in ("encoder", "decoder"):
        yield f"model.{part}.embed_positions.weight", weights[f"{part}/position_encodings/encodings"]
        yield from _norm(weights, f"{part}/layer_norm", f"model.{part}.layer_norm")
        for index in range(weights.layers(part)):
            here, there = f"{part}/layer_{index}", f"model.{part}.layers.{index}"
            attentions = [("self_attention", "self_attn", ["qkv"])]
            if part == "decoder":
                attentions.append(("attention", "encoder_attn", ["q", "kv"]))
            for ours, theirs, inputs in attentions:
                for number, kinds in enumerate(inputs):
                    layers = [f"{there}.{theirs}.{kind}_proj" for kind in kinds]
                    yield from _linear(weights, f"{here}/{ours}/linear_{number}", layers)
                yield from _linear(weights, f"{here}/{ours}/linear_{len(inputs)}", [f"{there}.{theirs}.out_proj"])
                yield from _norm(weights, f"{here}/{ours}/layer_norm", f"{there}.{theirs}_layer_norm")
            for number, name in enumerate(("fc1", "fc2")):
                yield from _linear(weights, f"{here}/ffn/linear_{number}", [f"{there}.{name}"])
            yield from _norm(weights, f"{here}/ffn/layer_norm", f"{there}.final_layer_norm")


def _norm(weights: Weights, name: str, theirs: str) -> Iterable[tuple[str, Array]]:
    return [(f"{theirs}.weight", weights[f"{name}/gamma"]), (f"{theirs}.bias", weights[f"{name}/beta"])]


def _linear(weights: Weights, name: str, theirs: list[str]) -> Iterator[tuple[str, Array]]:
    matrices, biases = (np.split(weights[f"{name}/{kind}"], len(theirs)) for kind in ("weight", "bias"))
    for each, matrix, bias in zip(theirs, matrices, biases, strict=True):
        yield f"{each}.weight", matrix
        if not each.endswith("k_proj"):  # keys have no bias
            yield f"{each}.bias", bias


def save_as_transformers(model: Path, target: Path, kind: str = "F32") -> Path:
    """The model in `model`, a folder of the catalogue, as transformers would save it."""
    weights = Weights.read(model)
    published = json.loads((model / "config.json").read_text())
    arrays = dict(transformers_arrays(weights))
    tokens, width = arrays["model.decoder.embed_tokens.weight"].shape
    target.mkdir(parents=True)
    write_safetensors(target / "model.safetensors", arrays, kind)
    _write_json(
        target / "config.json",
        {
            "architectures": ["WhisperForConditionalGeneration"],
            "model_type": "whisper",
            "d_model": width,
            "encoder_layers": weights.layers("encoder"),
            "encoder_attention_heads": weights.number("encoder/num_heads"),
            "decoder_layers": weights.layers("decoder"),
            "decoder_attention_heads": weights.number("decoder/num_heads"),
            "num_mel_bins": arrays["model.encoder.conv1.weight"].shape[1],
            "vocab_size": tokens,
        },
    )
    generation = {
        "alignment_heads": published["alignment_heads"],
        "suppress_tokens": published["suppress_ids"],
        "begin_suppress_tokens": published["suppress_ids_begin"],
    }
    _write_json(target / "generation_config.json", generation)
    shutil.copy(model / "tokenizer.json", target)
    return target


def without_tokenizer_file(folder: Path) -> Path:
    """The folder with its tokenizer in the files that the slow tokenizers of transformers write."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").unlink()
    _write_json(folder / "vocab.json", tokenizer["model"]["vocab"])
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    known = tokenizer["model"]["vocab"]
    added = {each["content"]: each["id"] for each in tokenizer["added_tokens"] if each["content"] not in known}
    _write_json(folder / "added_tokens.json", added)
    return folder


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of a model of noise, as small as its kind lets it be."""

    width: int = 64
    heads: int = 1
    mel_bands: int = 80
    encoder_layers: int = 2
    decoder_layers: int = 2
    tokens: int = 51_865


def random_model(target: Path, sizes: Sizes, tokenizer: Path, generation: Mapping[str, Any] | None = None) -> Path:
    """A model of noise with some sizes, with the tokenizer in a file."""
    rng = np.random.default_rng(1)
    arrays: dict[str, Array] = {}

    def matrix(name: str, *shape: int, bias: bool = True) -> None:
        arrays[f"{name}.weight"] = rng.normal(0, 0.05, shape).astype(np.float32)
        if bias:
            arrays[f"{name}.bias"] = rng.normal(0, 0.05, shape[:1]).astype(np.float32)

    def norm(name: str) -> None:
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = np.ones(width, np.float32), np.zeros(width, np.float32)

    width = sizes.width
    matrix("model.encoder.conv1", width, sizes.mel_bands, 3)
    matrix("model.encoder.conv2", width, width, 3)
    matrix("model.decoder.embed_tokens", sizes.tokens, width, bias=False)
    for part, positions, layers in (("encoder", 1500, sizes.encoder_layers), ("decoder", 448, sizes.decoder_layers)):
        matrix(f"model.{part}.embed_positions", positions, width, bias=False)
        norm(f"model.{part}.layer_norm")
        for index in range(layers):
            layer = f"model.{part}.layers.{index}"
            for attention in ["self_attn", "encoder_attn"][: 1 if part == "encoder" else 2]:
                for kind in ("q", "k", "v", "out"):
                    matrix(f"{layer}.{attention}.{kind}_proj", width, width, bias=kind != "k")
                norm(f"{layer}.{attention}_layer_norm")
            matrix(f"{layer}.fc1", 4 * width, width)
            matrix(f"{layer}.fc2", width, 4 * width)
            norm(f"{layer}.final_layer_norm")
    target.mkdir(parents=True)
    write_safetensors(target / "model.safetensors", arrays, "BF16")
    config = {
        "model_type": "whisper",
        "d_model": width,
        "encoder_layers": sizes.encoder_layers,
        "encoder_attention_heads": sizes.heads,
        "decoder_layers": sizes.decoder_layers,
        "decoder_attention_heads": sizes.heads,
        "num_mel_bins": sizes.mel_bands,
        "vocab_size": sizes.tokens,
    }
    _write_json(target / "config.json", config)
    if generation is not None:
        _write_json(target / "generation_config.json", generation)
    shutil.copy(tokenizer, target / "tokenizer.json")
    return target


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content))
