"""Make the picture of the README: run `callscribe demo` for real and draw what it prints.

    .venv/bin/python scripts/make_screenshot.py

Arguments go to `callscribe demo`, such as `--url`, `--sid` and `--token` for a server that runs already.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "demo.svg"
COLUMNS = 100

# Fonts that readers have: a picture in a README may load nothing from elsewhere.
FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""


def demonstration(arguments: list[str]) -> str:
    """What `callscribe demo` prints, with its colours as escape sequences."""
    colours = {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    finished = subprocess.run(
        [sys.executable, "-m", "callscribe", "demo", *arguments],
        env={**os.environ, **colours},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=900,
    )
    return finished.stdout


def draw(output: str) -> str:
    """The output as an SVG picture of a terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(output.strip("\n")))
    console.print()  # the last line's descenders are cut off
    return console.export_svg(title="callscribe demo", theme=DIMMED_MONOKAI, code_format=FORMAT, unique_id="demo")


def main() -> None:
    """Run and draw."""
    picture = draw(demonstration(sys.argv[1:]))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture, encoding="utf-8")
    print(PICTURE)


if __name__ == "__main__":
    main()
