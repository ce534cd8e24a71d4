"""Deepgram as far as `POST /v1/listen` goes: it checks every request, and answers what it is told was said.

Requests are checked by Deepgram's own description (openapi.yml of github.com/deepgram/deepgram-api-specs, MIT, of
22 July 2026), and by what its documentation says beside it; answers are made of the models of its SDK.
"""

import hashlib
import inspect
import json
import threading
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from deepgram.listen.v1.media.client import MediaClient
from deepgram.types.listen_v1response import ListenV1Response
from deepgram.types.listen_v1response_metadata import ListenV1ResponseMetadata
from deepgram.types.listen_v1response_results import ListenV1ResponseResults
from deepgram.types.listen_v1response_results_channels_item import ListenV1ResponseResultsChannelsItem
from deepgram.types.listen_v1response_results_channels_item_alternatives_item import (
    ListenV1ResponseResultsChannelsItemAlternativesItem,
)
from deepgram.types.listen_v1response_results_channels_item_alternatives_item_words_item import (
    ListenV1ResponseResultsChannelsItemAlternativesItemWordsItem,
)
from deepgram.types.listen_v1response_results_utterances_item import ListenV1ResponseResultsUtterancesItem
from deepgram.types.listen_v1response_results_utterances_item_words_item import (
    ListenV1ResponseResultsUtterancesItemWordsItem,
)

from media_server import Behaviour, MediaServer, body, sent

KEY = "a-key-of-deepgram-0123456789abcdef"

_PARAMETERS = {
    "model": str,
    "language": str,
    "detect_language": list,
    "keyterm": list,
    "keywords": list,
    "multichannel": bool,
    "punctuate": bool,
    "smart_format": bool,
    "utterances": bool,
    "filler_words": bool,
    "mip_opt_out": bool,
}
"""Those of the description that an engine may ask for, and their types."""

_DETECTED = {
    *("bg", "ca", "cs", "da", "de", "de-CH", "el", "en", "es", "et", "fi", "fr", "hi", "hu", "id", "it", "ja", "ko"),
    *("lt", "lv", "ms", "nl", "nl-BE", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "vi", "zh"),
}
"""https://developers.deepgram.com/docs/language-detection"""

_LANGUAGES = {
    *("da", "da-DK", "de", "de-CH", "en", "en-US", "en-AU", "en-GB", "en-IN", "en-NZ", "es", "es-419", "fr", "fr-CA"),
    *("it", "nl", "nl-BE", "no", "pl", "pt", "pt-BR", "pt-PT", "sv", "sv-SE"),
}
"""Those of Twilio's languages, the same for both models; https://developers.deepgram.com/docs/models-languages-overview."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is heard on a channel, from 0, at a time in seconds, word by word in equal shares."""

    channel: int
    start: float
    end: float
    text: str
    language: str = "en"
    confidence: float = 0.97


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and how many channels its body has."""

    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    audio: bytes
    channels: int
    seconds: float

    def all(self, name: str) -> list[str]:
        """The values of a parameter."""
        return [value for each, value in self.query if each == name]

    def one(self, name: str) -> str | None:
        """The only value of a parameter; None where it is not there."""
        values = self.all(name)
        assert len(values) < 2, values
        return values[0] if values else None


@dataclass(slots=True)
class DeepgramServer:
    """`faults` come in turn in place of answers; `tampered` changes an answer before it goes out."""

    said: Sequence[Said] = ()
    faults: list[Behaviour] = field(default_factory=list)
    tampered: Callable[[dict[str, Any]], Any] = lambda document: document
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def running(self) -> Iterator["DeepgramServer"]:
        """On a free port of the loopback while the block runs."""
        with MediaServer().running() as server:
            server.paths["/v1/listen"] = self._listen
            self.url = server.url("")
            yield self

    def _listen(self, handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        if handler.headers.get("Authorization") != f"Token {KEY}":
            error(401, "INVALID_AUTH", f"Invalid credentials: {handler.headers['Authorization']}")(handler, stopping)
            return
        audio = sent(handler)
        query = tuple(parse_qsl(urlsplit(handler.path).query, keep_blank_values=True, strict_parsing=True))
        with wave.open(BytesIO(audio)) as file:
            channels, seconds = file.getnchannels(), file.getnframes() / file.getframerate()
        asked = Asked(query, dict(handler.headers), audio, channels, seconds)
        self.asked.append(asked)
        if wrong := violation(handler, asked):
            error(400, "Bad Request", wrong)(handler, stopping)
        elif self.faults:
            self.faults.pop(0)(handler, stopping)
        else:
            document = json.loads(answer(asked, self.said).json())
            body(json.dumps(self.tampered(document)).encode(), "application/json", Dg_Request_Id=str(uuid4()))(
                handler, stopping
            )


def error(status: int, code: str, message: str, **headers: str) -> Behaviour:
    """An error as Deepgram's documentation shows it."""
    document = {"err_code": code, "err_msg": message, "request_id": str(uuid4())}
    return body(json.dumps(document).encode(), "application/json", code=status, **headers)


