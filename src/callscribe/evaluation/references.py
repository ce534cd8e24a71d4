"""What was said in recordings, from the files beside them: `call.wav` and `call.json`, `call.vtt` or `call.txt`."""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from callscribe.errors import CallscribeError
from callscribe.redaction.entities import LABEL
from callscribe.transcripts.models import Transcript

SUFFIXES: Final = (".json", ".vtt", ".txt")
"""Of files that say what was said. Where there are several beside a recording, the first of these, which knows most."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of such a file; eight hours of speech are less than a tenth of it."""

_CHANNEL: Final = re.compile(r"Channel ([12])", re.IGNORECASE)
_SPOKEN_BY: Final = re.compile(r"((?:Channel|Speaker) \d+): (.*)", re.DOTALL)
"""Who speaks, as `callscribe transcribe` writes it in front of a line."""
_TIMING: Final = re.compile(r"(?:(\d+):)?(\d\d):(\d\d\.\d{3})\s+-->\s")
_VOICE: Final = re.compile(r"<v(?:\.[^ >]*)?[ \t]+([^>]*)>")
_TAG: Final = re.compile(r"<[^>]*>")
_BLOCK: Final = re.compile(r"\n(?:[ \t]*\n)+")


class NoReference(CallscribeError):  # noqa: N818  says what is the case
    """A file of which nobody can tell what was said; the message says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, or as much as was written in one go: its channel (from 0) and beginning (seconds), if known."""

    text: str
    channel: int | None = None
    start: float | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What was said in a recording; in which language, a locale or ISO 639-1 code, where it says so."""

    said: tuple[Said, ...]
    language: str | None = None

    @property
    def channels(self) -> frozenset[int]:
        """The channels that it tells apart, from 0; none where not all of it says who said it."""
        found = {each.channel for each in self.said}
        return frozenset() if None in found else frozenset(each for each in found if each is not None)

    def text(self, channel: int | None = None) -> str:
        """All of it by time, as far as there are times; or what was said on one channel."""
        said = [each for each in self.said if channel is None or each.channel == channel]
        if all(each.start is not None for each in said):
            said.sort(key=lambda each: each.start or 0.0)
        # Where something was redacted there is nothing to be heard.
        return LABEL.sub(" ", " ".join(each.text for each in said))

    @classmethod
    def of(cls, transcript: Transcript) -> "Reference":
        """What somebody has read and corrected."""
        said = tuple(Said(each.text, each.channel, each.start) for each in transcript.sentences)
        return cls(said, transcript.language)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of which is known what was said. `opened` gives a file with it, for as long as it is used."""

    name: str
    reference: Reference
    opened: Callable[[], AbstractContextManager[Path]]


@dataclass(frozen=True, slots=True)
class Unusable:
    """What was found and cannot be used, and why."""

    name: str
    reason: str


def pairs(folder: Path, recordings: Sequence[Path], rejected: Iterable[Unusable]) -> Iterator[Recording | Unusable]:
    """The recordings of a folder with what was said in them, and all that has only one of the two.

    `recordings` are those that are some by their content, and `rejected` what was found to be none, by paths below
    the folder. Of these only what has a reference beside it is told: the rest is somebody's notes.
    """
    references = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    written = {path: path.relative_to(folder) for path in references}
    used: set[Path] = set()
    for path in recordings:
        name = str(path.relative_to(folder))
        beside = _beside(path, written)
        if beside is None:
            yield Unusable(name, "there is no .json, .vtt or .txt with what was said beside it")
            continue
        used |= {each for each in written if _is_beside(each, path)}
        try:
            reference = read(beside)
        except (NoReference, OSError) as error:
            yield Unusable(name, f"{beside.name}: {error}")
            continue
        yield Recording(name, reference, lambda path=path: nullcontext(path))  # type: ignore[misc]
    for each in rejected:
        path = folder / each.name
        mine = {other for other in written if other != path and _is_beside(other, path)}
        if mine and path.suffix.lower() not in SUFFIXES:
            used |= mine
            yield each
    for path, name_of in written.items():
        if path not in used:
            yield Unusable(str(name_of), "there is no recording beside it")


def _is_beside(reference: Path, recording: Path) -> bool:
    """`x.txt`, or `x.wav.txt`, for `x.wav`."""
    return reference.parent == recording.parent and reference.stem in {recording.stem, recording.name}


