"""Cut the second of speech that a worker tries recognition with out of the bundled call.

python scripts/make_sample.py
"""

import wave
from typing import Final

import numpy as np

from callscribe.demo import RECORDING
from callscribe.speech import sample

START: Final = 0.8
LENGTH: Final = 1.0
"""Seconds of the bundled call: "Thank you for calling"."""

AGENT: Final = 1
"""Whose channel that is on, counted from 0."""


def main() -> None:
    """Write the sample beside the module that reads it."""
    with wave.open(str(RECORDING)) as call, wave.open(str(sample.RECORDING), "wb") as part:
        rate = call.getframerate()
        call.setpos(int(START * rate))
        frames = np.frombuffer(call.readframes(int(LENGTH * rate)), "<i2").reshape(-1, call.getnchannels())
        part.setparams(call.getparams())
        part.setnchannels(1)
        part.writeframes(frames[:, AGENT].tobytes())
    print(f"{sample.RECORDING.name}: {len(frames) / rate:.1f} s")


if __name__ == "__main__":
    main()
