"""What the engine and its child process say to each other, as messages of `callscribe.framing`.

Requests carry audio in the body, float32 one window after the other; answers carry segments in the header.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from callscribe.framing import Header
from callscribe.speech.interface import Segment, Span, SpeechWindow
from callscribe.speech.serialization import segment_from_json, segment_to_json


@dataclass(frozen=True, slots=True)
class LanguageEvidence:
    """What was heard of a channel's language so far: seconds, and the summed log probability of each language."""

    seconds: float
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Part:
    """Windows of one job. `language` is Whisper's code, or None to detect it, going on from `evidence` by channel.

    `only_language` asks for nothing but the evidence that the windows give.
    """

    windows: tuple[SpeechWindow, ...]
    language: str | None
    keyterms: tuple[str, ...] = ()
    evidence: dict[int, LanguageEvidence] = field(default_factory=dict)
    only_language: bool = False

    @property
    def seconds(self) -> float:
        """Length of the windows together."""
        return sum(window.end - window.start for window in self.windows)


@dataclass(frozen=True, slots=True)
class Answer:
    """The segments of each window of a part, in the windows' order, and what was heard of languages."""

    segments: tuple[tuple[Segment, ...], ...]
    evidence: dict[int, LanguageEvidence] = field(default_factory=dict)


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
                "evidence": _evidence_to_json(part.evidence),
                "only_language": part.only_language,
                "windows": [
                    {
                        "channel": window.channel,
                        "start": window.start,
                        "samples": len(window.samples),
                        "speech": [[span.start, span.end] for span in window.speech],
                    }
                    for window in part.windows
                ],
            }
            for part in request.parts
        ],
    }
    windows = (window for part in request.parts for window in part.windows)
    return header, [np.ascontiguousarray(window.samples, dtype="<f4").view(np.uint8).data for window in windows]


def read_request(header: Header, body: bytearray) -> Request:
    """The inverse of `write_request`."""
    audio = np.frombuffer(body, dtype="<f4")
    parts, offset = [], 0
    for part in header["parts"]:
        windows = []
        for each in part["windows"]:
            samples = audio[offset : offset + each["samples"]]
            offset += each["samples"]
            speech = tuple(Span(start, end) for start, end in each["speech"])
            windows.append(SpeechWindow(each["channel"], each["start"], samples, speech))
        evidence = _evidence_from_json(part["evidence"])
        keyterms = tuple(part["keyterms"])
        parts.append(Part(tuple(windows), part["language"], keyterms, evidence, part["only_language"]))
    return Request(header["model"], header["beam_size"], tuple(parts))


def write_answers(answers: Sequence[Answer]) -> Header:
    """The answers to a request as they go to the parent."""
    parts = [
        {
            "segments": [[segment_to_json(segment) for segment in window] for window in answer.segments],
            "evidence": _evidence_to_json(answer.evidence),
        }
        for answer in answers
    ]
    return {"parts": parts}


def read_answers(header: Header) -> list[Answer]:
    """The inverse of `write_answers`."""
    return [
        Answer(
            tuple(tuple(segment_from_json(segment) for segment in window) for window in part["segments"]),
            _evidence_from_json(part["evidence"]),
        )
        for part in header["parts"]
    ]


def _evidence_to_json(evidence: dict[int, LanguageEvidence]) -> list[Any]:
    return [[channel, asdict(heard)] for channel, heard in evidence.items()]


def _evidence_from_json(data: list[Any]) -> dict[int, LanguageEvidence]:
    return {channel: LanguageEvidence(heard["seconds"], heard["scores"]) for channel, heard in data}
