"""The kinds of models that the runtime has, and which of the catalogue's is of which."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """How a model is computed, and what it tells."""

    MOONSHINE = "moonshine"
    """Text of a stretch of speech, and no times."""

    TRANSDUCER = "transducer"
    """Tokens with times, of several stretches at once; says by itself which of its languages is spoken."""

    CANARY = "canary"
    """Text of a stretch of speech in the language that it is told, and no times."""

    STREAMING = "streaming"
    """Tokens with times, in the language that it is told; made to hear while somebody speaks."""


KINDS: Final = MappingProxyType(
    {
        "moonshine-base": Kind.MOONSHINE,
        "parakeet-tdt-0.6b-v3": Kind.TRANSDUCER,
        "canary-180m-flash": Kind.CANARY,
        "nemotron-3.5-asr": Kind.STREAMING,
    }
)
"""By the model's name, which is that of its folder."""
