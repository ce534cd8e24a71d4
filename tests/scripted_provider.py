"""A provider of the tests under Deepgram's name, which does what a script says; as a program, `callscribe` with it."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from callscribe.cancellation import Cancellation
from callscribe.cli import main
from callscribe.errors import Code, JobError, ProviderKeyRefused, ProviderUnavailable
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.interface import (
    ModelDescription,
    RecognitionOptions,
    Recording,
    Segment,
    SentRequests,
    Word,
)

SERVED_BY = ServedBy("deepgram", "nova-3")

SCRIPT = "SCRIPTED_PROVIDER"
"""Names the file with a line for each request: what comes of it. Behind the last line all are answered."""


class ScriptedProvider:
    """Says on each channel which request it was. What it was asked is in the file `requests` beside the script."""

    takes: ClassVar[Literal["recordings"]] = "recordings"
    answered_at: float | None = None

    @property
    def pid(self) -> int | None:
        return None

    def transcribe(
        self,
        recording: Recording,
        *,
        model: str,  # noqa: ARG002
        options: RecognitionOptions,  # noqa: ARG002
        cancelled: Cancellation,
        requests: SentRequests,
    ) -> Iterator[Segment]:
        cancelled.raise_if_cancelled()
        answer = requests.answer(0)
        if answer is None:
            answer = self._ask(recording, requests)
        for channel in recording.channels:
            text = json.loads(answer)
            yield Segment(channel, 1.0, 2.0, (Word("Request", 1.0, 1.5, 0.9), Word(text, 1.5, 2.0, 0.9)), "en")

    def _ask(self, recording: Recording, requests: SentRequests) -> bytes:
        script = Path(os.environ[SCRIPT])
        log = script.with_name("requests")
        if handle := requests.handle(0):
            number = int(handle)
        else:
            requests.sending(0, recording.duration * len(recording.channels))
            number = len(log.read_text().splitlines()) if log.exists() else 0
            with log.open("a") as file:
                file.write(f"{number}\n")
            lines = script.read_text().splitlines()
            self._play(lines[number] if number < len(lines) else "", number, requests)
        answer = json.dumps(f"{number}.").encode()
        requests.answered(0, answer)
        return answer

    def _play(self, line: str, number: int, requests: SentRequests) -> None:
        what, _, rest = line.partition(" ")
        if what in {"busy", "key", "refused"}:
            requests.refused(0)
        if what == "busy":
            raise ProviderUnavailable("deepgram is busy", float(rest or 0))
        if what == "reset":
            raise ProviderUnavailable("the connection was reset")
        if what == "key":
            raise ProviderKeyRefused("deepgram does not take the key")
        if what == "refused":
            raise JobError(Code.PROVIDER_REFUSED, f"deepgram says: {rest}")
        if what == "handle":
            requests.accepted(0, str(number))
        if what in {"die", "handle"}:
            os.kill(os.getpid(), signal.SIGKILL)

    def withdraw(self, handle: str) -> None:
        pass

    def close(self) -> None:
        pass


class ScriptedDeclaration(EngineDeclaration):
    name = SERVED_BY.engine
    runs = "provider"

    def models(self, settings: Settings) -> Sequence[ModelDescription]:  # noqa: ARG002
        return [ModelDescription(SERVED_BY.model, frozenset({"en-US"}))]

    def make(self, settings: Settings) -> ScriptedProvider:  # noqa: ARG002
        return ScriptedProvider()


if __name__ == "__main__":
    registry.register(ScriptedDeclaration())
    main()
