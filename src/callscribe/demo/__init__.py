"""The bundled call: two synthesised voices on a channel each, about a minute, and what is said in it.

`scripts/make_demo_call.py` makes both files.
"""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["RECORDING", "SCRIPT", "DemoCall", "DemoParty", "DemoTurn", "call", "client", "media", "server"]
"""What the rest of the program may use of it: the call, and modules."""

RECORDING = Path(__file__).parent / "call.wav"
"""16-bit PCM, 8 kHz, dual-channel: channel 1 the customer, channel 2 the agent."""

SCRIPT = RECORDING.with_suffix(".json")
"""What is said in it, and when."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class DemoParty(_Part):
    """Who speaks on a channel. `audio_channel_index` counts from 1, as on the wire."""

    audio_channel_index: int
    type: str
    name: str


class DemoTurn(_Part):
    """What one party says in one go; times in seconds from the start of the recording."""

    audio_channel_index: int
    start: float = Field(alias="startTimeSeconds")
    end: float = Field(alias="endTimeSeconds")
    text: str


class DemoCall(_Part):
    """The bundled call as it was composed: the reference for what recognition finds in it."""

    duration: float = Field(alias="durationSeconds")
    language: str
    participants: tuple[DemoParty, ...]
    turns: tuple[DemoTurn, ...]


@cache
def call() -> DemoCall:
    """Read what is said in the bundled call; turns are in the order of their starts."""
    return DemoCall.model_validate_json(SCRIPT.read_bytes())
