"""Sounds of a telephone line on which nobody speaks: silence, noise, tones, modems, rooms and hold music.

    python benchmarks/nonspeech.py FOLDER [--seconds 40]

All are synthesised from fixed seeds and come out as telephone audio (8 kHz, 300 to 3400 Hz, µ-law), which is what
recordings of calls are. Frequencies and cadences of the signalling tones are those of ITU-T E.180 and its supplement,
special information tones E.180, DTMF Q.23, fax tones T.30, modem signals V.21 and V.22. Music comes in styles that lead
voice activity astray: voices without words, melodies that glide and tremble, drums like consonants.

Genuine hold music is taken in addition where it is there: the pieces that Asterisk ships, from Debian's package
`asterisk-moh-opsound-wav` (Creative Commons BY-SA), in /usr/share/asterisk/moh or in the folder HOLD_MUSIC.
"""

import argparse
import os
import wave
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from callscribe.demo import RECORDING

Audio = npt.NDArray[np.float64]
Maker = Callable[[np.random.Generator, float], Audio]

RATE: Final = 16_000
LINE_RATE: Final = 8_000
HOLD_MUSIC: Final = Path(os.environ.get("HOLD_MUSIC", "/usr/share/asterisk/moh"))


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording without words: its kind (a row of the table), its name, and where it is."""

    kind: str
    name: str
    path: Path
    seconds: float


def make(folder: Path, seconds: float) -> list[Sound]:
    """Write every sound, `seconds` long each, and return them in a fixed order."""
    sounds = []
    for kind, makers in SOUNDS.items():
        for name, maker in makers.items():
            samples = on_the_line(maker(np.random.default_rng(zlib.crc32(name.encode())), seconds))
            sounds.append(_written(folder, kind, name, samples))
    return sounds


def hold_music(folder: Path, seconds: float) -> list[Sound]:
    """Excerpts of genuine hold music, `seconds` from the beginning, the middle and the end of each piece."""
    sounds = []
    for path in sorted(HOLD_MUSIC.glob("*.wav")):
        with wave.open(str(path)) as source:
            rate, frames = source.getframerate(), source.getnframes()
            length = min(frames, int(seconds * rate))
            for part, first in enumerate((0, (frames - length) // 2, frames - length)):
                source.setpos(first)
                samples = np.frombuffer(source.readframes(length), np.int16).reshape(-1, source.getnchannels())
                excerpt = signal.resample_poly(samples.mean(axis=1) / 32768, RATE, rate)
                sounds.append(_written(folder, "genuine hold music", f"{path.stem} {part + 1}", on_the_line(excerpt)))
    return sounds


def on_the_line(samples: Audio) -> npt.NDArray[np.int16]:
    """Audio at 16 kHz as a telephone brings it: band-limited, 8 kHz, through µ-law and back (ITU-T G.711)."""
    band = signal.butter(4, [300, 3400], "bandpass", fs=RATE, output="sos")
    narrow = signal.resample_poly(signal.sosfilt(band, samples), 1, 2)
    return (mu_law(narrow) * 32767).astype(np.int16)


def mu_law(samples: Audio) -> Audio:
    """What is left of samples in [-1, 1] after 8 bit µ-law."""
    clipped = np.clip(samples, -1, 1)
    code = np.round(np.sign(clipped) * np.log1p(255 * np.abs(clipped)) / np.log(256) * 127) / 127
    restored: Audio = np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
    return restored


def _written(folder: Path, kind: str, name: str, samples: npt.NDArray[np.int16]) -> Sound:
    path = folder / f"{name.replace(' ', '_').replace(',', '')}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(LINE_RATE)
        file.writeframes(samples.tobytes())
    return Sound(kind, name, path, len(samples) / LINE_RATE)


# --- building blocks ---------------------------------------------------------------------------------------------


def _time(seconds: float) -> Audio:
    return np.arange(int(seconds * RATE)) / RATE


def _silence(seconds: float) -> Audio:
    return np.zeros(int(seconds * RATE))


def _scaled(samples: Audio, decibels: float) -> Audio:
    """Samples brought to a level (RMS, dB of full scale)."""
    rms = np.sqrt(np.mean(np.square(samples))) + 1e-12
    scaled: Audio = samples / rms * 10 ** (decibels / 20)
    return scaled


def _filtered(samples: Audio, low: float, high: float, order: int = 2) -> Audio:
    filtered: Audio = signal.sosfilt(signal.butter(order, [low, high], "bandpass", fs=RATE, output="sos"), samples)
    return filtered


def _noise(rng: np.random.Generator, seconds: float, tilt: float = 0.0) -> Audio:
    """Gaussian noise whose power falls by `tilt` decibels an octave."""
    spectrum = np.fft.rfft(rng.normal(size=int(seconds * RATE)))
    frequency = np.maximum(np.fft.rfftfreq(int(seconds * RATE), 1 / RATE), 20.0)
    coloured: Audio = np.fft.irfft(spectrum * (frequency / 1000) ** (-tilt / 6.02), int(seconds * RATE))
    return coloured


def _tones(seconds: float, *frequencies: float, decibels: float = -15.0) -> Audio:
    time = _time(seconds)
    return _scaled(np.sum([np.sin(2 * np.pi * each * time) for each in frequencies], axis=0), decibels)


def _cadence(seconds: float, *steps: tuple[Audio, float]) -> Audio:
    """Sounds, each followed by its pause, again and again."""
    pieces: list[Audio] = []
    length = 0
    for sound, pause in cycle(steps):
        if length >= seconds * RATE:
            break
        pieces += [sound, _silence(pause)]
        length += len(pieces[-1]) + len(sound)
    return np.concatenate(pieces)[: int(seconds * RATE)]


def _scattered(rng: np.random.Generator, seconds: float, every: float, event: Callable[[], Audio]) -> Audio:
    """Events at random moments, on average one in `every` seconds."""
    samples = _silence(seconds)
    at = rng.exponential(every / 2)
    while at < seconds - 0.1:
        sound = event()
        first = int(at * RATE)
        sound = sound[: len(samples) - first]
        samples[first : first + len(sound)] += sound
        at += max(0.15, rng.exponential(every))
    return samples


def _decay(seconds: float, half: float) -> Audio:
    """An envelope that falls to half in `half` seconds, after 5 ms of attack."""
    time = _time(seconds)
    envelope: Audio = np.minimum(time / 0.005, 1) * 0.5 ** (time / half)
    return envelope


def _formants(source: Audio, *resonances: tuple[float, float]) -> Audio:
    """A source through resonances `(Hz, bandwidth in Hz)`, as in a vocal tract."""
    shaped = np.zeros_like(source)
    for centre, width in resonances:
        shaped += _filtered(source, centre - width / 2, centre + width / 2, 1)
    return shaped


def _gliding(frequency: Audio, harmonics: int, fall: float) -> Audio:
    """A harmonic tone along a frequency (Hz for each sample); the n-th harmonic has the amplitude n to the -fall."""
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    tone: Audio = np.sum(
        [
            np.where(number * frequency < 7500, np.sin(number * phase) / number**fall, 0)
            for number in range(1, harmonics + 1)
        ],
        axis=0,
    )
    return tone


# --- line, tones and modems --------------------------------------------------------------------------------------


def _idle(rng: np.random.Generator, seconds: float) -> Audio:
    return rng.choice([-1.0, 0.0, 1.0], int(seconds * RATE)) * 8 / 32768


def _hum(rng: np.random.Generator, seconds: float) -> Audio:
    time = _time(seconds)
    hum = np.sum([np.sin(2 * np.pi * 50 * n * time + n) / n**0.7 for n in range(1, 30)], axis=0)
    return _scaled(hum, -40) + _scaled(_noise(rng, seconds), -60)


def _crackle(rng: np.random.Generator, seconds: float) -> Audio:
    return _scaled(_noise(rng, seconds), -58) + _scattered(
        rng, seconds, 0.3, lambda: rng.uniform(0.05, 0.6) * rng.normal(size=rng.integers(8, 80))
    )


def _special_information(_: np.random.Generator, seconds: float) -> Audio:
    tones = np.concatenate([_tones(0.33, frequency) for frequency in (950, 1400, 1800)])
    return _cadence(seconds, (tones, 1.0))


def _dtmf(rng: np.random.Generator, seconds: float) -> Audio:
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)

    def key() -> Audio:
        return _tones(rng.uniform(0.07, 0.25), rng.choice(rows), rng.choice(columns), decibels=-12)

    return _scattered(rng, seconds, 0.5, key) + _scaled(_noise(rng, seconds), -60)


def _fsk(rng: np.random.Generator, seconds: float) -> Audio:
    bits = np.repeat(rng.integers(0, 2, int(seconds * 300) + 1), RATE // 300 + 1)[: int(seconds * RATE)]
    return _scaled(_gliding(np.where(bits, 1650.0, 1850.0), 1, 1), -15)


def _modem(rng: np.random.Generator, seconds: float) -> Audio:
    """Four-phase keying at 600 baud on 1200 and 2400 Hz, after an answer tone."""
    time = _time(seconds)
    sent = []
    for carrier in (1200, 2400):
        phases = np.repeat(np.cumsum(rng.integers(0, 4, int(seconds * 600) + 1)), RATE // 600 + 1)[: len(time)]
        sent.append(np.sin(2 * np.pi * carrier * time + phases * np.pi / 2))
    data = _scaled(np.sum(sent, axis=0), -15)
    answer = _tones(3.3, 2100)
    return np.concatenate([answer, data])[: len(time)]


def _fax(rng: np.random.Generator, seconds: float) -> Audio:
    calling = _cadence(12.0, (_tones(0.5, 1100), 3.0))
    return np.concatenate([calling, _tones(3.0, 2100), _fsk(rng, seconds)])[: int(seconds * RATE)]


def _beeps(rng: np.random.Generator, seconds: float) -> Audio:
    return _cadence(seconds, (_tones(0.4, 1400), 14.6)) + _scaled(_noise(rng, seconds), -55)


def _answering_machine(rng: np.random.Generator, seconds: float) -> Audio:
    return _cadence(seconds, (_tones(0.8, 1000), 9.0), (_tones(0.15, 440), 0.1)) + _scaled(_noise(rng, seconds, 3), -48)


# --- rooms -------------------------------------------------------------------------------------------------------


def _babble(rng: np.random.Generator, seconds: float) -> Audio:
    """Many voices far away, none intelligible: buzzes through formants that change like syllables."""
    return _scaled(np.sum([_murmur(rng, seconds) for _ in range(12)], axis=0), -32) + _scaled(
        _noise(rng, seconds, 6), -50
    )


def _crowd(rng: np.random.Generator, seconds: float) -> Audio:
    """A full room: the voices of the bundled call, backwards, at many pitches, over each other."""
    with wave.open(str(RECORDING)) as source:
        frames = np.frombuffer(source.readframes(source.getnframes()), np.int16).reshape(-1, source.getnchannels())
    voices = frames[::-1].T / 32768
    samples = _silence(seconds)
    for _ in range(24):
        voice = signal.resample_poly(voices[rng.integers(len(voices))], 2 * 100, int(rng.integers(85, 120)))
        samples += np.take(voice, np.arange(len(samples)) + rng.integers(len(voice)), mode="wrap")
    return _scaled(samples, -30)


def _murmur(rng: np.random.Generator, seconds: float) -> Audio:
    points = int(seconds * 4) + 2
    pitch = np.interp(
        _time(seconds),
        np.arange(points) / 4,
        rng.uniform(90, 240) * 2 ** rng.normal(0, 0.12, points).cumsum().clip(-0.4, 0.4),
    )
    source = _gliding(pitch, 24, 1.0)
    murmur = np.zeros_like(source)
    for low, high in ((300, 800), (900, 1800), (2200, 2900)):
        loudness = np.interp(_time(seconds), np.arange(points) / 4, rng.uniform(0, 1, points) ** 2)
        murmur += loudness * _filtered(source, low, high, 1) * 300 / low
    return murmur * np.repeat(rng.uniform(0, 1, points) > 0.3, RATE // 4)[: len(murmur)]


def _street(rng: np.random.Generator, seconds: float) -> Audio:
    def car() -> Audio:
        time = _time(6.0)
        return np.exp(-(((time - 3) / 1.2) ** 2)) * _scaled(_noise(rng, 6.0, 4), -24)

    def horn() -> Audio:
        return _tones(rng.uniform(0.2, 0.9), 420, 500, 840, decibels=-28)

    return _scaled(_noise(rng, seconds, 5), -42) + _scattered(rng, seconds, 5, car) + _scattered(rng, seconds, 12, horn)


def _wind(rng: np.random.Generator, seconds: float) -> Audio:
    points = int(seconds) + 2
    gusts = np.interp(_time(seconds), np.arange(points), rng.uniform(0.05, 1, points) ** 2)
    return _scaled(gusts * _filtered(_noise(rng, seconds), 200, 900), -28)


def _breathing(rng: np.random.Generator, seconds: float) -> Audio:
    def breath(centre: float, length: float) -> Audio:
        time = _time(length)
        return np.sin(np.pi * time / length) ** 2 * _filtered(rng.normal(size=len(time)), centre * 0.5, centre * 2)

    return _scaled(_cadence(seconds, (breath(1500, 1.1), 0.4), (breath(800, 1.5), 0.9)), -38)


def _handset(rng: np.random.Generator, seconds: float) -> Audio:
    def click() -> Audio:
        return rng.uniform(0.05, 0.5) * _decay(0.06, 0.004) * rng.normal(size=int(0.06 * RATE))

    def rustle() -> Audio:
        return rng.uniform(0.01, 0.1) * np.repeat(rng.exponential(1, 40), 200) * rng.normal(size=8000)

    return (
        _scattered(rng, seconds, 1.2, click) + _scattered(rng, seconds, 4, rustle) + _scaled(_noise(rng, seconds), -60)
    )


def _typing(rng: np.random.Generator, seconds: float) -> Audio:
    def key() -> Audio:
        return rng.uniform(0.03, 0.15) * _decay(0.08, 0.008) * _filtered(rng.normal(size=1280), 600, 3500)

    return _scattered(rng, seconds, 0.2, key) + _scaled(_noise(rng, seconds, 3), -58)


def _knocks(rng: np.random.Generator, seconds: float) -> Audio:
    def knocking() -> Audio:
        knock = _decay(0.2, 0.02) * (_tones(0.2, 190, 430, decibels=-10) + 0.1 * rng.normal(size=3200))
        return np.concatenate([knock] * int(rng.integers(2, 5)))

    return _scattered(rng, seconds, 3.0, knocking) + _scaled(_noise(rng, seconds), -60)


def _barks(rng: np.random.Generator, seconds: float) -> Audio:
    def bark() -> Audio:
        length = rng.uniform(0.12, 0.25)
        time = _time(length)
        pitch = rng.uniform(350, 600) * (1.3 - 0.8 * (time / length))
        voice = _gliding(pitch, 12, 0.6) + rng.normal(size=len(time))
        return 0.25 * np.sin(np.pi * time / length) ** 0.7 * _formants(voice, (700, 300), (1500, 500), (2600, 700))

    return _scattered(rng, seconds, 0.9, bark) + _scaled(_noise(rng, seconds, 3), -52)


def _coughs(rng: np.random.Generator, seconds: float) -> Audio:
    def cough() -> Audio:
        burst = _decay(0.35, 0.05) * rng.normal(size=int(0.35 * RATE))
        return np.concatenate([0.4 * _formants(burst, (600, 400), (1400, 600), (2800, 900))] * int(rng.integers(1, 4)))

    return _scattered(rng, seconds, 4.0, cough) + _scaled(_noise(rng, seconds), -55)


def _applause(rng: np.random.Generator, seconds: float) -> Audio:
    def clap() -> Audio:
        return rng.uniform(0.02, 0.1) * _decay(0.05, 0.006) * rng.normal(size=800)

    claps: Audio = np.sum([_scattered(rng, seconds, 0.4, clap) for _ in range(8)], axis=0)
    return claps


def _siren(rng: np.random.Generator, seconds: float) -> Audio:
    sweep = 900 + 450 * signal.sawtooth(2 * np.pi * 0.25 * _time(seconds), 0.5)
    return _scaled(_gliding(sweep, 6, 1.2), -25) + _scaled(_noise(rng, seconds, 4), -42)


# --- music -------------------------------------------------------------------------------------------------------

_CHORDS: Final = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
_SCALE: Final = (0, 2, 4, 5, 7, 9, 11, 12, 14, 16)


def _hertz(semitones: float, root: float) -> float:
    return float(root * 2 ** (semitones / 12))


def _added(target: Audio, at: float, sound: Audio) -> None:
    first = int(at * RATE)
    room = len(target) - first
    if room > 0:
        target[first : first + len(sound)] += sound[:room]


def _melody(rng: np.random.Generator, seconds: float, beat: float) -> Iterator[tuple[float, float, int]]:
    """Notes of a random walk over a scale: start and length in seconds, semitones above the root."""
    at, place = 0.0, 4
    while at < seconds:
        length = beat * float(rng.choice([0.5, 1, 1, 2]))
        place = int(np.clip(place + rng.choice([-2, -1, -1, 0, 1, 1, 2]), 0, len(_SCALE) - 1))
        if rng.random() > 0.12:
            yield at, length, _SCALE[place]
        at += length


def _plucked(frequency: float, length: float, half: float = 0.3) -> Audio:
    tone = _gliding(np.full(int(length * RATE), frequency), 8, 1.3)
    return tone * _decay(length, half)


def _drums(rng: np.random.Generator, seconds: float, beat: float) -> Audio:
    samples = _silence(seconds)
    for count in range(int(seconds / beat * 2)):
        at = count * beat / 2
        if count % 4 == 0:
            thump = np.sin(2 * np.pi * np.cumsum(50 + 100 * _decay(0.2, 0.02)) / RATE)
            _added(samples, at, thump * _decay(0.2, 0.05))
        if count % 4 == 2:
            _added(samples, at, 0.5 * rng.normal(size=3200) * _decay(0.2, 0.03))
        _added(samples, at, 0.2 * _filtered(rng.normal(size=800), 5000, 7900) * _decay(0.05, 0.01))
    return samples


def _piano(rng: np.random.Generator, seconds: float) -> Audio:
    samples = _silence(seconds)
    for bar in range(int(seconds / 2) + 1):
        for count, note in enumerate((*_CHORDS[bar % 4], _CHORDS[bar % 4][1])):
            _added(samples, bar * 2 + count * 0.5, 0.5 * _plucked(_hertz(note, 196.0), 2.0, 0.5))
    for at, length, note in _melody(rng, seconds, 0.5):
        _added(samples, at, _plucked(_hertz(note, 392.0), length + 0.5, 0.4))
    return _scaled(samples, -22)


def _pop(rng: np.random.Generator, seconds: float) -> Audio:
    samples = 0.8 * _drums(rng, seconds, 0.5)
    for bar in range(int(seconds / 2) + 1):
        for note in _CHORDS[bar % 4]:
            chord = _gliding(np.full(2 * RATE, _hertz(note, 220.0)), 12, 1.0)
            _added(samples, bar * 2, 0.15 * chord)
        for count in range(4):
            _added(samples, bar * 2 + count * 0.5, 0.5 * _plucked(_hertz(_CHORDS[bar % 4][0], 110.0), 0.45))
    for at, length, note in _melody(rng, seconds, 0.5):
        _added(
            samples, at, 0.4 * _gliding(np.full(int(length * RATE), _hertz(note, 440.0)), 9, 1.0) * _decay(length, 0.6)
        )
    return _scaled(samples, -20)


def _strings(rng: np.random.Generator, seconds: float) -> Audio:
    return _scaled(_sung(rng, seconds, 293.7, 0.8, 14, 0.9) + 0.5 * _pad(rng, seconds, 146.8, ()), -22)


def _violin(rng: np.random.Generator, seconds: float) -> Audio:
    return _scaled(_sung(rng, seconds, 440.0, 0.6, 12, 0.8), -22)


def _flute(rng: np.random.Generator, seconds: float) -> Audio:
    breath = 0.02 * _filtered(_noise(rng, seconds), 600, 3000)
    return _scaled(_sung(rng, seconds, 523.3, 0.5, 3, 1.8) + breath, -24)


def _saxophone(rng: np.random.Generator, seconds: float) -> Audio:
    lead = _formants(_sung(rng, seconds, 233.1, 0.45, 20, 0.7), (500, 200), (1100, 300), (2500, 500))
    return _scaled(lead, -22) + _scaled(_drums(rng, seconds, 0.6), -32)


def _choir(rng: np.random.Generator, seconds: float) -> Audio:
    """Voices that hold an "ah" on chords: what is most like speech without being any."""
    return _scaled(_pad(rng, seconds, 174.6, ((700, 130), (1220, 160), (2600, 250))), -22)


def _vocalise(rng: np.random.Generator, seconds: float) -> Audio:
    """One voice that sings a melody on "ooh", over a pad."""
    voice = _formants(_sung(rng, seconds, 220.0, 0.7, 20, 1.0), (350, 120), (800, 150), (2400, 250))
    return _scaled(voice, -22) + _scaled(_pad(rng, seconds, 110.0, ()), -34)


def _sung(rng: np.random.Generator, seconds: float, root: float, beat: float, harmonics: int, fall: float) -> Audio:
    """A melody with glides, vibrato and swells."""
    notes = list(_melody(rng, seconds, beat))
    time = _time(seconds)
    pitch, loudness = np.full(len(time), root), np.zeros(len(time))
    for at, length, note in notes:
        here = slice(int(at * RATE), int((at + length) * RATE))
        within = time[here] - at
        pitch[here] = _hertz(note, root)
        loudness[here] = np.minimum(np.minimum(within / 0.06, 1), np.maximum(length - within, 0) / 0.06 + 0.02)
    smooth = signal.sosfiltfilt(signal.butter(1, 8, fs=RATE, output="sos"), pitch)
    vibrato = 1 + 0.012 * np.sin(2 * np.pi * 5.5 * time) * np.minimum(loudness, 1)
    return _gliding(smooth * vibrato, harmonics, fall) * loudness


def _pad(rng: np.random.Generator, seconds: float, root: float, resonances: Sequence[tuple[float, float]]) -> Audio:
    """Chords held by several players or singers, each a little out of tune and trembling."""
    time = _time(seconds)
    samples = np.zeros(len(time))
    for voice in range(3):
        steps = np.array([_hertz(_CHORDS[int(bar) % 4][voice], root) for bar in time // 3])
        steps = signal.sosfiltfilt(signal.butter(1, 6, fs=RATE, output="sos"), steps)
        for _ in range(2):
            tremble = (
                1 + 0.008 * np.sin(2 * np.pi * rng.uniform(4.5, 6) * time + rng.uniform(0, 6)) + rng.normal(0, 0.003)
            )
            samples += _gliding(steps * tremble, 16, 1.0)
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * time / 6)
    return (_formants(samples, *resonances) if resonances else samples) * swell


def _arpeggio(rng: np.random.Generator, seconds: float) -> Audio:
    samples = 0.5 * _drums(rng, seconds, 0.45)
    for count in range(int(seconds / 0.15)):
        chord = _CHORDS[count // 16 % 4]
        note = chord[count % 3] + 12 * (count // 3 % 2)
        square = signal.square(2 * np.pi * _hertz(note, 261.6) * _time(0.14)) * _decay(0.14, 0.08)
        _added(samples, count * 0.15, 0.5 * square)
    return _scaled(samples, -22)


def _jazz(rng: np.random.Generator, seconds: float) -> Audio:
    samples = 0.3 * _scattered(
        rng, seconds, 0.3, lambda: _filtered(rng.normal(size=2400), 3000, 7900) * _decay(0.15, 0.04)
    )
    for count in range(int(seconds / 0.45)):
        bass = _CHORDS[count // 4 % 4][count % 3]
        _added(samples, count * 0.45, _plucked(_hertz(bass, 98.0), 0.5, 0.25))
        if count % 4 in {1, 3}:
            for note in _CHORDS[count // 4 % 4]:
                _added(samples, count * 0.45 + 0.29, 0.4 * _plucked(_hertz(note + 3, 233.1), 0.4, 0.15))
    for at, length, note in _melody(rng, seconds, 0.3):
        _added(samples, at, 0.7 * _plucked(_hertz(note, 349.2), length + 0.2, 0.2))
    return _scaled(samples, -22)


SOUNDS: Final[dict[str, dict[str, Maker]]] = {
    "silence and line noise": {
        "digital silence": lambda _, seconds: _silence(seconds),
        "idle line": _idle,
        "white noise, faint": lambda rng, seconds: _scaled(_noise(rng, seconds), -62),
        "white noise, loud": lambda rng, seconds: _scaled(_noise(rng, seconds), -26),
        "pink noise": lambda rng, seconds: _scaled(_noise(rng, seconds, 3), -40),
        "comfort noise": lambda rng, seconds: _scaled(_noise(rng, seconds, 6), -52),
        "mains hum": _hum,
        "crackle": _crackle,
    },
    "signalling tones": {
        "dial tone, North America": lambda _, seconds: _tones(seconds, 350, 440),
        "dial tone, Europe": lambda _, seconds: _tones(seconds, 425),
        "ringback, North America": lambda _, seconds: _cadence(seconds, (_tones(2, 440, 480), 4)),
        "ringback, United Kingdom": lambda _, seconds: _cadence(
            seconds, (_tones(0.4, 400, 450), 0.2), (_tones(0.4, 400, 450), 2.0)
        ),
        "ringback, Europe": lambda _, seconds: _cadence(seconds, (_tones(1, 425), 4)),
        "busy, North America": lambda _, seconds: _cadence(seconds, (_tones(0.5, 480, 620), 0.5)),
        "busy, Europe": lambda _, seconds: _cadence(seconds, (_tones(0.5, 425), 0.5)),
        "special information": _special_information,
        "keys": _dtmf,
        "recording beeps": _beeps,
        "answering machine beeps": _answering_machine,
    },
    "fax and modem": {"fax": _fax, "modem": _modem, "frequency shift keying": _fsk},
    "rooms and handsets": {
        "babble": _babble,
        "crowd": _crowd,
        "street": _street,
        "wind": _wind,
        "breathing": _breathing,
        "handset": _handset,
        "typing": _typing,
        "knocks": _knocks,
        "barks": _barks,
        "coughs": _coughs,
        "applause": _applause,
        "siren": _siren,
    },
    "synthesised music": {
        "piano": _piano,
        "pop": _pop,
        "strings": _strings,
        "violin": _violin,
        "flute": _flute,
        "saxophone": _saxophone,
        "choir": _choir,
        "vocalise": _vocalise,
        "arpeggio": _arpeggio,
        "jazz": _jazz,
    },
}


def main() -> None:
    """Write the set into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=40.0, help="length of each sound")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    sounds = [*make(arguments.folder, arguments.seconds), *hold_music(arguments.folder, arguments.seconds)]
    print(f"{len(sounds)} sounds, {sum(sound.seconds for sound in sounds) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
