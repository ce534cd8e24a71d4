"""Speech in no text becomes segments without words."""

from callscribe.speech.activity import ChannelActivity
from callscribe.speech.interface import OmissionReason, Segment, Span, Word
from callscribe.speech.unheard import Unheard, doubted
from callscribe.speech.windows import WindowPlan


def plan(*speech: tuple[float, float], channel: int = 0) -> WindowPlan:
    spans = tuple(Span(*each) for each in speech)
    return WindowPlan(channel, Span(spans[0].start, spans[-1].end), spans)


def said(*times: tuple[float, float], channel: int = 0) -> Segment:
    words = tuple(Word("word", start, end, 0.9) for start, end in times)
    return Segment(channel, times[0][0], times[-1][1], words, "en")


def untold(plans: list[WindowPlan], *segments: Segment) -> list[tuple[int, float, float]]:
    told = list(Unheard(plans, "en").follow(segments))
    assert told[: len(segments)] == list(segments)
    added = told[len(segments) :]
    assert all(each.omitted is OmissionReason.NOT_RECOGNIZED and not each.words for each in added)
    return [(each.channel, each.start, each.end) for each in added]


def test_speech_without_word_is_told() -> None:
    assert untold([plan((1.0, 4.0))]) == [(0, 1.2, 3.8)]


def test_speech_with_words_is_not() -> None:
    assert untold([plan((1.0, 4.0))], said((1.2, 1.8), (2.4, 3.9))) == []


def test_only_the_span_without_words_is_told() -> None:
    assert untold([plan((1.0, 4.0), (4.5, 8.0))], said((1.2, 2.0), (2.2, 3.9))) == [(0, 4.7, 7.8)]


def test_hesitation_is_not_told() -> None:
    assert untold([plan((1.0, 2.5))]) == []


def test_what_is_left_out_is_told_once() -> None:
    left_out = Segment(0, 1.0, 4.0, (), "en")
    assert untold([plan((1.0, 4.0))], left_out) == []


def test_channels_answer_for_themselves() -> None:
    plans = [plan((1.0, 4.0)), plan((1.0, 4.0), channel=1)]
    assert untold(plans, said((1.2, 3.8))) == [(1, 1.2, 3.8)]


def test_doubt_is_told_in_the_chunk_it_begins_in() -> None:
    activity = ChannelActivity(1, (), 1.0, doubtful=(Span(9.0, 12.0), Span(20.0, 23.0)))
    chunks = [list(doubted([activity], Span(*each), "en")) for each in ((0.0, 10.0), (10.0, 30.0))]
    assert [[(each.channel, each.start, each.end) for each in chunk] for chunk in chunks] == [
        [(1, 9.0, 12.0)],
        [(1, 20.0, 23.0)],
    ]
    assert chunks[0][0].omitted is OmissionReason.UNCERTAIN
