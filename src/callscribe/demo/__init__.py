"""The bundled call: two synthesised voices on a channel each, about a minute, and what is said in it.

`scripts/make_demo_call.py` makes both files.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["RECORDING", "SCRIPT", "DemoCall", "DemoParty", "DemoTurn", "call", "client", "media", "server"]
"""What the rest of the program may use of it: the call, and modules."""

RECORDING = Path(__file__).parent / "call.wav"
"""16-bit PCM, 8 kHz, dual-channel: channel 1 the customer, channel 2 the agent."""

SCRIPT = RECORDING.with_suffix(".json")
"""What is said in it, and when."""


@dataclass(frozen=True, slots=True)
class DemoParty:
    """Who speaks on a channel. `audio_channel_index` counts from 1, as on the wire."""

    audio_channel_index: int
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class DemoTurn:
    """What one party says in one go; times in seconds from the start of the recording."""

    audio_channel_index: int
    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class DemoCall:
    """The bundled call as it was composed: the reference for what recognition finds in it."""

    duration: float
    language: str
    participants: tuple[DemoParty, ...]
    turns: tuple[DemoTurn, ...]


@cache
def call() -> DemoCall:
    """Read what is said in the bundled call; turns are in the order of their starts."""
    document = json.loads(SCRIPT.read_text(encoding="utf-8"))
    return DemoCall(
        duration=document["durationSeconds"],
        language=document["language"],
        participants=tuple(
            DemoParty(each["audioChannelIndex"], each["type"], each["name"]) for each in document["participants"]
        ),
        turns=tuple(
            DemoTurn(each["audioChannelIndex"], each["startTimeSeconds"], each["endTimeSeconds"], each["text"])
            for each in document["turns"]
        ),
    )
