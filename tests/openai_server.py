"""OpenAI's `/v1/audio/transcriptions` on the loopback, for tests.

It takes no request that OpenAI's description does not allow: names and values are held against the parameters of the
official SDK, which are made from that description (https://github.com/openai/openai-openapi), and what the description
says of models in words is written below. It hears a word in each two fifths of a second that is loud.
"""

import io
import json
import threading
import wave
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal, get_args, get_type_hints

import numpy as np
import numpy.typing as npt
from openai.types.audio import Transcription, TranscriptionSegment, TranscriptionVerbose, TranscriptionWord
from openai.types.audio.transcription_create_params import TranscriptionCreateParamsNonStreaming
from openai.types.audio.transcription_language import TranscriptionLanguage
from openai.types.audio_model import AudioModel
from openai.types.audio_response_format import AudioResponseFormat

from media_server import Behaviour, MediaServer, body, sent

KEY = "sk-of-the-tests"
MOST_BYTES = 25_000_000
RATE = 16_000
SLOT = 0.4
LOUD = 0.02

_LISTS = {"keywords", "languages", "timestamp_granularities", "include"}
_MODELS = get_args(AudioModel)
_TEXT_ALONE = {"gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that it took."""

    fields: dict[str, list[str]]
    headers: dict[str, str]
    sound: npt.NDArray[np.float32]

    @property
    def seconds(self) -> float:
        return len(self.sound) / RATE


@dataclass
class OpenAIServer:
    """`behaviours` are for the next requests, one each; without any, it hears. `others` are models beside OpenAI's."""

    times: Literal["words", "segments", "tokens"] = "words"
    others: tuple[str, ...] = ()
    asked: list[Asked] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    behaviours: deque[Behaviour] = field(default_factory=deque)
    hear: Callable[[Asked], bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[str]:
        """The base URL, which the official SDK would be given."""
        with MediaServer().running() as server:
            server.paths["/v1/audio/transcriptions"] = self._answer
            yield server.url("/v1")

    def _answer(self, handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        content = sent(handler)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        if headers.get("authorization") != f"Bearer {KEY}":
            refusal(401, f"Incorrect API key provided: {headers.get('authorization', '')[-4:]}")(handler, stopping)
            return
        asked, fault = None, "the body is no form"
        try:
            asked, fault = self._parsed(content, headers)
        except (ValueError, wave.Error, EOFError) as error:
            fault = str(error)
        if asked is None or fault:
            self.faults.append(fault)
            refusal(400, fault)(handler, stopping)
            return
        self.asked.append(asked)
        behaviour = self.behaviours.popleft() if self.behaviours else body(self.hears(asked), "application/json")
        behaviour(handler, stopping)

    def _parsed(self, content: bytes, headers: dict[str, str]) -> tuple[Asked, str]:
        head = f"Content-Type: {headers['content-type']}\r\n\r\n".encode()
        fields: dict[str, list[str]] = {}
        sound = np.zeros(0, np.float32)
        fault = "a file is missing"
        for part in message_from_bytes(head + content).get_payload():
            name = part.get_param("name", header="content-disposition")
            data = part.get_payload(decode=True)
            if name == "file":
                sound, fault = _sound(data), ""
                if len(data) > MOST_BYTES:
                    return Asked(fields, headers, sound), "the file is larger than 25 MB"
                if not str(part.get_filename()).endswith(".wav") or part.get_content_type() != "audio/wav":
                    return Asked(fields, headers, sound), "the file is not named after what it is"
            else:
                fields.setdefault(name, []).append(data.decode())
        return Asked(fields, headers, sound), fault or self._fault(fields, len(sound) / RATE)

    def _fault(self, fields: dict[str, list[str]], seconds: float) -> str:
        hints = get_type_hints(TranscriptionCreateParamsNonStreaming)
        for name, values in fields.items():
            plain = name.removesuffix("[]")
            if plain not in hints or plain == "stream" or (plain in _LISTS) is not name.endswith("[]"):
                return f"Unknown parameter: {name}"
            if plain not in _LISTS and len(values) > 1:
                return f"{name} is given twice"
        one = {name: values[0] for name, values in fields.items()}
        model, form = one.get("model", ""), one.get("response_format", "json")
        granularities = fields.get("timestamp_granularities[]", [])
        keywords = "".join(fields.get("keywords[]", []))
        wrong = {
            f"invalid model ID {model}": model not in {*_MODELS, *self.others},
            "invalid response_format": form not in get_args(AudioResponseFormat),
            "invalid temperature": not 0 <= float(one.get("temperature", 0)) <= 1,
            "invalid timestamp_granularities": not {*granularities} <= {"word", "segment"},
            "timestamp_granularities need verbose_json": bool(granularities) and form != "verbose_json",
            f"response_format {form} is not compatible with model {model}": model in _TEXT_ALONE and form != "json",
            "keywords and languages are for gpt-transcribe": model != "gpt-transcribe"
            and bool({"keywords[]", "languages[]"} & fields.keys()),
            "language is replaced by languages": model == "gpt-transcribe" and "language" in fields,
            "keywords with markup": any(character in keywords for character in "<>\r\n"),
            "no prompt for diarization": model.endswith("-diarize") and "prompt" in fields,
            "chunking_strategy is required": model.endswith("-diarize")
            and seconds > 30
            and "chunking_strategy" not in fields,
            "language is not ISO 639-1": any(
                len(code) != 2 for code in [*fields.get("language", []), *fields.get("languages[]", [])]
            ),
        }
        return next((fault for fault, is_so in wrong.items() if is_so), "")

    def hears(self, asked: Asked) -> bytes:
        if self.hear is not None:
            return self.hear(asked)
        segments = heard(asked.sound)
        text = " ".join(" ".join(words) for _, words in segments)
        if asked.fields["response_format"] == ["json"]:
            languages = [TranscriptionLanguage(code="en")] if asked.fields["model"] == ["gpt-transcribe"] else None
            return Transcription(text=text, languages=languages).to_json(exclude_none=True).encode()
        granularities = asked.fields.get("timestamp_granularities[]", ["segment"])
        answer = TranscriptionVerbose(
            duration=asked.seconds,
            language="english",
            text=text,
            segments=[_segment(number, start, words) for number, (start, words) in enumerate(segments)],
            words=[
                TranscriptionWord(
                    word=word.strip(".").capitalize(), start=start + SLOT * index, end=start + SLOT * index + 0.3
                )
                for start, words in segments
                for index, word in enumerate(words)
            ]
            if self.times == "words" and "word" in granularities
            else None,
        )
        document = json.loads(answer.to_json(exclude_none=True))
        if self.times == "tokens":
            for segment, (start, words) in zip(document["segments"], segments, strict=True):
                segment["words"] = list(_tokens(start, words))
        return json.dumps({"task": "transcribe", **document}).encode()


def heard(sound: npt.NDArray[np.float32]) -> list[tuple[float, list[str]]]:
    """What is said in each stretch of loud slots, and when it begins: words that are not the same as others."""
    size = round(SLOT * RATE)
    slots = sound[: len(sound) // size * size].reshape(-1, size)
    loud = [bool(np.sqrt(np.mean(np.square(slot))) > LOUD) for slot in slots]
    found: list[tuple[float, list[str]]] = []
    for slot, is_loud in enumerate(loud):
        if is_loud and slot and loud[slot - 1]:
            found[-1][1].append(f"word{slot}")
        elif is_loud:
            found.append((slot * SLOT, [f"Word{slot}"]))
    return [(start, [*words[:-1], f"{words[-1]}."]) for start, words in found]


def _segment(number: int, start: float, words: list[str]) -> TranscriptionSegment:
    return TranscriptionSegment(
        id=number,
        avg_logprob=-0.25,
        compression_ratio=1.2,
        end=start + len(words) * SLOT,
        no_speech_prob=0.01,
        seek=0,
        start=start,
        temperature=0.0,
        text=f" {' '.join(words)}",
        tokens=[50364, 440, 50464],
    )


def _tokens(start: float, words: list[str]) -> Iterator[dict[str, Any]]:
    """As whisper.cpp has them: several to a word, within segments."""
    for index, word in enumerate(words):
        for part, text in enumerate((f" {word[:4]}", word[4:])):
            begin = round(start + SLOT * (index + part / 2), 2)
            yield {"word": text, "start": begin, "end": round(begin + SLOT / 2, 2), "t_dtw": -1, "probability": 0.5}


def _sound(data: bytes) -> npt.NDArray[np.float32]:
    with wave.open(io.BytesIO(data)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            raise ValueError("not 16-bit mono at 16 kHz")
        frames = file.readframes(file.getnframes())
        if len(frames) != 2 * file.getnframes():
            raise ValueError("the file breaks off")
    return np.frombuffer(frames, "<i2").astype(np.float32) / 32768


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> Behaviour:
    """An error as OpenAI answers it."""
    document = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return body(json.dumps(document).encode(), "application/json", status, **headers)