def _beside(recording: Path, written: Iterable[Path]) -> Path | None:
    candidates = [each for each in written if _is_beside(each, recording)]
    # That which has all of the recording's name goes first: another one's may begin like it.
    candidates.sort(key=lambda each: (each.stem != recording.name, SUFFIXES.index(each.suffix.lower())))
    return candidates[0] if candidates else None


def read(path: Path) -> Reference:
    """What was said, from one of these files.

    Raises:
        NoReference: it cannot be read, or there is nothing in it.
        OSError: likewise.
    """
    if path.stat().st_size > MOST_BYTES:
        raise NoReference(f"it has more than {MOST_BYTES} bytes, which is no text of a call")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoReference("it is not UTF-8") from error
    reference = _READERS[path.suffix.lower()](text.replace("\r\n", "\n"))
    if not any(each.text.strip() for each in reference.said):
        raise NoReference("there is nothing in it")
    return reference


class _Part(BaseModel):
    """A sentence, with the names that our own documents have, and shorter ones."""

    text: str
    channel: Annotated[int | None, Field(ge=1, le=2, validation_alias=AliasChoices("audioChannelIndex", "channel"))] = (
        None
    )
    participant: Annotated[
        int | None, Field(ge=0, le=1, validation_alias=AliasChoices("participantIndex", "participant"))
    ] = None
    start: Annotated[float | None, Field(validation_alias=AliasChoices("startTimeSeconds", "start"))] = None


class _Document(BaseModel):
    """A transcript of ours, or something simpler: `text`, or `channels` with a text for each."""

    sentences: Annotated[list[_Part] | None, Field(validation_alias=AliasChoices("sentences", "turns", "segments"))] = (
        None
    )
    channels: Annotated[list[str] | None, Field(max_length=2)] = None
    text: str | None = None
    language: str | None = None


def _from_json(text: str) -> Reference:
    try:
        document = _Document.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise NoReference(f"{place}: {fault['msg']}" if place else str(fault["msg"])) from None
    if document.sentences is not None:
        said = [Said(each.text, _channel(each), each.start) for each in document.sentences]
    elif document.channels is not None:
        said = [Said(each, channel) for channel, each in enumerate(document.channels)]
    elif document.text is not None:
        said = [Said(document.text)]
    else:
        raise NoReference('it has none of "sentences", "channels" and "text"')
    return Reference(tuple(said), document.language)


def _channel(part: _Part) -> int | None:
    """Counted from 0; where only the party is known, the channels are in the order of the parties."""
    return part.participant if part.channel is None else part.channel - 1


def _from_vtt(text: str) -> Reference:
    """WebVTT (https://www.w3.org/TR/webvtt1/): cues with their times, and voices where they name channels."""
    if not text.startswith("WEBVTT"):
        raise NoReference("it does not begin with WEBVTT")
    said: list[Said] = []
    for block in _BLOCK.split(text):
        lines = block.strip("\n").split("\n")
        place = next((place for place, line in enumerate(lines) if _TIMING.match(line.strip())), None)
        if place is None:  # the head, a note, a style
            continue
        timing = _TIMING.match(lines[place].strip())
        assert timing is not None
        start = int(timing[1] or 0) * 3600 + int(timing[2]) * 60 + float(timing[3])
        said += _voices("\n".join(lines[place + 1 :]), start)
    return Reference(tuple(said))


def _voices(cue: str, start: float) -> Iterator[Said]:
    """What each voice says in a cue."""
    parts = _VOICE.split(cue)
    voices = [None, *parts[1::2]]
    for voice, part in zip(voices, parts[::2], strict=True):
        text = html.unescape(_TAG.sub("", part)).strip()
        if text:
            yield Said(text, None if voice is None else _channel_named(html.unescape(voice)), start)


def _from_text(text: str) -> Reference:
    """Lines; where `callscribe transcribe` wrote in front of each who speaks, by that."""
    lines = [line for line in text.split("\n") if line.strip()]
    found = [_SPOKEN_BY.fullmatch(line) for line in lines]
    if not all(found):
        return Reference((Said(text),))
    return Reference(tuple(Said(each[2], _channel_named(each[1])) for each in found if each))


def _channel_named(name: str) -> int | None:
    found = _CHANNEL.fullmatch(name.strip())
    return int(found[1]) - 1 if found else None


_READERS: Final = {".json": _from_json, ".vtt": _from_vtt, ".txt": _from_text}
