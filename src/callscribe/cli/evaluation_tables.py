"""An evaluation on a terminal: a table, a chart of bars, and the words that are most often wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from callscribe.characters import printable
from callscribe.cli.cells import cell
from callscribe.cli.figures import clock

if TYPE_CHECKING:
    from callscribe.evaluation.documents import EngineResult, EvaluationReport, IntervalResource

BAR: Final = 48
"""Columns of the longest bar."""

WORDS: Final = 10
"""Words that are shown of those most often wrong, for each engine."""


def rendered(report: EvaluationReport) -> Iterator[RenderableType]:
    """All there is to be shown, from top to bottom."""
    yield Text(_summary(report), style="bold")
    if not report.recordings:
        return
    yield _results(report)
    yield _chart(report)
    for each in report.engines:
        if each.most_wrong:
            title = f"{_name(each)}: words most often wrong, candidates for key terms"
            yield Group(cell(title, "bold"), _words(each))


def _summary(report: EvaluationReport) -> str:
    told = [f"{len(report.recordings)} recordings compared, {clock(report.audio_seconds)} min"]
    if report.left_out:
        told.append(f"{len(report.left_out)} left out")
    partly = [each for each in report.engines if each.failed]
    told += [f"{_name(each)} failed on {len(each.failed)}" for each in partly]
    if not report.is_complete:
        told.append("interrupted, so this is not all")
    return "; ".join(told) + "."


def _results(report: EvaluationReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", caption_justify="left", caption_style="dim")
    table.add_column("Engine", overflow="fold")
    for title in ("WER", "95 %", "above best", "sub", "del", "ins", "words", "real time", "memory"):
        table.add_column(title, justify="right", no_wrap=True)
    is_priced = any(each.cost is not None for each in report.engines)
    if is_priced:
        table.add_column("cost", justify="right", no_wrap=True)
    for place, each in enumerate(report.engines):
        cost = [] if not is_priced else ["–" if each.cost is None else _money(each.cost, report.currency)]
        table.add_row(*_cells(each, is_best=place == 0), *cost)
    table.caption = (
        "WER: words wrong of 100 that were said, and where that would be in 95 of 100 such samples of recordings; "
        "above best: by how much more than the first, on the same samples (with 0 in it, nobody can tell). Real time: "
        "seconds of work for one of audio. Memory: of the engine's own process; "
        f"{_megabytes(report.own_peak_memory_bytes)} of this one."
    )
    return table


def _cells(result: EngineResult, *, is_best: bool) -> list[RenderableType]:
    if result.word_error_rate is None:
        return [cell(_name(result)), Text("failed", style="red"), *[Text("–")] * 8]
    speed = "–" if result.real_time_factor is None else f"{result.real_time_factor:.3f}"
    figures = [
        f"{100 * result.word_error_rate:.2f}",
        _interval(result.interval),
        "" if is_best else _interval(result.above_best),
        *(str(each) for each in (result.substitutions, result.deletions, result.insertions, result.words)),
        speed,
        "–" if result.peak_memory_bytes is None else _megabytes(result.peak_memory_bytes),
    ]
    return [cell(_name(result), "bold" if is_best else ""), *map(Text, figures)]


def _chart(report: EvaluationReport) -> Table:
    from callscribe.evaluation.charts import reach

    most = reach(report)
    table = Table.grid(padding=(0, 1))
    for each in report.engines:
        if each.word_error_rate is not None:
            table.add_row(cell(_name(each)), _bar(each, most), f"{100 * each.word_error_rate:.1f} %")
    table.caption = "█ ▓ to the rate; ▓ ░ from end to end of its interval"
    table.caption_style = "dim"
    table.caption_justify = "left"
    return table


def _bar(result: EngineResult, most: float) -> Text:
    rate = result.word_error_rate or 0.0
    low, high = (rate, rate) if result.interval is None else (result.interval.low, result.interval.high)
    bar = ""
    for column in range(BAR):
        here = (column + 0.5) * most / BAR
        bar += "█" if here < min(low, rate) else "▓" if here < rate else "░" if here < high else " "
    return Text(bar, style="cyan")


def _words(result: EngineResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("word", overflow="fold")
    table.add_column("wrong", justify="right")
    table.add_column("said", justify="right")
    table.add_column("heard instead", overflow="fold")
    for each in result.most_wrong[:WORDS]:
        table.add_row(cell(each.word), str(each.wrong), str(each.said), cell(", ".join(each.heard) or "nothing"))
    return table


def _name(result: EngineResult) -> str:
    return printable(f"{result.engine}/{result.model}")


def _interval(interval: IntervalResource | None) -> str:
    return "–" if interval is None else f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _money(amount: float, currency: str | None) -> str:
    return f"{amount:.4f}" + (f" {currency}" if currency else "")
