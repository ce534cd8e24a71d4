"""An evaluation as a picture: a bar for each engine, with the interval of its word error rate. SVG, light and dark."""

from typing import Final
from xml.sax.saxutils import escape

from callscribe.characters import printable
from callscribe.evaluation.documents import EngineResult, EvaluationReport

_WIDTH: Final = 760
_LEFT: Final = 220
_RIGHT: Final = 90
_ROW: Final = 40
_TOP: Final = 48
_LETTERS: Final = 28
"""Of a name that is shown whole."""

_STYLE: Final = """
:root { color-scheme: light dark; }
text { font: 13px system-ui, sans-serif; fill: #17201e; }
.title { font-weight: 600; font-size: 15px; }
.bar { fill: #1a6350; }
.interval { stroke: #17201e; stroke-width: 2; fill: none; }
.ground { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8edec; }
  .bar { fill: #5cc9ac; }
  .interval { stroke: #e8edec; }
  .ground { fill: #1d2326; }
}
"""


def reach(report: EvaluationReport) -> float:
    """The greatest rate, as a share, that a chart of it has to show; some, where there is none."""
    ends = [0.0]
    for each in report.engines:
        ends += [each.word_error_rate or 0.0, each.interval.high if each.interval else 0.0]
    return max(ends) or 0.01


def svg(title: str, report: EvaluationReport) -> str:
    """The picture, complete with its text for those who do not see it."""
    told = [each for each in report.engines if each.word_error_rate is not None]
    height = _TOP + _ROW * len(told) + 24
    scale = (_WIDTH - _LEFT - _RIGHT) / reach(report)
    rows = [_row(each, _TOP + _ROW * place, scale) for place, each in enumerate(told)]
    summary = "; ".join(f"{_name(each)} {_percent(each.word_error_rate or 0.0)}" for each in told)
    shown = escape(printable(title))
    heading = f"Words wrong of 100, over {len(report.recordings)} recordings: {shown}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<title>Word error rates: {shown}</title>",
            f"<desc>{escape(summary)}</desc>",
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
            f'<text class="title" x="16" y="28">{heading}</text>',
            *rows,
            "</svg>\n",
        ]
    )


def _row(result: EngineResult, top: float, scale: float) -> str:
    rate, middle = result.word_error_rate or 0.0, top + _ROW / 2
    name = _name(result)
    short = name if len(name) <= _LETTERS else f"…{name[1 - _LETTERS :]}"
    parts = [
        f'<text x="{_LEFT - 10}" y="{middle + 4:g}" text-anchor="end">{escape(short)}</text>',
        f'<rect class="bar" x="{_LEFT}" y="{top + 8:g}" width="{rate * scale:.1f}" height="{_ROW - 16}"/>',
    ]
    end = rate
    if result.interval is not None:
        low, high = (_LEFT + each * scale for each in (result.interval.low, result.interval.high))
        end = max(end, result.interval.high)
        ends = " ".join(f"M{x:.1f} {middle - 7:g}v14" for x in (low, high))
        parts.append(f'<path class="interval" d="M{low:.1f} {middle:g}H{high:.1f} {ends}"/>')
    parts.append(f'<text x="{_LEFT + end * scale + 8:.1f}" y="{middle + 4:g}">{_percent(rate)}</text>')
    return "\n".join(parts)


def _name(result: EngineResult) -> str:
    return printable(f"{result.engine}/{result.model}")


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"
