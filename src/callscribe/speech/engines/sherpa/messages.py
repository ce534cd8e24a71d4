"""What the engine and its child process say to each other, as messages of `callscribe.framing`."""

from collections.abc import Sequence
from dataclasses import dataclass

from callscribe.framing import Header
from callscribe.speech.interface import Segment, SpeechWindow
from callscribe.speech.serialization import Windows, audio_of, segment_from_json, segment_to_json, window_to_json


@dataclass(frozen=True, slots=True)
class Part:
    """Windows of one job, in a locale."""

    windows: tuple[SpeechWindow, ...]
    locale: str

    @property
    def seconds(self) -> float:
        """Length of the windows together."""
        return sum(window.end - window.start for window in self.windows)


Answer = tuple[Segment, ...]
"""The segments of a part, in the order of its windows."""


class Requests:
    """These messages as `batching.Batcher` wants them."""

    def write(self, model: str, parts: Sequence[Part]) -> tuple[Header, list[memoryview]]:
        """A request of parts to the model in a folder."""
        told = [{"locale": part.locale, "windows": [window_to_json(each) for each in part.windows]} for part in parts]
        return {"model": model, "parts": told}, audio_of(window for part in parts for window in part.windows)

    def read(self, header: Header) -> list[Answer]:
        """The answer to each part."""
        return [tuple(map(segment_from_json, part)) for part in header["parts"]]


def read_parts(header: Header, body: bytearray) -> list[Part]:
    """The parts of a request, in the child."""
    windows = Windows(body)
    return [Part(windows.read(part["windows"]), part["locale"]) for part in header["parts"]]


def write_answers(answers: Sequence[Answer]) -> Header:
    """The answers to a request as they go to the parent."""
    return {"parts": [list(map(segment_to_json, answer)) for answer in answers]}