def violation(handler: BaseHTTPRequestHandler, asked: Asked) -> str:
    """What is wrong with a request, in a sentence; empty where nothing is."""
    if handler.command != "POST" or not asked.audio or handler.headers["Content-Type"] != "application/octet-stream":
        return "Not a recording."
    wrong = [fault for name, value in asked.query if (fault := _of_parameter(asked, name, value))]
    return next(iter([*wrong, *_of_combination(asked)]), "")


def _of_parameter(asked: Asked, name: str, value: str) -> str:
    kind = _PARAMETERS.get(name)
    if kind is None or name not in inspect.signature(MediaClient.transcribe_file).parameters:
        return f"Unknown parameter {name}."
    if not value or (kind is bool and value not in {"true", "false"}):
        return f"{name} cannot be {value!r}."
    return f"{name} is there twice." if kind is not list and len(asked.all(name)) > 1 else ""


def _of_combination(asked: Asked) -> Iterator[str]:
    model, language, detected = asked.one("model"), asked.one("language"), asked.all("detect_language")
    if model not in {"nova-3", "nova-2"}:
        yield f"No such model: {model}."
    if asked.all("keyterm") and model != "nova-3":
        yield "Keyterms are for nova-3."
    if len(asked.all("keyterm")) > 100:
        yield "Keyterm limit exceeded."
    if asked.all("keywords") and model == "nova-3":
        yield "Keywords are not for nova-3."
    if any(" " in word or ":" in word for word in asked.all("keywords")):
        yield "A keyword is one word, and has no weight here."
    if (language is None) == (not detected):
        yield "A language is either given or detected."
    # Nova-2 mixes Spanish and English under this name, which is not meant here.
    if language is not None and language not in _LANGUAGES and (language, model) != ("multi", "nova-3"):
        yield f"No such language: {language}."
    if not _DETECTED.issuperset(detected):
        yield "Not all of these can be detected."


def answer(asked: Asked, said: Sequence[Said]) -> ListenV1Response:
    """The answer to a request."""
    separate = asked.one("multichannel") == "true"
    channels = asked.channels if separate else 1
    heard = sorted((each for each in said if not separate or each.channel < channels), key=lambda each: each.start)
    by_channel = [[each for each in heard if not separate or each.channel == number] for number in range(channels)]
    return ListenV1Response(
        metadata=ListenV1ResponseMetadata(
            request_id=str(uuid4()),
            sha256=hashlib.sha256(asked.audio).hexdigest(),
            created="2026-11-30T12:00:00.000Z",
            duration=asked.seconds,
            channels=channels,
            models=["1dbdfb4d-85b2-4659-9831-16b3c76229aa"],
            model_info={"1dbdfb4d-85b2-4659-9831-16b3c76229aa": {"name": "general-nova-3", "arch": asked.one("model")}},
        ),
        results=ListenV1ResponseResults(
            channels=[_channel(asked, spoken) for spoken in by_channel],
            utterances=[_utterance(asked, each, each.channel if separate else 0) for each in heard],
        ),
    )


def _channel(asked: Asked, spoken: Sequence[Said]) -> ListenV1ResponseResultsChannelsItem:
    words = [
        ListenV1ResponseResultsChannelsItemAlternativesItemWordsItem(**word)
        for each in spoken
        for word in _words(asked, each)
    ]
    tags = {"languages": sorted({each.language for each in spoken}), "languages_hinted": []} if _multi(asked) else {}
    found = {"detected_language": spoken[0].language, "language_confidence": 0.99} if spoken else {}
    return ListenV1ResponseResultsChannelsItem(
        alternatives=[
            ListenV1ResponseResultsChannelsItemAlternativesItem(
                transcript=" ".join(each.text for each in spoken),
                confidence=max((each.confidence for each in spoken), default=0.0),
                words=words,
                **tags,
            )
        ],
        **(found if asked.all("detect_language") else {}),
    )


def _utterance(asked: Asked, each: Said, channel: int) -> ListenV1ResponseResultsUtterancesItem:
    return ListenV1ResponseResultsUtterancesItem(
        start=each.start,
        end=each.end,
        confidence=each.confidence,
        channel=channel,
        transcript=each.text,
        words=[ListenV1ResponseResultsUtterancesItemWordsItem(**word) for word in _words(asked, each)],
        id=str(uuid4()),
        **({"languages": [each.language]} if _multi(asked) else {}),
    )


def _words(asked: Asked, each: Said) -> Iterator[dict[str, Any]]:
    texts = each.text.split()
    share = (each.end - each.start) / len(texts)
    for number, text in enumerate(texts):
        yield {
            "word": text.lower().strip(".,?!"),
            "start": round(each.start + number * share, 6),
            "end": round(each.start + (number + 1) * share, 6),
            "confidence": each.confidence,
            "punctuated_word": text,
            **({"language": each.language} if _multi(asked) else {}),
        }


def _multi(asked: Asked) -> bool:
    return asked.one("language") == "multi"
