"""The formats by name, in a module that loads nothing: the command line offers them as an option."""

from enum import StrEnum


class Format(StrEnum):
    """How a transcript can be had; also the suffix of its file and URL."""

    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    TXT = "txt"
