"""sherpa-onnx: a loaded model of each kind, from samples to tokens.

A file that it cannot read ends the process, without an exception: it is loaded in the child only, and from files whose
checksums are right.
"""

import base64
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import sherpa_onnx

from callscribe.errors import SetupError
from callscribe.speech.engines.sherpa.kinds import KINDS, Kind
from callscribe.speech.interface import SAMPLE_RATE, Samples
from callscribe.speech.languages import language_code

_BATCH: Final = 8
"""Stretches of speech that go through an encoder at once on a GPU. On a processor, where it gains little, each goes by
itself: in int8 its numbers, and so a text, would depend on what else is in the batch."""

_TAIL: Final = 0.8
"""Seconds of silence behind a stretch, for a model that hears in steps: what it holds back comes out."""

_OPTIONS: Final = "SessionConfig.session.intra_op.allow_spinning=0\n"
"""For ONNX Runtime: threads that wait for work sleep, and leave the processor to others."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a model makes of a stretch. Tokens begin with a blank where a word does.

    `starts` and `durations` are seconds in the stretch, `log_probabilities` natural logarithms; each is of the tokens,
    or empty where the model does not tell.
    """

    text: str
    tokens: tuple[str, ...] = ()
    starts: tuple[float, ...] = ()
    durations: tuple[float, ...] = ()
    log_probabilities: tuple[float, ...] = ()


class Model(ABC):
    """A loaded model."""

    @abstractmethod
    def tell(self, stretches: Sequence[Samples], locale: str) -> Iterator[Told]:
        """What is said in each, in their order."""


def load(folder: Path, *, provider: str, threads: int) -> Model:
    """The model in a folder of the catalogue.

    Raises:
        SetupError: it is none of this engine.
    """
    kind = KINDS.get(folder.name)
    if kind is None:
        raise SetupError(f"The engine sherpa has no model {folder.name!r}.")
    return _MODELS[kind](folder, {"provider": _with_options(provider), "num_threads": threads or _cores()})


class _Moonshine(Model):
    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self._recognizer = sherpa_onnx.OfflineRecognizer.from_moonshine_v2(
            encoder=str(folder / "encoder_model.ort"),
            decoder=str(folder / "decoder_model_merged.ort"),
            tokens=str(_tokens(folder / "tokenizer.bin")),
            **options,
        )

    def tell(self, stretches: Sequence[Samples], locale: str) -> Iterator[Told]:  # noqa: ARG002
        yield from _one_by_one(self._recognizer, stretches)


class _Canary(Model):
    """The language is the recogniser's; one is kept, for jobs ask mostly for the same."""

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self._folder, self._options = folder, options
        self._language: str | None = None
        self._recognizer: Any = None

    def tell(self, stretches: Sequence[Samples], locale: str) -> Iterator[Told]:
        language = language_code(locale)
        if language != self._language:
            self._recognizer = None  # before there are two
            self._recognizer = sherpa_onnx.OfflineRecognizer.from_nemo_canary(
                encoder=str(self._folder / "encoder.int8.onnx"),
                decoder=str(self._folder / "decoder.int8.onnx"),
                tokens=str(self._folder / "tokens.txt"),
                src_lang=language,
                tgt_lang=language,
                **self._options,
            )
            self._language = language
        yield from _one_by_one(self._recognizer, stretches)


class _Transducer(Model):
    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self._recognizer = sherpa_onnx.OfflineRecognizer.from_transducer(
            **_transducer_files(folder), model_type="nemo_transducer", **options
        )
        self._batch = _BATCH if options["provider"] == "cuda" else 1

    def tell(self, stretches: Sequence[Samples], locale: str) -> Iterator[Told]:  # noqa: ARG002
        ordered = sorted(range(len(stretches)), key=lambda index: len(stretches[index]))
        told: dict[int, Told] = {}
        for first in range(0, len(ordered), self._batch):
            batch = ordered[first : first + self._batch]
            streams = [_stream(self._recognizer, stretches[index]) for index in batch]
            self._recognizer.decode_streams(streams)
            told.update((index, _told(stream.result)) for index, stream in zip(batch, streams, strict=True))
        yield from (told[index] for index in range(len(stretches)))


class _Streaming(Model):
    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self._recognizer = sherpa_onnx.OnlineRecognizer.from_transducer(**_transducer_files(folder), **options)

    def tell(self, stretches: Sequence[Samples], locale: str) -> Iterator[Told]:
        for samples in stretches:
            stream = _stream(self._recognizer, np.pad(samples, (0, round(_TAIL * SAMPLE_RATE))), language=locale)
            stream.input_finished()
            while self._recognizer.is_ready(stream):
                self._recognizer.decode_stream(stream)
            yield _told(self._recognizer.get_result_all(stream))


_MODELS: Final[dict[Kind, Callable[[Path, dict[str, Any]], Model]]] = {
    Kind.MOONSHINE: _Moonshine,
    Kind.CANARY: _Canary,
    Kind.TRANSDUCER: _Transducer,
    Kind.STREAMING: _Streaming,
}


def _one_by_one(recognizer: Any, stretches: Sequence[Samples]) -> Iterator[Told]:
    for samples in stretches:
        stream = _stream(recognizer, samples)
        recognizer.decode_stream(stream)
        yield _told(stream.result)


def _stream(recognizer: Any, samples: Samples, **options: str) -> Any:
    stream = recognizer.create_stream()
    for name, value in options.items():
        stream.set_option(name, value)
    stream.accept_waveform(SAMPLE_RATE, samples)
    return stream


def _told(result: Any) -> Told:
    return Told(
        result.text.strip(),
        tuple(result.tokens),
        tuple(result.timestamps),
        tuple(getattr(result, "durations", ())),
        tuple(getattr(result, "ys_log_probs", ()) or getattr(result, "ys_probs", ())),
    )


def _transducer_files(folder: Path) -> dict[str, str]:
    names = {"encoder": "encoder.int8.onnx", "decoder": "decoder.int8.onnx", "joiner": "joiner.int8.onnx"}
    return {part: str(folder / name) for part, name in {**names, "tokens": "tokens.txt"}.items()}


def _tokens(path: Path) -> Path:
    """The vocabulary of Moonshine's makers in the runtime's form, in a folder for what is temporary.

    Theirs: each token behind its length, in one byte or two (https://github.com/moonshine-ai/moonshine).
    """
    data = path.read_bytes()
    lines: list[str] = []
    place = 0
    while place < len(data):
        length = data[place]
        place += 1
        if length >= 128:
            length = data[place] * 128 + length - 128
            place += 1
        lines.append(f"{base64.b64encode(data[place : place + length]).decode()} {len(lines)}\n")
        place += length
    return _temporary("tokens.txt", "".join(lines))


def _with_options(provider: str) -> str:
    return f"{provider}:{_temporary('session.conf', _OPTIONS)}" if provider == "cpu" else provider


def _temporary(name: str, content: str) -> Path:
    path = Path(tempfile.gettempdir(), name)
    path.write_text(content)
    return path


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
