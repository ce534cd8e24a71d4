"""What is asked for: whether secrets are taken out, which, what stands in their place, what becomes of the audio."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from callscribe.redaction.entities import ALL, Entity


class Policy(StrEnum):
    """What is kept of a call, as Amazon Connect and Amazon Transcribe name it."""

    NONE = "none"
    """All of it, as it was said."""

    REDACTED = "redacted"
    """What was said less the secrets; the original is erased with the end of the job."""

    REDACTED_AND_ORIGINAL = "redacted_and_original"
    """The same, and the original beside it, sealed, for those who may read originals."""


class Mask(StrEnum):
    """What stands in a text in the place of a secret."""

    ENTITY_TYPE = "entity_type"
    """What it was: `[CARD_NUMBER]`."""

    PII = "pii"
    """That it was one: `[PII]`."""

    def label(self, entity: Entity) -> str:
        """In brackets, as it stands in the text."""
        return f"[{entity}]" if self is Mask.ENTITY_TYPE else "[PII]"


class Muting(StrEnum):
    """What is heard in the place of a secret."""

    NONE = "none"
    """The secret: audio is left as it is."""

    SILENCE = "silence"
    TONE = "tone"


@dataclass(frozen=True, slots=True)
class Redaction:
    """What a configuration asks for, where it asks for any: `policy` is not none."""

    policy: Policy
    entities: frozenset[Entity] = ALL
    mask: Mask = Mask.ENTITY_TYPE
    audio: Muting = Muting.SILENCE

    @property
    def keeps_original(self) -> bool:
        """Whether the original is kept, sealed."""
        return self.policy is Policy.REDACTED_AND_ORIGINAL

    @property
    def mutes(self) -> bool:
        """Whether the audio is changed."""
        return self.audio is not Muting.NONE

    @classmethod
    def of(cls, policy: str, entities: Sequence[str] | None, mask: str | None, audio: str | None) -> "Redaction | None":
        """From words that were checked; None where nothing is asked for. What is left out is the default.

        A word that this version does not know is one of a later version's: then everything goes.
        """
        if policy == Policy.NONE:
            return None
        known = {each.value for each in Entity}
        named = None if entities is None or not known.issuperset(entities) else frozenset(map(Entity, entities))
        return cls(
            Policy.REDACTED_AND_ORIGINAL if policy == Policy.REDACTED_AND_ORIGINAL else Policy.REDACTED,
            ALL if named is None else named,
            Mask.PII if mask == Mask.PII else Mask.ENTITY_TYPE,
            next((each for each in Muting if each == audio), Muting.SILENCE),
        )
