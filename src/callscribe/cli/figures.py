"""The figures of a call as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from callscribe.transcripts.models import Transcript
    from callscribe.transcripts.statistics import PartyStatistics


def figures_table(transcript: Transcript) -> Table:
    """A line for each party, and below them the call's speech, silence and overlap."""
    from callscribe.transcripts.statistics import statistics

    figures = statistics(transcript)
    table = Table(box=None, pad_edge=False, header_style="dim", caption_justify="left", caption_style="dim")
    table.add_column("")
    for title in ("talk", "share", "words", "words/min", "turns", "longest", "interrupts", "response"):
        table.add_column(title, justify="right")
    for each in figures.parties:
        table.add_row(*_cells(each))
    table.caption = (
        f"{clock(figures.duration)} in all, {clock(figures.silence)} of silence, "
        f"{figures.overlap:.1f} s of both speaking"
    )
    return table


def omissions_line(transcript: Transcript) -> str:
    """Where somebody speaks and it is left out, a sentence for each reason; empty where that is nowhere."""
    places: dict[str | None, list[str]] = {}
    for each in transcript.omissions:
        place = f"{_moment(each.start)} to {_moment(each.end)}"
        channel = f" on channel {each.channel + 1}" if transcript.channels > 1 else ""
        places.setdefault(each.language, []).append(place + channel)
    return " ".join(
        f"{'No text could be made of the speech' if language is None else f'Speech in {language} is left out'} "
        f"at {', '.join(where)}."
        for language, where in places.items()
    )


def clock(seconds: float) -> str:
    """Minutes and seconds, such as 61:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _moment(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def _cells(figures: PartyStatistics) -> list[str]:
    return [
        f"Channel {figures.party.channel + 1}"
        if figures.party.speaker is None
        else f"Speaker {figures.party.speaker + 1}",
        clock(figures.talk_time),
        f"{figures.talk_share:.0%}",
        str(figures.words),
        "–" if figures.words_per_minute is None else f"{figures.words_per_minute:.0f}",
        str(figures.turns),
        f"{figures.longest_turn:.1f} s",
        str(figures.interruptions),
        "–" if figures.response_time is None else f"{figures.response_time:.1f} s",
    ]
