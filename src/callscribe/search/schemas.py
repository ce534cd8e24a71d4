"""The wire format of what was found."""

from pydantic import Field

from callscribe.search.finding import Match
from callscribe.web.wire import Wire


class MatchResource(Wire):
    """A sentence that has some of what was looked for."""

    sentence_index: int
    audio_channel_index: int
    participant_index: int | None
    start_time_seconds: float
    text: str
    ranges: list[tuple[int, int]] = Field(
        description="Where the words are that were looked for, as `[start, end)` in `text`, counted in characters "
        "(Unicode code points)."
    )

    @classmethod
    def of(cls, match: Match) -> "MatchResource":
        """From what was found."""
        return cls(
            sentence_index=match.index,
            audio_channel_index=match.channel + 1,
            participant_index=match.participant,
            start_time_seconds=match.start,
            text=match.text,
            ranges=list(match.ranges),
        )
