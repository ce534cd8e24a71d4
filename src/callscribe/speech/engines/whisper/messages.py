"""What the engine and its child process say to each other, as messages of `callscribe.framing`.

Requests carry audio in the body, float32 one window after the other; answers carry segments in the header.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from callscribe.framing import Header
from callscribe.speech.engines.whisper.spoken import Hearing
from callscribe.speech.interface import OnLanguageMismatch, Segment, SpeechWindow
from callscribe.speech.serialization import Windows, audio_of, segment_from_json, segment_to_json, window_to_json


class Task(StrEnum):
    """What is to be done with the windows of a part."""

    LISTEN = "listen"
    """To say what languages they may be in, and no more."""

    RECOGNIZE = "recognize"
    """The same, and to recognise each in its first language (`spoken.first_language`)."""

    DECODE = "decode"
    """To recognise them in the language that is given, without asking what it is."""


@dataclass(frozen=True, slots=True)
class Part:
    """Windows of one job. `language` is Whisper's code of what is spoken or was asked for, None where that is open.

    `elsewhere` are languages that another model recognises: this one says that they are spoken, and makes no text.
    `verbatim` keeps fillers.
    """

    windows: tuple[SpeechWindow, ...]
    language: str | None
    keyterms: tuple[str, ...] = ()
    task: Task = Task.DECODE
    on_language_mismatch: OnLanguageMismatch = OnLanguageMismatch.FOLLOW
    elsewhere: tuple[str, ...] = ()
    verbatim: bool = False

    @property
    def seconds(self) -> float:
        """Length of the windows together."""
        return sum(window.end - window.start for window in self.windows)


@dataclass(frozen=True, slots=True)
class Answer:
    """Of each window of a part, in the windows' order: its segments, and what it says of its language.

    `hearings` are none where that was not asked, or the model knows one language only; segments where only that was.
    """

    segments: tuple[tuple[Segment, ...], ...] = ()
    hearings: tuple[Hearing, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Parts of one job or several to recognise together; the answer to it is one `Answer` for each."""

    model: str
    beam_size: int
    parts: tuple[Part, ...]


def write_request(request: Request) -> tuple[Header, list[memoryview]]:
    """A request as it goes to the child: header and body."""
    header = {
        "model": request.model,
        "beam_size": request.beam_size,
        "parts": [
            {
                "language": part.language,
                "keyterms": part.keyterms,
                "task": part.task,
                "on_language_mismatch": part.on_language_mismatch,
                "elsewhere": part.elsewhere,
                "verbatim": part.verbatim,
                "windows": [window_to_json(window) for window in part.windows],
            }
            for part in request.parts
        ],
    }
    return header, audio_of(window for part in request.parts for window in part.windows)


def read_request(header: Header, body: bytearray) -> Request:
    """The inverse of `write_request`."""
    windows = Windows(body)
    parts = [
        Part(
            windows.read(part["windows"]),
            part["language"],
            tuple(part["keyterms"]),
            Task(part["task"]),
            OnLanguageMismatch(part["on_language_mismatch"]),
            tuple(part["elsewhere"]),
            part["verbatim"],
        )
        for part in header["parts"]
    ]
    return Request(header["model"], header["beam_size"], tuple(parts))


def write_answers(answers: Sequence[Answer]) -> Header:
    """The answers to a request as they go to the parent."""
    parts = [
        {
            "segments": [[segment_to_json(segment) for segment in window] for window in answer.segments],
            "hearings": [[each.spoken, each.odds] for each in answer.hearings],
        }
        for answer in answers
    ]
    return {"parts": parts}


def read_answers(header: Header) -> list[Answer]:
    """The inverse of `write_answers`."""
    return [
        Answer(
            tuple(tuple(segment_from_json(segment) for segment in window) for window in part["segments"]),
            tuple(Hearing(spoken, odds) for spoken, odds in part["hearings"]),
        )
        for part in header["parts"]
    ]


@dataclass(frozen=True, slots=True)
class Requests:
    """These messages as `batching.Batcher` wants them, all with one beam size."""

    beam_size: int

    def write(self, model: str, parts: Sequence[Part]) -> tuple[Header, list[memoryview]]:
        """A request of parts to the model in a folder."""
        return write_request(Request(model, self.beam_size, tuple(parts)))

    def read(self, header: Header) -> list[Answer]:
        """The answer to each part."""
        return read_answers(header)
