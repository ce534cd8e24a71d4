"""Google on the loopback: tokens, Speech-to-Text v2 and a bucket of Cloud Storage, well or badly, for tests.

Requests are read as Google's own SDK reads them: paths by its table of HTTP, bodies by its messages, of which nothing
may be unknown; and answers are its messages. What it is sent it decodes and listens to: it hears tones, see `toned`,
each as a word with its pitch, so that words tell which channel and time of a recording really arrived.
"""

import json
import re
import socket
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import av
import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.api_core import path_template
from google.auth import jwt
from google.cloud.speech_v2.services.speech.transports.rest_base import _BaseSpeechRestTransport
from google.cloud.speech_v2.types import cloud_speech
from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2

PROJECT, BUCKET = "calls-of-tests", "recordings-of-tests"
LOCATION = "us-central1"
EMAIL = f"callscribe@{PROJECT}.iam.gserviceaccount.com"
RATE = 16_000

LONGEST, MOST_BYTES = 60.0, 10_485_760
"""Seconds of audio, and bytes of a request as a whole, that `Recognize` takes."""

LANGUAGES = {"auto", "en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "es-US", "no-NO"}

Samples = npt.NDArray[np.float32]
Fault = Callable[["_Handler"], None]
Results = Sequence[cloud_speech.SpeechRecognitionResult]

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_RULES = {
    "recognize": _BaseSpeechRestTransport._BaseRecognize,
    "batch": _BaseSpeechRestTransport._BaseBatchRecognize,
    "operation": _BaseSpeechRestTransport._BaseGetOperation,
    "operations": _BaseSpeechRestTransport._BaseListOperations,
    "cancel": _BaseSpeechRestTransport._BaseCancelOperation,
}


def key_file(folder: Path, server: "GoogleServer | None" = None, **changed: Any) -> Path:
    """A file as Google makes them for service accounts, whose tokens are had from `server`."""
    pem = _KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    members = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "0123456789abcdef",
        "private_key": pem.decode(),
        "client_email": EMAIL,
        "client_id": "100000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token" if server is None else f"{server.url}/token",
        "universe_domain": "googleapis.com",
        **changed,
    }
    path = folder / "key.json"
    path.write_text(json.dumps({name: value for name, value in members.items() if value is not None}))
    return path


def toned(seconds: float, tones: Mapping[int, Mapping[float, int]], *, channels: int = 2, rate: int = RATE) -> Samples:
    """`(channels, n)`: by channel and time in seconds tones of 0.4 s, each of a pitch by its number, 0 to 140."""
    samples = np.zeros((channels, round(seconds * rate)), np.float32)
    time = np.arange(round(0.4 * rate)) / rate
    for channel, by_time in tones.items():
        for start, number in by_time.items():
            first = round(start * rate)
            tone = 0.5 * np.sin(2 * np.pi * _pitch(number) * time)
            samples[channel, first : first + len(time)] = tone[: samples.shape[1] - first]
    return samples


def _pitch(number: int) -> float:
    return 400.0 + 20.0 * number


def heard(samples: Samples, config: cloud_speech.RecognitionConfig) -> list[cloud_speech.SpeechRecognitionResult]:
    """What of tones is heard, in results as chirp gives them: of one channel and a stretch, at most five words each."""
    separate = cloud_speech.RecognitionFeatures.MultiChannelMode.SEPARATE_RECOGNITION_PER_CHANNEL
    several = config.features.multi_channel_mode == separate
    results = []
    for channel, sound in enumerate(samples if several else samples[:1]):
        words = list(_words(sound))
        tag = channel + 1 if several else 0
        results += [_result(words[first : first + 5], config, tag) for first in range(0, len(words), 5)]
    return sorted(results, key=lambda result: result.result_end_offset)


