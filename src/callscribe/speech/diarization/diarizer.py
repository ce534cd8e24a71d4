"""The way in: hears the voices of a stretch, and tells the speakers of a recording apart."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callscribe.cancellation import Cancellation
from callscribe.errors import Code, JobError
from callscribe.settings import Settings
from callscribe.speech.audio import AudioSource
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.diarization.turns import SpeakerRange, SpeakerTurn
from callscribe.speech.interface import Span
from callscribe.speech.segmentation import Segmentation

if TYPE_CHECKING:
    from callscribe.speech.diarization.process import SpeakerProcess

MODEL: Final = "speakers"
"""The name of the two networks in the catalogue."""

Pieces = list[dict[str, Any]]
"""What was heard of voices, as plain values that JSON can hold."""


def applies(segmentation: Segmentation) -> bool:
    """Whether speakers are to be looked for: not where each channel has a party of its own, who is known by it."""
    return len(segmentation.channels) == 1


class Diarizer:
    """Safe to use from several threads. The networks are loaded at the first use, in a process of their own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._models: SpeakerProcess | None = None

    def check(self) -> None:
        """Raise what keeps speakers from being told apart on this machine.

        Raises:
            JobError: 17566, the networks are not here.
        """
        if not Catalogue(self._settings.models).has(MODEL):
            raise JobError(
                Code.PROVIDER_REFUSED,
                f"Speakers cannot be told apart on this machine: the model {MODEL!r} is not here. "
                f"`callscribe models pull {MODEL}` says how to get it.",
            )

    def listen(
        self, source: AudioSource, path: Path, segmentation: Segmentation, span: Span, cancelled: Cancellation
    ) -> Pieces:
        """The voices within `span`, piece by piece. Memory does not grow with the recording.

        Raises:
            Cancelled: `cancelled` says so.
            JobError: the recording cannot be decoded.
            SetupError: the networks are not on this machine, and cannot be got.
        """
        from callscribe.speech.diarization.voices import pieces  # noqa: PLC0415  see the class

        channel = segmentation.channels[0]
        audio = source.windows(path, start=span.start, end=span.end, cancelled=cancelled)
        heard = pieces(audio, channel, span, self.load(), cancelled)
        return [piece.to_json() for piece in heard]

    def turns(self, heard: Iterable[dict[str, Any]], speakers: SpeakerRange) -> list[SpeakerTurn]:
        """Who speaks when, from the pieces of all stretches of a recording, in the order of their times."""
        from callscribe.speech.diarization.clustering import assign_speakers  # noqa: PLC0415
        from callscribe.speech.diarization.merging import merge_turns  # noqa: PLC0415
        from callscribe.speech.diarization.voices import Piece  # noqa: PLC0415

        found = [Piece.from_json(each) for each in heard]
        return merge_turns(found, assign_speakers(found, speakers))

    def load(self) -> "SpeakerProcess":
        """The networks, got now where they are not loaded yet.

        Raises:
            SetupError: they are not on this machine, and cannot be got; the message says what to do.
        """
        from callscribe.speech.diarization.process import SpeakerProcess  # noqa: PLC0415

        with self._lock:
            if self._models is None:
                folder = Catalogue(self._settings.models).path(MODEL)
                self._models = SpeakerProcess(folder, self._settings.threads)
            return self._models
