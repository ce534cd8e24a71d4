"""Makes one channel of a call leak into the other, as telephones, lines and rooms do."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Leak:
    """A way from one channel into the other.

    `loss` in dB counts from the source's level on its own channel, `delay` in seconds, `noise` in dB of full scale.
    """

    name: str
    loss: float
    delay: float
    kind: str = "wire"
    distorted: bool = False
    noise: float | None = None


LEAKS = (
    Leak("telephone on loudspeaker", 12, 0.10, "loudspeaker", distorted=True, noise=-65),
    Leak("room with an echo", 20, 0.20, "room", noise=-65),
    Leak("mobile network, late", 30, 0.25, "loudspeaker", noise=-75),
    Leak("analogue line", 25, 0.03, "line"),
    Leak("wires side by side", 35, 0.0),
)


def level(samples: Audio, heard: Audio | None = None) -> float:
    """Level of `samples` in dB of full scale (RMS) while `heard` (themselves, if not given) are loud."""
    whole = len(samples) // 512 * 512
    power = np.mean(np.square(samples[:whole].reshape(-1, 512)), axis=1)
    reference = power if heard is None else np.mean(np.square(heard[:whole].reshape(-1, 512)), axis=1)
    return float(10 * np.log10(np.mean(power[reference > np.percentile(reference, 99) / 10**2.5]) + 1e-12))


def leaked(samples: Audio, source: int, leak: Leak | None) -> Audio:
    """The call, `(2, n)`, with its channel `source` leaking into the other, as G.711 would record it."""
    result = samples.copy()
    if leak is not None:
        random = np.random.default_rng(7)
        voice = samples[source]
        if leak.distorted:
            limit = np.float32(3 * np.sqrt(np.mean(np.square(voice))))
            voice = np.tanh(voice / limit) * limit
        echo = _filtered(voice, _response(leak.kind, random))
        echo *= np.float32(10 ** ((level(voice) - leak.loss - level(echo, voice)) / 20))
        delay = round(leak.delay * SAMPLE_RATE)
        result[1 - source, delay:] += echo[: len(echo) - delay]
        if leak.noise is not None:
            noise = random.normal(0, 10 ** (leak.noise / 20), len(echo))
            result[1 - source] += noise.astype(np.float32)
    return companded(result)


def companded(samples: Audio) -> Audio:
    """Through the µ-law of G.711 and back, in 8 bits."""
    compressed = np.sign(samples) * np.log1p(255 * np.abs(np.clip(samples, -1, 1))) / np.log(256)
    steps = np.round((compressed + 1) * 127.5) / 127.5 - 1
    return (np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255).astype(np.float32)


def _response(kind: str, random: np.random.Generator) -> Audio:
    """An impulse response."""
    if kind == "wire":
        return np.ones(1, np.float32)
    if kind == "line":  # the higher the louder, as capacitance lets it through
        return np.array([1, -0.9], np.float32)
    time = np.arange(-200, 201) / SAMPLE_RATE
    band = (6000 * np.sinc(6000 * time) - 1000 * np.sinc(1000 * time)) / SAMPLE_RATE * np.hanning(401)
    if kind == "loudspeaker":  # 500 to 3000 Hz
        return band.astype(np.float32)
    # A room that rings for a quarter of a second (60 dB down), three decibels louder than what comes directly.
    ringing = random.normal(size=SAMPLE_RATE // 4) * np.exp(-np.arange(SAMPLE_RATE // 4) * 6.9 * 4 / SAMPLE_RATE)
    ringing[0] = 12
    return _filtered(np.pad(ringing, (0, len(band))).astype(np.float32), band.astype(np.float32))


def _filtered(samples: Audio, response: Audio) -> Audio:
    size = 1 << (len(samples) + len(response)).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)
