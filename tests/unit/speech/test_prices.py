"""`CALLSCRIBE_PRICES`: what a second of audio costs at which engine."""

import pytest

from callscribe.errors import SetupError
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.prices import Prices

NOVA = ServedBy("deepgram", "nova-3")


@pytest.mark.parametrize(
    ("text", "cost"),
    [("deepgram/nova-3=0.6/min", 36.0), ("deepgram/nova-3 = 36/h", 36.0), ("deepgram/nova-3=1/s", 3600)],
)
def test_units(text: str, cost: float) -> None:
    assert Prices.parse(text).cost(NOVA, 3600) == pytest.approx(cost)


def test_several_with_a_currency() -> None:
    prices = Prices.parse(" deepgram/nova-3=0.0043 USD/min , openai/whisper-1=0.006USD/min,")
    assert prices.currency == "USD"
    assert prices.cost(ServedBy("openai", "whisper-1"), 60) == pytest.approx(0.006)
    assert prices.cost(ServedBy("whisper", "base"), 60) is None


@pytest.mark.parametrize("text", [None, "", " , "])
def test_nothing_has_a_price(text: str | None) -> None:
    prices = Prices.parse(text)
    assert (prices.cost(NOVA, 60), prices.currency) == (None, None)


def test_a_model_may_be_a_path() -> None:
    assert Prices.parse("whisper//models/own=1/h").cost(ServedBy("whisper", "/models/own"), 1800) == 0.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("deepgrm/nova-3=0.1/min", "There is no engine 'deepgrm'"),
        ("deepgram=0.1/min", "'deepgram=0.1/min' is no price"),
        ("deepgram/nova-3=0.1", "is no price"),
        ("deepgram/nova-3=-1/min", "is no price"),
        ("deepgram/nova-3=1e3/min", "is no price"),
        ("deepgram/nova-3=0.1/day", "units are s, min and h"),
        ("deepgram/nova-3=0.1 dollars/min", "is no price"),
        ("deepgram/nova-3=1/h,deepgram/nova-3=2/h", "deepgram/nova-3 has two prices"),
        ("deepgram/nova-3=1 USD/h,openai/whisper-1=2 EUR/h", "there are: EUR, USD"),
        ("deepgram/nova-3=1 USD/h,openai/whisper-1=2/h", "there are: USD, none"),
        (f"deepgram/nova-3={'9' * 400}/h", "is no number"),
    ],
)
def test_what_is_not_understood_is_said(text: str, told: str) -> None:
    with pytest.raises(SetupError, match=r"^CALLSCRIBE_PRICES: ") as caught:
        Prices.parse(text)
    assert told in str(caught.value)
