"""The command that a newcomer runs first, as it is run."""

import re
import subprocess
import sys

import jiwer

from callscribe.demo import call

NORMAL = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.RemoveMultipleSpaces(), jiwer.Strip()])


def test_demo_prints_who_said_what() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "callscribe", "demo"], capture_output=True, text=True, timeout=170, check=False
    )
    assert ended.returncode == 0, ended.stderr
    bundled = call()
    for party in bundled.participants:
        said = " ".join(turn.text for turn in bundled.turns if turn.audio_channel_index == party.audio_channel_index)
        # A long line is wrapped under its text; what begins with a time is somebody's.
        lines = re.split(r"\n(?=\s*\d+:\d\d)", ended.stdout)
        heard = " ".join(
            re.sub(rf"^\s*\d+:\d\d(\.\d)?\s+{re.escape(party.name)}\s", "", line)
            for line in lines
            if re.match(rf"\s*\d+:\d\d(\.\d)?\s+{re.escape(party.name)}\s", line)
        )
        assert jiwer.wer(NORMAL(said), NORMAL(heard.split("\n\n")[0])) < 0.05, ended.stdout