def _words(sound: Samples) -> Iterator[tuple[int, float, float]]:
    """Number, start and end of each tone."""
    frame = RATE // 50
    frames = np.abs(sound[: len(sound) // frame * frame]).reshape(-1, frame).max(axis=1) > 0.2
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frames.astype(np.int8), [0]])))
    for first, last in edges.reshape(-1, 2):
        spectrum = np.abs(np.fft.rfft(sound[first * frame : last * frame], RATE))
        yield round((int(np.argmax(spectrum)) - _pitch(0)) / 20.0), first / 50, last / 50


def _result(
    words: list[tuple[int, float, float]], config: cloud_speech.RecognitionConfig, tag: int
) -> cloud_speech.SpeechRecognitionResult:
    texts = [f"tone{number}" for number, _, _ in words]
    if config.features.enable_automatic_punctuation:
        texts[0], texts[-1] = texts[0].capitalize(), texts[-1].capitalize() if len(texts) == 1 else texts[-1]
        texts[-1] += "."
    infos = []
    for text, (_, start, end) in zip(texts, words, strict=True):
        info = cloud_speech.WordInfo(word=text)
        if config.features.enable_word_time_offsets:
            info.start_offset, info.end_offset = timedelta(seconds=start), timedelta(seconds=end)
        if config.features.enable_word_confidence:
            info.confidence = 0.875
        infos.append(info)
    asked = config.language_codes[0]
    return cloud_speech.SpeechRecognitionResult(
        alternatives=[
            cloud_speech.SpeechRecognitionAlternative(transcript=" ".join(texts), confidence=0.9, words=infos)
        ],
        channel_tag=tag,
        result_end_offset=timedelta(seconds=words[-1][2]),
        language_code="de-de" if asked == "auto" else asked.lower(),
    )


