"""Where somebody speaks in a recording, looked for once however often its job begins anew while the server is out."""

import threading
from collections import OrderedDict
from typing import Final, TypeAlias

from callscribe.cancellation import Cancellation
from callscribe.speech.activity import ChannelActivity
from callscribe.speech.interface import Recording
from callscribe.speech.segmentation import segment

_MOST: Final = 64
"""Recordings that are remembered. One of eight hours takes a megabyte or two."""

_File: TypeAlias = tuple[str, int, int, int]


class FoundSpeech:
    """Remembers the latest recordings. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[_File, tuple[ChannelActivity, ...]] = OrderedDict()

    def of(self, recording: Recording, cancelled: Cancellation) -> list[ChannelActivity]:
        """The speech of the channels that are to be recognised.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: the recording cannot be decoded.
        """
        status = recording.path.stat()
        file = (str(recording.path), status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            found = self._found.pop(file, None)
        if found is None:
            found = segment(recording.audio.windows(recording.path, cancelled=cancelled)).channels
        with self._lock:
            self._found[file] = found
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        return [each for each in found if each.channel in recording.channels]
