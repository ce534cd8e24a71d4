"""What the engine and its child process say to each other: frames of a JSON header and raw bytes.

A frame is two unsigned 32-bit lengths (network order), the header, and the body. Requests carry audio in the body,
float32 one window after the other; answers carry segments in the header.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from callscribe.speech.interface import Segment, Span, SpeechWindow
from callscribe.speech.serialization import segment_from_json, segment_to_json

LENGTHS: Final = struct.Struct("!II")


@dataclass(frozen=True, slots=True)
class LanguageEvidence:
    """What was heard of a channel's language so far: seconds, and the summed log probability of each language."""

    seconds: float
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Request:
    """Windows to recognise. `language` is Whisper's code, or None to detect it, going on from `evidence` by channel."""

    model: str
    windows: tuple[SpeechWindow, ...]
    beam_size: int
    language: str | None
    keyterms: tuple[str, ...] = ()
    evidence: dict[int, LanguageEvidence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The segments of each window, in the windows' order, and what was heard of languages."""

    segments: tuple[tuple[Segment, ...], ...]
    evidence: dict[int, LanguageEvidence] = field(default_factory=dict)


def pack(header: dict[str, Any], body: Sequence[memoryview] = ()) -> bytes:
    """A frame; its body is what the views show, one after the other."""
    encoded = json.dumps(header).encode()
    return b"".join([LENGTHS.pack(len(encoded), sum(part.nbytes for part in body)), encoded, *body])


def request_frame(request: Request) -> bytes:
    """A request as it goes to the child."""
    header = {
        "model": request.model,
        "beam_size": request.beam_size,
        "language": request.language,
        "keyterms": request.keyterms,
        "evidence": _evidence_to_json(request.evidence),
        "windows": [
            {
                "channel": window.channel,
                "start": window.start,
                "samples": len(window.samples),
                "speech": [[span.start, span.end] for span in window.speech],
            }
            for window in request.windows
        ],
    }
    audio = [np.ascontiguousarray(window.samples, dtype="<f4").view(np.uint8).data for window in request.windows]
    return pack(header, audio)


def read_request(header: dict[str, Any], body: bytes) -> Request:
    """The request in a frame."""
    audio = np.frombuffer(body, dtype="<f4")
    windows, offset = [], 0
    for each in header["windows"]:
        samples = audio[offset : offset + each["samples"]]
        offset += each["samples"]
        speech = tuple(Span(start, end) for start, end in each["speech"])
        windows.append(SpeechWindow(each["channel"], each["start"], samples, speech))
    return Request(
        header["model"],
        tuple(windows),
        header["beam_size"],
        header["language"],
        tuple(header["keyterms"]),
        _evidence_from_json(header["evidence"]),
    )


def answer_frame(answer: Answer) -> bytes:
    """An answer as it goes to the parent."""
    return pack(
        {
            "segments": [[segment_to_json(segment) for segment in window] for window in answer.segments],
            "evidence": _evidence_to_json(answer.evidence),
        }
    )


def read_answer(header: dict[str, Any]) -> Answer:
    """The answer in a frame."""
    segments: Sequence[Sequence[dict[str, Any]]] = header["segments"]
    return Answer(
        tuple(tuple(segment_from_json(segment) for segment in window) for window in segments),
        _evidence_from_json(header["evidence"]),
    )


def _evidence_to_json(evidence: dict[int, LanguageEvidence]) -> list[Any]:
    return [[channel, asdict(heard)] for channel, heard in evidence.items()]


def _evidence_from_json(data: list[Any]) -> dict[int, LanguageEvidence]:
    return {channel: LanguageEvidence(heard["seconds"], heard["scores"]) for channel, heard in data}
