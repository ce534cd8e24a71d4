"""The engine: what is said in a recording, asked of a server piece by piece."""

import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import ClassVar, Final, Literal

from callscribe.cancellation import Cancellation
from callscribe.settings import Settings
from callscribe.speech.activity import ChannelActivity
from callscribe.speech.engines.openai.asking import Form, form_of, parameters
from callscribe.speech.engines.openai.found_speech import FoundSpeech
from callscribe.speech.engines.openai.kept import packed, unpacked
from callscribe.speech.engines.openai.pieces import LONGEST, Piece, plan_pieces, sound_of, window_plans
from callscribe.speech.engines.openai.responses import holds_times, segments_of
from callscribe.speech.engines.openai.server import Server
from callscribe.speech.interface import RecognitionOptions, Recording, Segment, SentRequests
from callscribe.speech.languages import language_code
from callscribe.speech.windows import speech_windows

_WITHOUT_TIMES: Final = 0.0
"""Seconds of a piece whose words have no good times, as far as is known: one window of speech. Its time is all there
is, or those of segments, which are not to be believed across silence."""


class OpenAIEngine:
    """Sends speech to a server with `/v1/audio/transcriptions`."""

    takes: ClassVar[Literal["recordings"]] = "recordings"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._speech = FoundSpeech()
        self._forms: dict[str, Form] = {}
        """What to ask of a model, where it is less than its name says."""
        self._timing: set[str] = set()
        """The models whose words have come with good times."""
        self.answered_at: float | None = None

    @property
    def pid(self) -> int | None:
        """None: it computes elsewhere."""
        return None

    def withdraw(self, handle: str) -> None:
        """There are no handles: it answers at once."""

    def close(self) -> None:
        """Nothing is held."""

    def transcribe(
        self,
        recording: Recording,
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        requests: SentRequests,
    ) -> Iterator[Segment]:
        """Yield the segments of one piece after another, those first that have an answer already."""
        language = language_code(options.language)
        answered: dict[int, float] = {}
        part = 0
        for part in count():
            kept = requests.answer(part)
            if kept is None:
                break
            piece, answer = unpacked(kept)
            answered[piece.channel] = piece.end
            heard = list(segments_of(answer, piece, language))
            yield from heard
            if any(each.words_timed for each in heard) and holds_times(answer):
                self._timing.add(model)

        activities = self._speech.of(recording, cancelled)
        with Server(self._settings, cancelled) as server:
            while pieces := plan_pieces(activities, longest=self._longest(model), answered=answered):
                form = self._forms.get(model, form_of(model))
                asked = parameters(model, form, options)
                for piece, sound in _sounds(recording, activities, pieces, cancelled):
                    given = self._ask(server, part, piece, sound, asked, requests)
                    if given is None:
                        self._forms[model] = form.less
                        break
                    answered[piece.channel] = piece.end
                    part += 1
                    heard = list(segments_of(given, piece, language))
                    yield from heard
                    if form is Form.WORDS and self._learn(model, given, heard):
                        break
                else:
                    return

    def _longest(self, model: str) -> float:
        """Seconds of a piece for a model, by what is known of it."""
        return LONGEST if model in self._timing else _WITHOUT_TIMES

    def _learn(self, model: str, answer: bytes, heard: Sequence[Segment]) -> bool:
        """Whether it is seen only now that a model has good times of words, or that it has none."""
        if not heard or model in self._timing:
            return False
        if not heard[0].words_timed:
            self._forms[model] = Form.SEGMENTS
        elif holds_times(answer):
            self._timing.add(model)
        else:
            return False
        return True

    def _ask(
        self,
        server: Server,
        part: int,
        piece: Piece,
        sound: bytes,
        asked: dict[str, object],
        requests: SentRequests,
    ) -> bytes | None:
        requests.sending(part, piece.seconds)
        answer = server.ask(sound, asked, refused=lambda: requests.refused(part))
        self.answered_at = time.monotonic()
        if answer is not None:
            requests.answered(part, packed(piece, answer))
        return answer


def _sounds(
    recording: Recording, activities: list[ChannelActivity], pieces: list[Piece], cancelled: Cancellation
) -> Iterator[tuple[Piece, bytes]]:
    """The pieces as they are decoded, in one go through the recording."""
    plans = window_plans(pieces)
    start, end = min(plan.span.start for plan in plans), plans[-1].span.end
    audio = recording.audio.windows(recording.path, start=start, end=end, cancelled=cancelled)
    yield from sound_of(speech_windows(audio, plans, activities), pieces)
