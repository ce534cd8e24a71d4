"""The recognisers that are compared, each with the same weights, beam and number of threads.

Run as a program, one of them answers requests by lines of JSON on its standard streams (see `contest.py`): each has a
process of its own, so that memory can be told apart and nothing of one disturbs another.

- callscribe: its recognition as its command line runs it.
- callscribe verbatim: the same with `verbatim`, which keeps fillers.
- faster-whisper: sequential, with its own defaults.
- faster-whisper batched: `BatchedInferencePipeline`, 8 windows at once, with its own defaults.
- whisper.cpp: pywhispercpp, its own defaults with beam search, the same weights as Q8_0.

Times of words are asked of all; the channels of a recording go one after the other through those that know mono only.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.registry import Engines, named
from callscribe.speech.interface import RecognitionOptions
from callscribe.speech.languages import locale_of
from callscribe.speech.pipeline import transcribe_file
from callscribe.transcripts.assembly import assemble

BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """A recognised word, in the sentence (or segment) with that number."""

    channel: int
    sentence: int
    text: str
    start: float
    end: float


Recogniser = Callable[[Path, str], list[Heard]]
"""From a recording and its language (ISO 639-1) to the words of all its channels, in the order of each."""


def text_of(heard: Iterable[Heard], channel: int) -> str:
    """What was heard on one channel."""
    return " ".join(word.text for word in heard if word.channel == channel)


@contextmanager
def callscribe(settings: Settings, *, served_by: str = "", verbatim: bool = False) -> Iterator[Recogniser]:
    """This program, without a server: by the settings' model, or by `served_by`, a model or ENGINE/MODEL."""
    serving = named(served_by or settings.model)
    with closing(Engines(settings)) as engines, closing(Decoder()) as decoder:
        engine = engines.serving(serving)

        def words(path: Path, language: str) -> list[Heard]:
            options = RecognitionOptions(language=locale_of(language), verbatim=verbatim)
            segmentation, segments = transcribe_file(decoder, path, engine, serving.model, options, NEVER)
            transcript = assemble(segments, duration=segmentation.duration, language=options.language)
            return [
                Heard(sentence.channel, number, word.text, word.start, word.end)
                for number, sentence in enumerate(transcript.sentences)
                for word in sentence.words
            ]

        yield words


@contextmanager
def faster_whisper(settings: Settings) -> Iterator[Recogniser]:
    """faster-whisper, window by window."""
    model = _faster_whisper_model(settings)
    yield _by_channel(
        lambda audio, language: model.transcribe(
            audio, language=language, beam_size=settings.beam_size, word_timestamps=True
        )[0]
    )


@contextmanager
def faster_whisper_batched(settings: Settings) -> Iterator[Recogniser]:
    """faster-whisper, several windows at once."""
    from faster_whisper import BatchedInferencePipeline  # noqa: PLC0415

    pipeline = BatchedInferencePipeline(_faster_whisper_model(settings))
    yield _by_channel(
        lambda audio, language: pipeline.transcribe(
            audio, language=language, beam_size=settings.beam_size, word_timestamps=True, batch_size=BATCH
        )[0]
    )


@contextmanager
def whisper_cpp(settings: Settings) -> Iterator[Recogniser]:
    """whisper.cpp; it splits its output into words where times are asked for."""
    from pywhispercpp.model import Model  # noqa: PLC0415

    from ggml import convert  # noqa: PLC0415

    folder = Catalogue(settings.models).path(settings.model)
    model = Model(
        str(convert(folder, folder.parent / f"ggml-{settings.model}-q8_0.bin")),
        params_sampling_strategy=1,
        redirect_whispercpp_logs_to=None,
        n_threads=threads(settings),
        beam_search={"beam_size": settings.beam_size, "patience": -1.0},
        token_timestamps=True,
        max_len=1,
        split_on_word=True,
        print_progress=False,
    )

    def words(path: Path, language: str) -> list[Heard]:
        return [
            Heard(channel, 0, segment.text.strip(), segment.t0 / 100, segment.t1 / 100)
            for channel, audio in enumerate(channels(path))
            for segment in model.transcribe(np.ascontiguousarray(audio), language=language)  # it ignores strides
            if segment.text.strip()
        ]

    yield words


def channels(path: Path) -> list[npt.NDArray[np.float32]]:
    """The samples of each channel, whole, as those recognisers want them."""
    import av  # noqa: PLC0415
    from faster_whisper.audio import decode_audio  # noqa: PLC0415

    with av.open(str(path)) as container:
        stereo = container.streams.audio[0].channels == 2
    audio = decode_audio(str(path), split_stereo=stereo)
    return list(audio) if stereo else [audio]


def threads(settings: Settings) -> int:
    """How many threads each recogniser is given."""
    return settings.threads or (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def _faster_whisper_model(settings: Settings) -> Any:
    from faster_whisper import WhisperModel  # noqa: PLC0415

    folder = Catalogue(settings.models).path(settings.model)
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads(settings))


def _by_channel(transcribe: Callable[[npt.NDArray[np.float32], str], Iterable[Any]]) -> Recogniser:
    def words(path: Path, language: str) -> list[Heard]:
        return [
            Heard(channel, number, word.word.strip(), word.start, word.end)
            for channel, audio in enumerate(channels(path))
            for number, segment in enumerate(transcribe(audio, language))
            for word in segment.words or ()
        ]

    return words


RECOGNISERS: Final[dict[str, Callable[[Settings], AbstractContextManager[Recogniser]]]] = {
    "callscribe": callscribe,
    "callscribe verbatim": partial(callscribe, verbatim=True),
    "faster-whisper": faster_whisper,
    "faster-whisper batched": faster_whisper_batched,
    "whisper.cpp": whisper_cpp,
}

COMPARED: Final = [name for name in RECOGNISERS if name != "callscribe verbatim"]
"""Those that are compared where none are named."""


def main() -> None:
    """Answer requests until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=RECOGNISERS)
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    # Libraries print to the standard output; only answers may go there.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    settings = Settings(model=arguments.model, threads=arguments.threads)
    with RECOGNISERS[arguments.name](settings) as recogniser:
        print("{}", file=answers, flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            began = time.perf_counter()
            heard = recogniser(Path(request["path"]), request["language"])
            seconds = time.perf_counter() - began
            answer = {"seconds": seconds, "words": [asdict(word) for word in heard]}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
