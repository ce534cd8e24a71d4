"""Models that transformers saved, computed in each way that this processor has."""

import json
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from callscribe.errors import SetupError
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.whisper.compute import ways
from callscribe.speech.engines.whisper.messages import Part, Request
from callscribe.speech.engines.whisper.recognizer import Recognizer
from callscribe.speech.interface import SAMPLE_RATE, Segment, Span, SpeechWindow
from whisper_folders import Sizes, random_model, save_as_transformers

UNPREPARED = [way for way in ways() if way not in {"int8", "float32"}]
"""The ways that take a model for which nobody has prepared int8."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def recognized(folder: Path, way: str, samples: npt.NDArray[np.float32], language: str = "en") -> list[Segment]:
    recognizer = Recognizer(folder, device="cpu", threads=2, compute=way)
    window = SpeechWindow(0, 0.0, samples, (Span(0.0, len(samples) / SAMPLE_RATE),))
    (answer,) = recognizer.recognize(Request(str(folder), 5, (Part((window,), language),)))
    return [segment for segments in answer.segments for segment in segments]


@pytest.mark.parametrize(("name", "way"), [("base", ways()[0]), *(("tiny.en", way) for way in UNPREPARED)])
def test_text_is_that_of_the_published_file(
    models: Path, call_samples: npt.NDArray[np.float32], name: str, way: str
) -> None:
    catalogue = Catalogue(models)
    published = catalogue.path(name)
    own = models / f"own-{name}"
    if not own.exists():
        save_as_transformers(published, own)
    samples = call_samples[1, : 12 * SAMPLE_RATE]
    found = recognized(catalogue.path(own.name), way, samples)
    assert sum(len(segment.words) for segment in found) > 10
    assert found == recognized(published, way, samples)


def _large(tokenizer: Path, target: Path) -> Path:
    """The tokenizer with one language more, as large-v3 has it: what follows moves on by one."""
    content = json.loads(tokenizer.read_text())
    added = content["added_tokens"]
    first = next(each["id"] for each in added if each["content"] == "<|translate|>")
    for each in added:
        each["id"] += each["id"] >= first
    added.append({**added[-1], "content": "<|yue|>", "id": first})
    added.sort(key=lambda each: int(each["id"]))
    target.write_text(json.dumps(content))
    return target


@pytest.mark.parametrize("way", UNPREPARED)
@pytest.mark.parametrize(
    ("sizes", "generation"),
    [
        (Sizes(width=128, heads=2, encoder_layers=3, decoder_layers=2), None),
        (
            Sizes(mel_bands=128, tokens=51_866, encoder_layers=2, decoder_layers=4),
            {"alignment_heads": [[2, 0], [3, 0]]},
        ),
        (Sizes(tokens=51_864), None),
    ],
    ids=["distil", "large-v3-turbo", "english"],
)
def test_other_sizes_are_computed(
    models: Path, tmp_path: Path, sizes: Sizes, generation: dict[str, list[list[int]]] | None, way: str
) -> None:
    tokenizer = Catalogue(models).path("tiny.en" if sizes.tokens == 51_864 else "base") / "tokenizer.json"
    if sizes.tokens == 51_866:
        tokenizer = _large(tokenizer, tmp_path / "tokenizer.json")
    source = random_model(tmp_path / "models" / "noise", sizes, tokenizer, generation)
    catalogue = Catalogue(tmp_path / "models")
    assert catalogue.languages("noise") == (("en",) if sizes.tokens == 51_864 else ())
    folder = catalogue.path("noise")
    assert folder != source
    samples = np.random.default_rng(1).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    # Noise is heard as noise, whatever it is; that it comes to an end, and what it is reported as, is all there is.
    for segment in recognized(folder, way, samples, "en" if sizes.tokens == 51_864 else "sv"):
        assert 0.0 <= segment.start <= segment.end
        assert segment.language == ("en" if sizes.tokens == 51_864 else "sv")


def test_change_of_the_source_is_seen(models: Path, tmp_path: Path) -> None:
    tokenizer = Catalogue(models).path("base") / "tokenizer.json"
    source = random_model(tmp_path / "models" / "noise", Sizes(encoder_layers=1), tokenizer)
    catalogue = Catalogue(tmp_path / "models")
    first = (catalogue.path("noise") / "config.json").read_text()
    assert "[[1, 0]]" not in first.replace("\n", "").replace("  ", "")
    (source / "generation_config.json").write_text(json.dumps({"alignment_heads": [[0, 0]]}))
    second = json.loads((Catalogue(tmp_path / "models").path("noise") / "config.json").read_text())
    assert second["alignment_heads"] == [[0, 0]]


def test_missing_part_of_a_model_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "config.json").write_text('{"model_type": "whisper", "vocab_size": 51865}')
    index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
    (own / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(SetupError, match=r"model-00001-of-00001\.safetensors is missing"):
        Catalogue(tmp_path).path("own")


@pytest.mark.skipif("bf16" not in ways(), reason="CTranslate2 reads these settings itself")
def test_settings_that_a_file_leaves_out_are_openais(
    models: Path, tmp_path: Path, call_samples: npt.NDArray[np.float32]
) -> None:
    published = Catalogue(models).path("tiny.en")
    bare = tmp_path / "bare"
    shutil.copytree(published, bare)
    (bare / "config.json").write_text("{}")
    samples = call_samples[1, : 8 * SAMPLE_RATE]
    found, wanted = (recognized(folder, "bf16", samples) for folder in (bare, published))
    assert [segment.text for segment in found] == [segment.text for segment in wanted]
    assert len(found) > 0
