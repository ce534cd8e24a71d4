"""From a Whisper model as Hugging Face's transformers saves it to the form that everything here computes with.

The one is a folder with `model.safetensors` and `config.json`, the other what CTranslate2 reads: `model.bin`,
`config.json`, `vocabulary.json` and the tokenizer. It is done once, without PyTorch, by CTranslate2's own description
of the architecture (`ctranslate2.specs`).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.errors import SetupError
from callscribe.speech.safetensors import Tensors
from callscribe.speech.transformers_folder import CONFIG, GENERATION, TOKENIZER, number, read_json

Progress = Callable[[int, int], None]
"""Told layers done and layers in all."""


_MARKS: Final = ("<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|notimestamps|>")
"""What a tokenizer of Whisper's has, whatever else."""


def convert(source: Path, target: Path, progress: Progress = lambda _done, _total: None) -> None:
    """Write the model in `source` into the folder `target`, its weights in float16.

    Memory for the whole of the weights in float16 is needed.

    Raises:
        SetupError: it is no Whisper model, or not a complete one. The message says what is wrong with which file.
    """
    from ctranslate2.specs import WhisperSpec  # noqa: PLC0415  most models need no conversion, and it takes a second

    config = read_json(source / CONFIG)
    if config.get("model_type") != "whisper":
        raise SetupError(f"{source / CONFIG} is not that of a Whisper model: model_type is {config.get('model_type')}")
    sizes = {
        name: number(config, name, source / CONFIG)
        for name in ("encoder_layers", "encoder_attention_heads", "decoder_layers", "decoder_attention_heads")
    }
    spec = WhisperSpec(*sizes.values())
    weights = _Weights(source, Tensors(source))
    _fill(spec, weights, progress)
    tokenizer = _tokenizer(source)
    tokenizer.save(str(target / TOKENIZER))
    spec.register_vocabulary(_vocabulary(tokenizer, spec.get_vocabulary_size(), source))
    settings = decoding_settings(
        config | read_json(source / GENERATION, missing={}),
        tokenizer,
        layers=sizes["decoder_layers"],
        heads=sizes["decoder_attention_heads"],
    )
    for name, value in settings.items():
        setattr(spec.config, name, value)
    try:
        spec.validate()
        spec.optimize()  # what is there twice is written once
        spec.save(str(target))
    except ValueError as error:
        raise SetupError(f"{source} cannot be converted: {error}") from error


def decoding_settings(said: Mapping[str, Any], tokenizer: Any, *, layers: int, heads: int) -> dict[str, Any]:
    """What decoding has to know of a model, by CTranslate2's names: as its files say, by either's names, or OpenAI's.

    `layers` and `heads` are the decoder's. `tokenizer` is one of the library of that name.
    """
    suppressed = said.get("suppress_ids", said.get("suppress_tokens"))
    at_first = said.get("suppress_ids_begin") or said.get("begin_suppress_tokens")
    named = said.get("alignment_heads")
    return {
        "suppress_ids": _suppressed(tokenizer) if suppressed is None else sorted(suppressed),
        "suppress_ids_begin": at_first or _never_first(tokenizer),
        "lang_ids": said.get("lang_ids") or _languages(tokenizer),
        "alignment_heads": [(int(layer), int(head)) for layer, head in named or _second_half(layers, heads)],
    }


class _Weights:
    """Arrays by the names of transformers, as float16."""

    def __init__(self, source: Path, tensors: Tensors) -> None:
        self._source, self._tensors = source, tensors

    def __call__(self, *names: str) -> npt.NDArray[np.float16]:
        """One, or several one below the other."""
        parts = [self._of(name) for name in names]
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
        with np.errstate(over="ignore"):
            half = joined.astype(np.float16)
        if not np.isfinite(half).all():
            raise SetupError(f"{self._source}: {names[0]} has numbers that float16 cannot hold")
        return half

    def zeros(self, like: str) -> npt.NDArray[np.float32]:
        """A bias of nothing for a layer of weights `like`."""
        return np.zeros(len(self._of(like)), np.float32)

    def bias(self, *layers: str) -> npt.NDArray[np.float16]:
        """The biases of layers one below the other; one without has nothing added."""
        parts = [
            self._of(f"{layer}.bias") if f"{layer}.bias" in self._tensors else self.zeros(f"{layer}.weight")
            for layer in layers
        ]
        return np.concatenate(parts).astype(np.float16)

    def is_tied(self, name: str, other: str) -> bool:
        """Whether an array is another one, or not there."""
        return name not in self._tensors or np.array_equal(self._tensors[name], self._tensors[other])

    def _of(self, name: str) -> npt.NDArray[np.floating[Any]]:
        try:
            return self._tensors[name]
        except KeyError:
            raise SetupError(
                f"{self._source} is not complete: there is no {name} in its safetensors. Models that a tool saved in "
                "part, such as LoRA adapters, must be merged with what they were trained from."
            ) from None


