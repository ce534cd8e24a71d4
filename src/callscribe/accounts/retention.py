"""How long things are kept: by a configuration, before that of the account, before the server's setting.

Each of these layers names days for some kinds: `mediaDays`, `transcriptDays`, `callbackDays`, `jobDays`, and for an
account or the server also `recordingDays` and `conversationDays`. What no layer names is kept until somebody deletes
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from callscribe.settings import Settings

FOREVER: Final = "forever"
"""Said of a kind that a layer behind would have erased."""

MOST_DAYS: Final = 36_500.0

Days = float | Literal["forever"]
Layer = Mapping[str, Days | None]
"""Days by kind, as they stand on the wire; None is as if it were not there."""

OF_JOBS: Final = ("media", "transcript", "callback")
"""What a job can outlive."""

KINDS: Final = (*OF_JOBS, "job", "recording", "conversation")


def check(layer: Layer) -> None:
    """See that a job does not go before what it shows.

    Raises:
        ValueError: with what is wrong, in words.
    """
    job = layer.get("jobDays")
    if job is None or job == FOREVER:
        return
    for kind in OF_JOBS:
        days = layer.get(f"{kind}Days")
        if days is not None and (days == FOREVER or days > job):
            raise ValueError(f"jobDays is less than {kind}Days, and with the job goes all that is of it")


def of_settings(settings: "Settings") -> Layer:
    """The server's own layer."""
    return {f"{kind}Days": getattr(settings, f"retention_{kind}_days") for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Retention:
    """Days from the end of a job, or from the last that happened to a recording or a conversation; None is for ever."""

    media: float | None = None
    transcript: float | None = None
    callback: float | None = None
    job: float | None = None
    recording: float | None = None
    conversation: float | None = None

    @classmethod
    def of(cls, *layers: Layer | None) -> "Retention":
        """What holds, where the first layers come before the others.

        Where a layer keeps a transcript, say, for longer than another keeps the job, the job stays with it.
        """
        found = {kind: _first(f"{kind}Days", layers) for kind in KINDS}
        job = found["job"]
        for kind in OF_JOBS:
            days = found[kind]
            if job is not None and job != FOREVER and days is not None:
                job = FOREVER if days == FOREVER else max(job, days)
        found["job"] = job
        return cls(**{kind: None if days is None or days == FOREVER else float(days) for kind, days in found.items()})


def _first(name: str, layers: tuple[Layer | None, ...]) -> Days | None:
    return next((layer[name] for layer in layers if layer and layer.get(name) is not None), None)
