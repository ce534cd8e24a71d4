import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from callscribe.errors import SetupError
from callscribe.speech import conversion
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.whisper.weights import Weights
from whisper_folders import (
    Sizes,
    random_model,
    save_as_transformers,
    transformers_arrays,
    without_tokenizer_file,
    write_safetensors,
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Catalogue(tmp_path_factory.mktemp("models")).path("base")


def converted(source: Path, target: Path) -> Path:
    target.mkdir()
    conversion.convert(source, target)
    return target


def settings(folder: Path) -> dict[str, list[int]]:
    return {name: sorted(value) for name, value in json.loads((folder / "config.json").read_text()).items()}


def names(folder: Path) -> list[str]:
    if (folder / "vocabulary.json").exists():
        return list(json.loads((folder / "vocabulary.json").read_text()))
    return (folder / "vocabulary.txt").read_text().removesuffix("\n").split("\n")


def test_round_trip_gives_the_published_model(published: Path, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    source, target = save_as_transformers(published, tmp_path / "source"), tmp_path / "target"
    target.mkdir()
    conversion.convert(source, target, lambda done, total: progress.append((done, total)))
    wanted, found = dict(transformers_arrays(Weights.read(published))), dict(transformers_arrays(Weights.read(target)))
    assert wanted.keys() == found.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert settings(target) == settings(published)
    assert names(target) == names(published)
    assert progress == [(done, 12) for done in range(1, 13)]


def test_what_a_fine_tune_leaves_out_is_openais(published: Path, tmp_path: Path) -> None:
    source = save_as_transformers(published, tmp_path / "source")
    (source / "generation_config.json").unlink()
    without_tokenizer_file(source)
    target = converted(source, tmp_path / "target")
    found, wanted = settings(target), settings(published)
    assert found.pop("alignment_heads") == [[layer, head] for layer in (3, 4, 5) for head in range(8)]
    wanted.pop("alignment_heads")
    assert found == wanted
    assert names(target) == names(published)
    ours, theirs = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (target, published))
    for text in (" Hello, wörld<|en|>", "naïve  ♪ 日本", " I'm the 3rd."):
        assert ours.encode(text, add_special_tokens=False).ids == theirs.encode(text, add_special_tokens=False).ids


def noise(published: Path, folder: Path, **sizes: int) -> Path:
    return random_model(folder, Sizes(**sizes), published / "tokenizer.json")


@pytest.mark.parametrize("name", ["model.decoder.layers.1.fc1.weight", "model.encoder.layer_norm.bias"])
def test_missing_weights_are_named(published: Path, tmp_path: Path, name: str) -> None:
    source = noise(published, tmp_path / "source")
    path = source / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(name.encode(), b"x" * len(name)))
    with pytest.raises(SetupError, match=f"there is no {name}"):
        converted(source, tmp_path / "target")


def test_output_weights_of_their_own_are_refused(published: Path, tmp_path: Path) -> None:
    arrays = dict(transformers_arrays(Weights.read(published)))
    source = save_as_transformers(published, tmp_path / "source")
    tokens = arrays["model.decoder.embed_tokens.weight"]
    write_safetensors(source / "model.safetensors", arrays | {"proj_out.weight": tokens})
    converted(source, tmp_path / "tied")
    write_safetensors(source / "model.safetensors", arrays | {"proj_out.weight": tokens + 1})
    with pytest.raises(SetupError, match="output weights"):
        converted(source, tmp_path / "untied")


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("config.json", '{"model_type": "wav2vec2"}', "no.* Whisper model.*wav2vec2"),
        ("config.json", '{"model_type": "whisper"}', "encoder_layers"),
        ("config.json", "{", r"config\.json cannot be read"),
        ("tokenizer.json", "{}", "tokenizer .* cannot be read"),
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {}, "merges": []}}', "not Whisper's"),
        ("tokenizer.json", None, r"neither tokenizer\.json nor vocab\.json"),
        ("generation_config.json", "[]", r"generation_config\.json cannot be read"),
    ],
)
def test_bad_file_says_what_is_wrong(
    published: Path, tmp_path: Path, file: str, content: str | None, says: str
) -> None:
    source = noise(published, tmp_path / "source")
    if content is None:
        (source / file).unlink()
    else:
        (source / file).write_text(content)
    with pytest.raises(SetupError, match=says):
        converted(source, tmp_path / "target")


def test_embeddings_short_of_the_vocabulary_are_refused(published: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="has 50364 tokens, and the model only 50000"):
        converted(noise(published, tmp_path / "source", tokens=50_000), tmp_path / "target")