def _fill(spec: Any, weights: _Weights, progress: Progress) -> None:
    """Every weight to its place. CTranslate2 joins layers of one input: query, key and value; key and value."""
    if not weights.is_tied("proj_out.weight", "model.decoder.embed_tokens.weight"):
        raise SetupError("The model's output weights are not its embeddings, which no decoder here computes.")
    total, done = len(spec.encoder.layer) + len(spec.decoder.layer), 0
    for conv, name in ((spec.encoder.conv1, "conv1"), (spec.encoder.conv2, "conv2")):
        conv.weight = weights(f"model.encoder.{name}.weight")
        conv.bias = weights(f"model.encoder.{name}.bias")
    spec.decoder.embeddings.weight = weights("model.decoder.embed_tokens.weight")
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    for part, prefix in ((spec.encoder, "model.encoder"), (spec.decoder, "model.decoder")):
        part.position_encodings.encodings = weights(f"{prefix}.embed_positions.weight")
        _norm(part.layer_norm, f"{prefix}.layer_norm", weights)
        for index, layer in enumerate(part.layer):
            name = f"{prefix}.layers.{index}"
            _attention(layer.self_attention, f"{name}.self_attn", weights, [("q", "k", "v")])
            _norm(layer.self_attention.layer_norm, f"{name}.self_attn_layer_norm", weights)
            if part is spec.decoder:
                _attention(layer.attention, f"{name}.encoder_attn", weights, [("q",), ("k", "v")])
                _norm(layer.attention.layer_norm, f"{name}.encoder_attn_layer_norm", weights)
            _linear(layer.ffn.linear_0, [f"{name}.fc1"], weights)
            _linear(layer.ffn.linear_1, [f"{name}.fc2"], weights)
            _norm(layer.ffn.layer_norm, f"{name}.final_layer_norm", weights)
            done += 1
            progress(done, total)


def _attention(spec: Any, name: str, weights: _Weights, inputs: Sequence[Sequence[str]]) -> None:
    *layers, last = spec.linear
    for layer, kinds in zip(layers, inputs, strict=True):
        _linear(layer, [f"{name}.{kind}_proj" for kind in kinds], weights)
    _linear(last, [f"{name}.out_proj"], weights)


def _linear(spec: Any, names: Sequence[str], weights: _Weights) -> None:
    spec.weight = weights(*(f"{name}.weight" for name in names))
    spec.bias = weights.bias(*names)


def _norm(spec: Any, name: str, weights: _Weights) -> None:
    spec.gamma, spec.beta = weights(f"{name}.weight"), weights(f"{name}.bias")


def _tokenizer(source: Path) -> Any:
    """The model's tokenizer; made of its vocabulary where transformers saved that alone."""
    from tokenizers import Tokenizer  # noqa: PLC0415  see `convert`

    has_own = (source / TOKENIZER).is_file()
    if not has_own and not (source / "vocab.json").is_file():
        raise SetupError(f"{source} has neither tokenizer.json nor vocab.json with merges.txt.")
    try:
        tokenizer = Tokenizer.from_file(str(source / TOKENIZER)) if has_own else _assembled(source)
    except Exception as error:  # the library raises nothing narrower
        raise SetupError(f"The tokenizer in {source} cannot be read: {error}") from error
    for mark in _MARKS:
        if tokenizer.token_to_id(mark) is None:
            raise SetupError(f"The tokenizer in {source} is not Whisper's: it has no {mark}.")
    return tokenizer


def _assembled(source: Path) -> Any:
    """A tokenizer of the vocabulary, as transformers makes it."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: PLC0415  see `convert`

    tokenizer = Tokenizer(models.BPE.from_file(str(source / "vocab.json"), str(source / "merges.txt")))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    added = read_json(source / "added_tokens.json", missing={})
    named = sorted(added, key=added.__getitem__)  # their numbers follow the vocabulary's in this order
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in named])
    return tokenizer


def _vocabulary(tokenizer: Any, size: int, source: Path) -> list[str]:
    """The model's tokens in order. Some tokenizers leave out the last ones, which are times."""
    known = tokenizer.get_vocab_size(with_added_tokens=True)
    if known > size:
        raise SetupError(f"The tokenizer in {source} has {known} tokens, and the model only {size}.")
    first_time = tokenizer.token_to_id("<|notimestamps|>") + 1
    times = (f"<|{(token - first_time) / 50:.2f}|>" for token in range(known, size))
    return [*(tokenizer.id_to_token(token) for token in range(known)), *times]


def _suppressed(tokenizer: Any) -> list[int]:
    """Tokens that no text has by OpenAI's decoder (`suppress_tokens="-1"`): marks, and what stands for no sound."""
    from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415  see `convert`

    start = tokenizer.token_to_id("<|startoftranscript|>")
    words = Tokenizer(tokenizer, multilingual=False)
    tasks = ("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|nocaptions|>")
    marks = (tokenizer.token_to_id(task) for task in tasks)
    return sorted({*words.non_speech_tokens, start, *(mark for mark in marks if mark is not None)})


def _never_first(tokenizer: Any) -> list[int]:
    """Tokens that no text begins with: a blank, and its end."""
    blank = tokenizer.encode(" ", add_special_tokens=False).ids
    return [*blank, tokenizer.token_to_id("<|endoftext|>")]


def _languages(tokenizer: Any) -> list[int]:
    """The tokens of languages: those between the one that text begins with and the first task."""
    first, end = (tokenizer.token_to_id(token) for token in ("<|startoftranscript|>", "<|translate|>"))
    return list(range(first + 1, end))


def _second_half(layers: int, heads: int) -> list[tuple[int, int]]:
    """The heads of the decoder's second half, as layer and head: words are timed by their attention.

    Those are OpenAI's for a model that nobody looked into (https://github.com/openai/whisper, `model.py`).
    """
    return [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]
