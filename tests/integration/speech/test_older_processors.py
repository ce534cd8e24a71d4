"""Processors that have less than this one: OpenVINO and CTranslate2 are told to use no more than those have.

What this processor has not itself, such as AMX, is not tried.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import jiwer
import pytest

from callscribe import demo
from callscribe.speech.engines.whisper.compute import ways

LIMITS = {
    "AVX512_CORE_VNNI": ["int8", "float32", "ctranslate2"],
    "AVX2": ["ctranslate2", "float32"],
}
"""By what oneDNN calls a processor, the ways that it has, the quickest first."""

TRIED = [(limit, way) for limit, possible in LIMITS.items() for way in possible]

pytestmark = pytest.mark.skipif("int8" not in ways(), reason="This processor has nothing that could be left unused.")


def run(limit: str, *arguments: str, **environment: str) -> str:
    """What a process of Python prints that may use no more than a limit."""
    limited = {"ONEDNN_MAX_CPU_ISA": limit, "CT2_FORCE_CPU_ISA": limit.partition("_")[0]}
    ended = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | limited | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return ended.stdout


@pytest.mark.parametrize("limit", LIMITS)
def test_ways_are_read_off_the_processor(limit: str) -> None:
    asked = "from callscribe.speech.engines.whisper.compute import ways; print(*ways())"
    assert run(limit, "-c", asked).split() == LIMITS[limit]


@pytest.mark.parametrize(
    ("limit", "way"),
    [
        pytest.param(limit, way, marks=() if way == LIMITS[limit][0] else pytest.mark.long, id=f"{limit}-{way}")
        for limit, way in TRIED
    ],
)
def test_call_is_heard_on_less(limit: str, way: str, models_dir: Path) -> None:
    settings = {"CALLSCRIBE_MODELS_DIR": str(models_dir), "CALLSCRIBE_COMPUTE": way, "CALLSCRIBE_MODEL": "tiny.en"}
    arguments = "-m", "callscribe", "transcribe", str(demo.RECORDING), "--language", "en-US", "--format", "json"
    sentences = json.loads(run(limit, *arguments, **settings))["sentences"]
    for channel in (1, 2):
        said = " ".join(turn.text for turn in demo.call().turns if turn.audio_channel_index == channel)
        found = " ".join(each["text"] for each in sentences if each["audioChannelIndex"] == channel)
        assert jiwer.wer(plain(said), plain(found)) < 0.25


def plain(text: str) -> str:
    """A text's words, in small letters and without marks."""
    return " ".join("".join(mark for mark in text.lower() if mark.isalnum() or mark.isspace()).split())
