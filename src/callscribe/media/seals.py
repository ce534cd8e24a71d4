"""With which keys blobs are sealed and opened."""

from dataclasses import dataclass
from typing import Protocol

from callscribe.errors import KeyUnknown
from callscribe.sealing import Keyring, Keys


class Seals(Protocol):
    """Knows the keys of blobs by the blobs' own keys, such as `AC…/voice_transcription_…/media`."""

    def to_seal(self, blob: str) -> Keys | None:
        """What a new blob is sealed with; None is not at all."""
        ...

    def to_open(self, blob: str) -> Keys:
        """What a sealed blob may have been sealed with.

        Raises:
            KeyUnknown: nothing is known of that.
        """
        ...


@dataclass(frozen=True, slots=True)
class OneKey:
    """Seals with one key, and opens with what others have besides."""

    key: bytes
    others: Seals | None = None

    def to_seal(self, _blob: str) -> Keys:
        """That key."""
        return self.key

    def to_open(self, blob: str) -> Keys:
        """That key, and the others'."""
        if self.others is None:
            return self.key
        try:
            others = self.others.to_open(blob)
        except KeyUnknown:
            return self.key
        return Keyring(self.key, *(others.keys if isinstance(others, Keyring) else (others,)))
