"""What was muted is heard again: a secret that is understood still is muted further, and on the other channel, too."""

from pathlib import Path

import numpy as np
import pytest

from callscribe.cancellation import Cancellation
from callscribe.jobs.hearing_again import MARGIN, Listening, muted, stretches_of, widened
from callscribe.media.decoding import Decoder
from callscribe.media.muting import Muted, muted_flac
from callscribe.redaction.masking import Spot
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions
from callscribe.transcripts.models import Transcript

CARD = Path(__file__).parents[2] / "data" / "speech" / "card.flac"
NUMBER = ("4", "5", "3", "9", "1", "4", "8", "8", "0", "3", "4", "3", "6", "4", "6", "7")
SAID = (6.38, 11.95)
"""When the number is said, on channel 0."""


def listening(engine: WhisperEngine, path: Path, wanted: Cancellation) -> Listening:
    nothing = Transcript(24.86, "en-US", (), channels=2)
    options = RecognitionOptions(language="en-US")
    return Listening(Decoder(), path, engine, "tiny.en", options, nothing, {0: 1.0, 1: 1.0}, wanted)


def spot(start: float, end: float) -> Spot:
    return Spot(0, 0, start, end, SAID, NUMBER)


def test_right_times_stay_as_they_are(warm_engine: WhisperEngine, wanted: Cancellation) -> None:
    stretches = stretches_of([spot(*SAID)], lambda channel: (channel,))
    found = widened(listening(warm_engine, CARD, wanted), stretches, others=True, tone=False)
    assert muted(found) == [Muted(0, SAID[0] - MARGIN, SAID[1] + MARGIN)]


@pytest.mark.long
@pytest.mark.parametrize("tone", [False, True])
def test_wrong_times_are_put_right(warm_engine: WhisperEngine, wanted: Cancellation, tone: bool) -> None:  # noqa: FBT001
    stretches = stretches_of([spot(7.8, 10.0)], lambda channel: (channel,))
    found = widened(listening(warm_engine, CARD, wanted), stretches, others=False, tone=tone)
    (stretch,) = muted(found)
    assert stretch.start <= SAID[0]
    assert stretch.end >= SAID[1] - 0.2


@pytest.mark.long
def test_secret_is_muted_where_the_other_hears_it(
    tmp_path: Path, warm_engine: WhisperEngine, wanted: Cancellation
) -> None:
    windows = list(Decoder().windows(CARD))
    audio = np.concatenate([each.samples for each in windows], axis=1)
    audio[1] += audio[0] * 0.3  # as far as a telephone's microphone hears its own loudspeaker
    data = np.rint(np.clip(audio, -1, 1) * 32767).astype("<i2").T.tobytes()
    leaking = muted_flac([data], channels=2, rate=16_000, seconds=audio.shape[1] / 16_000, stretches=[], tone=False)
    (tmp_path / "leaking.flac").write_bytes(b"".join(leaking))
    stretches = stretches_of([spot(*SAID)], lambda channel: (channel,))
    heard = listening(warm_engine, tmp_path / "leaking.flac", wanted)
    found = muted(widened(heard, stretches, others=True, tone=False))
    assert [each.channel for each in found] == [0, 1]
    assert all(each.start <= SAID[0] and each.end >= SAID[1] - 0.2 for each in found)
