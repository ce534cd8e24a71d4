"""Makes audio files of every format, for tests."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]
"""`(channels, samples)` float32 in [-1, 1]."""

FORMATS: dict[str, dict[str, Any]] = {
    "wav-u8": {"container": "wav", "codec": "pcm_u8"},
    "wav-s16": {"container": "wav", "codec": "pcm_s16le"},
    "wav-s24": {"container": "wav", "codec": "pcm_s24le"},
    "wav-s32": {"container": "wav", "codec": "pcm_s32le"},
    "wav-f32": {"container": "wav", "codec": "pcm_f32le"},
    "wav-f64": {"container": "wav", "codec": "pcm_f64le"},
    "wav-mulaw": {"container": "wav", "codec": "pcm_mulaw", "rate": 8000},
    "wav-alaw": {"container": "wav", "codec": "pcm_alaw", "rate": 8000},
    "mp3-cbr": {"container": "mp3", "codec": "mp3", "rate": 44100, "bit_rate": 128_000},
    "mp3-vbr": {"container": "mp3", "codec": "mp3", "rate": 44100, "quality": 4},
    "mp3-8k": {"container": "mp3", "codec": "mp3", "rate": 8000, "bit_rate": 16_000},
    "mp3-bare": {
        "container": "mp3",
        "codec": "mp3",
        "rate": 16000,
        "bit_rate": 32_000,
        "options": {"write_xing": "0", "id3v2_version": "0"},
    },
    "flac": {"container": "flac", "codec": "flac", "rate": 44100},
    "flac-8k": {"container": "flac", "codec": "flac", "rate": 8000},
    "ogg-opus": {"container": "ogg", "codec": "libopus", "rate": 48000},
    "ogg-vorbis": {"container": "ogg", "codec": "vorbis", "rate": 44100},
    "m4a": {"container": "ipod", "codec": "aac", "rate": 44100},
    "webm-opus": {"container": "webm", "codec": "libopus", "rate": 48000},
    "webm-vorbis": {"container": "webm", "codec": "vorbis", "rate": 44100},
}
"""Arguments of `write` for each format that is read, by a name."""


def signal(seconds: float, rate: int, channels: int = 1, *, seed: int = 0) -> Signal:
    """A tone that goes to and fro under noise, different in each channel, so that no stretch repeats."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    parts = []
    for channel in range(channels):
        pitch = 300 + 200 * channel + 250 * np.sin(2 * np.pi * 0.11 * (channel + 1) * time)
        tone = 0.4 * np.sin(2 * np.pi * np.cumsum(pitch) / rate)
        # Noise below 2 kHz at every rate, so that a resampler has nothing to cut off.
        sparse = random.normal(0, 0.08, int(seconds * 4000) + 2)
        noise = np.interp(time, np.arange(len(sparse)) / 4000, sparse)
        parts.append(tone + noise)
    return np.clip(np.stack(parts), -1, 1).astype(np.float32)


def write(
    path: Path,
    samples: Signal,
    *,
    container: str,
    codec: str,
    rate: int = 16000,
    bit_rate: int | None = None,
    quality: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode `samples`, which are at `rate` Hz, into a file; return its path."""
    channels = len(samples)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(str(path), "w", format=container, options=options or {}) as output:
        stream: Any = output.add_stream(codec, rate=rate, layout=layout)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        if quality is not None:
            stream.codec_context.options = {"global_quality": str(quality * 118), "flags": "+qscale"}
        if codec == "vorbis":
            stream.codec_context.options = {"strict": "experimental"}
        stream.time_base = Fraction(1, rate)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        step = rate
        for start in range(0, samples.shape[1], step):
            block = np.ascontiguousarray(samples[:, start : start + step])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate = rate
            frame.pts = start
            frame.time_base = Fraction(1, rate)
            for converted in resampler.resample(frame):
                output.mux(stream.encode(converted))
        for converted in resampler.resample(None):
            output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
    return path


def make(path: Path, name: str, seconds: float, channels: int = 1, *, seed: int = 0) -> tuple[Path, Signal]:
    """A file in one of `FORMATS` with `signal` in it, and that signal."""
    arguments = dict(FORMATS[name])
    rate = arguments.setdefault("rate", 16000)
    samples = signal(seconds, rate, channels, seed=seed)
    return write(path, samples, **arguments), samples