def decoded(data: bytes) -> Samples:
    """`(channels, n)` at 16 kHz."""
    with av.open(BytesIO(data)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("fltp", stream.layout, RATE)
        frames = [made for frame in container.decode(stream) for made in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


@dataclass
class Seen:
    """A request: what it is for, its path, and its body, as a message where it is one."""

    kind: str
    path: str
    message: Any = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class _Operation:
    name: str
    request: cloud_speech.BatchRecognizeRequest
    polls: int
    cancelled: bool = False
    result: bytes | None = None


class _Refused(Exception):  # noqa: N818  says what is the case
    """What Google answers with an error."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


class GoogleServer:
    """What it saw, what is in its bucket, and how it behaves.

    `faults` are by kind of request, each for the next of its kind. An operation is done when it was asked for `polls`
    times; None is never. `results` is what it hears in place of tones.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.objects: dict[str, bytes] = {}
        self.operations: dict[str, _Operation] = {}
        self.polls: int | None = 1
        self.kept_of_chunk: int | None = None
        self.results: Callable[[Samples, cloud_speech.RecognitionConfig], Results] = heard
        self.file_error: status_pb2.Status | None = None
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.tokens: set[str] = set()
        self.uploads: dict[str, tuple[str, bytearray]] = {}
        outer = self

        class Handler(_Handler):
            google = outer

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["GoogleServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def of(self, kind: str) -> list[Seen]:
        """The requests of a kind, those that failed too."""
        with self.lock:
            return [each for each in self.seen if each.kind == kind]

    def kinds(self) -> list[str]:
        with self.lock:
            return [each.kind for each in self.seen]


def error(status: int, message: str = "no", *, retry_delay: float | None = None, **headers: str) -> Fault:
    """`google.rpc.Status` as JSON; `retry_delay` in its `RetryInfo`. Headers are named with underscores."""

    def answer(handler: "_Handler") -> None:
        handler.refuse(status, message, retry_delay, {key.replace("_", "-"): value for key, value in headers.items()})

    return answer


def body(data: bytes, status: int = 200, **headers: str) -> Fault:
    """Something else."""

    def answer(handler: "_Handler") -> None:
        handler.answer(status, data, {key.replace("_", "-"): value for key, value in headers.items()})

    return answer


def reset(handler: "_Handler") -> None:
    """A TCP reset in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"results": [')
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def silence(handler: "_Handler") -> None:
    """Nothing, until the server stops."""
    handler.google.stopping.wait(60)
    handler.close_connection = True


def lost(handler: "_Handler") -> None:
    """It is done, and the answer does not come through."""
    handler.muted = True
    handler.serve()
    reset(handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    google: GoogleServer
    muted = False

    def do_POST(self) -> None:
        self.take()

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815  as the base class has it

    def log_message(self, *arguments: object) -> None:
        pass

    def take(self) -> None:
        """One request."""
        self.muted = False
        self.sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.split = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(self.split.query).items()}
        kind = self.kind()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.noted = Seen(kind, self.path, body=self.sent, headers=headers)
        with self.google.lock:
            self.google.seen.append(self.noted)
            faults = self.google.faults[kind]
            fault = faults.popleft() if faults else None
        try:
            if fault is not None:
                fault(self)
            else:
                self.serve()
        except OSError:
            self.close_connection = True  # the client has left

    def kind(self) -> str:
        path = self.split.path
        if path == "/token":
            return "token"
        if path.startswith("/upload/"):
            return {"POST": "upload", "PUT": "put"}.get(self.command, "unknown")
        if path.startswith("/storage/"):
            return {"DELETE": "delete"}.get(self.command, "unknown")
        for name, rule in _RULES.items():
            for option in rule._get_http_options():
                fits = option["method"].upper() == self.command
                if fits and path_template.validate(option["uri"], path):
                    return name
        return "unknown"

    def serve(self) -> None:
        """As Google does, where nothing is wrong."""
        try:
            kind = self.noted.kind
            if kind not in {"token", "unknown"}:
                self._authenticate()
            getattr(self, f"_{kind}")()
        except _Refused as refused:
            status = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "NOT_FOUND": 404}.get(refused.code, 400)
            self.refuse(status, refused.message)

    def answer(self, status: int, data: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        if self.muted:
            return
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(
        self, status: int, message: str, delay: float | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
        names |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
        name = names.get(status, "UNKNOWN")
        rpc = status_pb2.Status(code=code_pb2.Code.Value(name), message=message)
        if delay is not None:
            info = error_details_pb2.RetryInfo()
            info.retry_delay.FromTimedelta(timedelta(seconds=delay))
            rpc.details.add().Pack(info)
        members = json_format.MessageToDict(rpc)
        document = {"error": {**members, "code": status, "status": name}}
        self.answer(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _authenticate(self) -> None:
        if self.headers["Authorization"] not in self.google.tokens:
            raise _Refused("UNAUTHENTICATED", "Request had invalid authentication credentials.")

    # Each kind.

    def _unknown(self) -> None:
        self.answer(404, b"<html>not found</html>", {"Content-Type": "text/html"})

    def _token(self) -> None:
        form = {name: values[0] for name, values in parse_qs(self.sent.decode()).items()}
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        public = _KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        try:
            claims = jwt.decode(
                form["assertion"], certs=public.decode(), audience="https://oauth2.googleapis.com/token"
            )
        except ValueError as wrong:
            document = {"error": "invalid_grant", "error_description": str(wrong)}
            self.answer(400, json.dumps(document).encode())
            return
        assert claims["iss"] == EMAIL
        assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
        token = f"ya29.token-{len(self.google.tokens)}"
        with self.google.lock:
            self.google.tokens.add(f"Bearer {token}")
        document = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        self.answer(200, json.dumps(document).encode())

    def _parsed(self, kind: Any) -> Any:
        if len(self.sent) > MOST_BYTES:
            raise _Refused("INVALID_ARGUMENT", f"Request payload size exceeds the limit: {MOST_BYTES} bytes.")
        assert self.headers["Content-Type"] == "application/json"
        try:
            self.noted.message = kind.from_json(self.sent.decode())
        except json_format.ParseError as wrong:
            raise _Refused("INVALID_ARGUMENT", f"Invalid JSON payload received. {wrong}") from wrong
        where = f"/v2/projects/{PROJECT}/locations/{LOCATION}/recognizers/_:"
        if not self.split.path.startswith(where):
            raise _Refused("NOT_FOUND", "Unable to find Recognizer.")
        self._check(self.noted.message.config)
        return self.noted.message

    def _check(self, config: cloud_speech.RecognitionConfig) -> None:
        if "auto_decoding_config" not in config:
            raise _Refused("INVALID_ARGUMENT", "RecognitionConfig must have a decoding_config.")
        if config.model != "chirp_2":
            raise _Refused("INVALID_ARGUMENT", f'The model "{config.model}" does not exist in the location.')
        (language,) = config.language_codes
        if language not in LANGUAGES:
            raise _Refused("INVALID_ARGUMENT", f'The language "{language}" is not supported by the model "chirp_2".')
        phrases = [phrase.value for each in config.adaptation.phrase_sets for phrase in each.inline_phrase_set.phrases]
        if any(len(phrase) > 100 for phrase in phrases) or len(phrases) > 1200:
            raise _Refused("INVALID_ARGUMENT", "Phrases are too long, or too many.")

    def _sound(self, data: bytes) -> Samples:
        try:
            return decoded(data)
        except (av.FFmpegError, IndexError, ValueError) as wrong:
            raise _Refused("INVALID_ARGUMENT", "Audio data does not appear to be in a supported encoding.") from wrong

    def _recognize(self) -> None:
        request = self._parsed(cloud_speech.RecognizeRequest)
        samples = self._sound(request.content)
        if samples.shape[1] / RATE > LONGEST:
            raise _Refused("INVALID_ARGUMENT", "Audio can be of a maximum of 60 seconds.")
        response = cloud_speech.RecognizeResponse(
            results=self.google.results(samples, request.config),
            metadata=cloud_speech.RecognitionResponseMetadata(
                total_billed_duration=timedelta(seconds=round(samples.shape[1] / RATE))
            ),
        )
        self.answer(200, _json(cloud_speech.RecognizeResponse, response), {"Content-Type": "application/json"})

    def _batch(self) -> None:
        request = self._parsed(cloud_speech.BatchRecognizeRequest)
        if "inline_response_config" not in request.recognition_output_config or len(request.files) != 1:
            raise _Refused("INVALID_ARGUMENT", "Inline results are for one file.")
        if not request.files[0].uri.startswith(f"gs://{BUCKET}/"):
            raise _Refused("INVALID_ARGUMENT", "Only Google Cloud Storage URIs are supported.")
        with self.google.lock:
            number = len(self.google.operations) + 1
            name = f"projects/123456789/locations/{LOCATION}/operations/{number:08x}"
            polls = self.google.polls
            self.google.operations[name] = _Operation(name, request, -1 if polls is None else polls)
            made = self._as_operation(self.google.operations[name])
        self.answer(200, made, {"Content-Type": "application/json"})

    def _operation(self) -> None:
        name = unquote(self.split.path).removeprefix("/v2/")
        with self.google.lock:
            if name not in self.google.operations:
                raise _Refused("NOT_FOUND", "Operation not found.")
            operation = self.google.operations[name]
            made = self._as_operation(operation)
            operation.polls -= operation.polls > 0
        self.answer(200, made, {"Content-Type": "application/json"})

    def _operations(self) -> None:
        names = sorted(self.google.operations)
        first = int(self.query.get("pageToken") or 0)
        assert 1 <= int(self.query["pageSize"]) <= 100
        page = operations_pb2.ListOperationsResponse()
        for name in names[first : first + 1]:  # one on each page
            page.operations.append(json_format.Parse(self._as_operation(self.google.operations[name]), _new()))
        if first + 1 < len(names):
            page.next_page_token = str(first + 1)
        self.answer(200, json_format.MessageToJson(page).encode(), {"Content-Type": "application/json"})

    def _cancel(self) -> None:
        name = unquote(self.split.path).removeprefix("/v2/").removesuffix(":cancel")
        self.google.operations[name].cancelled = True
        self.answer(200, b"{}", {"Content-Type": "application/json"})

    def _as_operation(self, operation: _Operation) -> bytes:
        if operation.result is not None:
            return operation.result
        made = operations_pb2.Operation(name=operation.name)
        metadata = cloud_speech.OperationMetadata(
            batch_recognize_request=operation.request, progress_percent=100 if operation.polls == 0 else 10
        )
        made.metadata.Pack(cloud_speech.OperationMetadata.pb(metadata))
        if operation.polls == 0:
            made.done = True
            made.response.Pack(cloud_speech.BatchRecognizeResponse.pb(self._recognized(operation.request)))
            operation.result = json_format.MessageToJson(made).encode()
        return json_format.MessageToJson(made).encode()

    def _recognized(self, request: cloud_speech.BatchRecognizeRequest) -> cloud_speech.BatchRecognizeResponse:
        uri = request.files[0].uri
        data = self.google.objects.get(uri.removeprefix(f"gs://{BUCKET}/"))
        wrong = self.google.file_error
        if data is None:
            wrong = status_pb2.Status(code=5, message="The object does not exist.")
        if wrong is not None:
            file = cloud_speech.BatchRecognizeFileResult(error=wrong)
        else:
            found = self.google.results(self._sound(data or b""), request.config)
            transcript = cloud_speech.BatchRecognizeResults(results=found)
            file = cloud_speech.BatchRecognizeFileResult(
                inline_result=cloud_speech.InlineResult(transcript=transcript), transcript=transcript
            )
        return cloud_speech.BatchRecognizeResponse(results={uri: file})

    def _upload(self) -> None:
        if self.split.path != f"/upload/storage/v1/b/{BUCKET}/o":
            raise _Refused("NOT_FOUND", "The specified bucket does not exist.")
        assert (self.query["uploadType"], self.query["ifGenerationMatch"]) == ("resumable", "0")
        assert self.headers["X-Upload-Content-Type"].startswith("audio/")
        with self.google.lock:
            session = str(len(self.google.uploads))
            self.google.uploads[session] = self.query["name"], bytearray()
        location = f"{self.google.url}/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&upload_id={session}"
        self.answer(200, b"", {"Location": location})

    def _put(self) -> None:
        name, data = self.google.uploads[self.query["upload_id"]]
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", self.headers["Content-Range"])
        assert found, self.headers["Content-Range"]
        first, last = int(found[1]), int(found[2])
        assert (first, last + 1 - first) == (len(data), len(self.sent))
        is_last = found[3] != "*"
        assert is_last or len(self.sent) % (256 * 1024) == 0
        if self.google.kept_of_chunk is not None:
            data += self.sent[: self.google.kept_of_chunk]
            is_last, self.google.kept_of_chunk = False, None
        else:
            data += self.sent
        if not is_last:
            self.answer(308, b"", {"Range": f"bytes=0-{len(data) - 1}"} if data else {})
            return
        assert int(found[3]) == len(data)
        with self.google.lock:
            self.google.objects[name] = bytes(data)
        self.answer(200, json.dumps({"kind": "storage#object", "name": name, "size": str(len(data))}).encode())

    def _delete(self) -> None:
        name = unquote(self.split.path.rpartition("/o/")[2])
        assert self.split.path == f"/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}"
        with self.google.lock:
            if self.google.objects.pop(name, None) is None:
                raise _Refused("NOT_FOUND", "No such object.")
        self.answer(204)


def _new() -> operations_pb2.Operation:
    return operations_pb2.Operation()


def _json(kind: Any, message: Any) -> bytes:
    """As Google writes: without what has its default."""
    text: str = kind.to_json(
        message, use_integers_for_enums=False, always_print_fields_with_no_presence=False, indent=None
    )
    return text.encode()
