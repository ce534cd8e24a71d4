"""From Google's results to segments.

A result is what was heard on one channel in one stretch, with words of which each has its own times. What is wrong in
times is put right: they are inside the recording, and words in order; what lacks is not made up.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from google.cloud.speech_v2.types import cloud_speech

from callscribe.speech.engines.google.answers import PROVIDER, status_error
from callscribe.speech.engines.remote.failures import unreadable
from callscribe.speech.interface import Segment, Word
from callscribe.speech.languages import language_code

_CODES: Final[Mapping[str, str]] = {"cmn": "zh", "yue": "zh", "nb": "no", "nn": "no", "iw": "he", "fil": "tl"}
"""ISO 639-1 codes of languages that Google calls otherwise."""

_UNKNOWN: Final = "und"
"""Of BCP 47: nobody says which language it is."""

Results = Sequence[cloud_speech.SpeechRecognitionResult]


def answered(body: bytes) -> Results:
    """The results of `RecognizeResponse`.

    Raises:
        JobError: 17566, it is none. What was paid for is not asked for again.
    """
    return _read(cloud_speech.RecognizeResponse, body)


def of_operation(operation: Mapping[str, Any]) -> Results:
    """The results of `BatchRecognizeResponse`, for the only file, as the operation that is done has it.

    Raises:
        JobError: what the operation, or the file in it, failed with; 17566 where it cannot be read.
    """
    if "error" in operation:
        raise status_error(_members(operation["error"]))
    files = _members(_members(operation.get("response")).get("results"))
    if len(files) != 1:
        raise unreadable(PROVIDER, f"results of {len(files)} files, not of one")
    file = _members(next(iter(files.values())))
    if "error" in file:
        raise status_error(_members(file["error"]))
    inline = _members(file.get("inlineResult", {}))
    transcript = inline.get("transcript", file.get("transcript", {}))  # there before it was in inlineResult
    return _read(cloud_speech.BatchRecognizeResults, transcript)


def segments(
    results: Results, *, channels: Sequence[int], start: float, duration: float, language: str | None
) -> Iterator[Segment]:
    """What was heard in a stretch of a recording that begins at `start` and has `duration` seconds.

    `channels` are those that were sent, in their order. `language` is that which was asked for, an ISO 639-1 code.

    Raises:
        JobError: 17566, a result is of a channel that was not sent: whose words they are, nobody knows.
    """
    reached = dict.fromkeys(channels, 0.0)
    for result in results:
        channel = _channel(result.channel_tag, channels)
        end = _seconds(result.result_end_offset, duration)
        if not result.alternatives:
            continue
        heard = result.alternatives[0]
        code = _code(result.language_code) or language or _UNKNOWN
        words = _timed(heard, reached[channel], duration)
        timed = bool(words)
        if not words:  # such as of a model that gives no times
            begin = reached[channel]
            end = end if end > begin else duration
            words = [(text, begin, end, heard.confidence) for text in heard.transcript.split()]
        if words:
            told = tuple(
                Word(text, round(start + begin, 3), round(start + until, 3), _probability(confidence))
                for text, begin, until, confidence in words
            )
            last = max(word.end for word in told)
            yield Segment(channel, told[0].start, last, told, code, words_timed=timed)
            end = max(end, last - start)
        reached[channel] = max(reached[channel], end)


def _timed(
    heard: cloud_speech.SpeechRecognitionAlternative, reached: float, duration: float
) -> list[tuple[str, float, float, float]]:
    """Text, begin, end and confidence of the words, where they have times; by time.

    A time that lacks is nought, which JSON leaves out, or that of the word before.
    """
    if not any("end_offset" in word for word in heard.words):
        return []
    # The text has the punctuation, where words do not.
    texts = heard.transcript.split()
    if len(texts) != len(heard.words):
        texts = [word.word for word in heard.words]
    found, before = [], reached
    for text, word in zip(texts, heard.words, strict=True):
        begin = _seconds(word.start_offset, duration) if "start_offset" in word else before
        end = max(begin, _seconds(word.end_offset, duration) if "end_offset" in word else begin)
        if plain := " ".join(text.split()):
            found.append((plain, begin, end, word.confidence or heard.confidence))
        before = end
    return sorted(found, key=lambda word: (word[1], word[2]))


def _channel(tag: int, channels: Sequence[int]) -> int:
    """The channel for `channel_tag`, which counts from 1; of one channel it may say nothing."""
    if len(channels) == 1 and tag in {0, 1}:
        return channels[0]
    if not 1 <= tag <= len(channels):
        raise unreadable(PROVIDER, f"words on channel {tag} of {len(channels)}")
    return channels[tag - 1]


def _seconds(offset: timedelta | None, duration: float) -> float:
    return 0.0 if offset is None else min(max(0.0, offset.total_seconds()), duration)


def _probability(confidence: float) -> float:
    """0 to 1; 0 is also what Google says where it says none. What is no number is none."""
    return round(min(max(confidence, 0.0), 1.0), 4) if confidence == confidence else 0.0  # noqa: PLR0124  NaN


def _code(language: str) -> str:
    code = language_code(language) or ""
    return _CODES.get(code, code)


def _members(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise unreadable(PROVIDER, "a member is no object")
    return found


def _read(kind: Any, body: Any) -> Results:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    if payload.lstrip()[:1] != b"{":  # which would pass for one that is empty
        raise unreadable(PROVIDER, "it is no object")
    try:
        return list(kind.from_json(payload, ignore_unknown_fields=True).results)
    except Exception as error:  # of protobuf's own and others
        raise unreadable(PROVIDER, f"not of the shape of {kind.__name__}") from error
