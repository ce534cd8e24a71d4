import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.conversations.grouping import MatchedParty, grouping_key
from callscribe.conversations.tables import Grouping

CUSTOMER = MatchedParty("CUSTOMER", None, [("VOICE", "+15550100")])
AGENT = MatchedParty("HUMAN_AGENT", None, [("VOICE", "+15550111")])

_addresses = st.tuples(st.sampled_from(["VOICE", "SMS"]), st.sampled_from(["+1", "+2", "a@example.com"]))
_parties = st.lists(
    st.builds(MatchedParty, st.sampled_from(["CUSTOMER", "AI_AGENT"]), st.none(), st.lists(_addresses, max_size=3)),
    max_size=4,
)


@given(_parties, st.randoms(use_true_random=False))
def test_order_of_parties_is_no_matter(parties: list[MatchedParty], random: object) -> None:
    shuffled = list(parties)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for grouping in Grouping:
        assert grouping_key(grouping, parties, "VOICE") == grouping_key(grouping, shuffled, "VOICE")


@given(_parties)
def test_address_makes_key(parties: list[MatchedParty]) -> None:
    key = grouping_key(Grouping.ADDRESSES, parties)
    assert (key is None) == (not any(party.addresses for party in parties))


@pytest.mark.parametrize("grouping", Grouping)
def test_other_addresses_other_key(grouping: Grouping) -> None:
    other = MatchedParty("CUSTOMER", None, [("VOICE", "+15550199")])
    assert grouping_key(grouping, [CUSTOMER, AGENT]) != grouping_key(grouping, [other, AGENT])


@pytest.mark.parametrize("address", ["whatsapp:+15550100", "rcs:+15550100", "WhatsApp:+15550100"])
def test_number_same_on_every_channel(address: str) -> None:
    parties = [MatchedParty("CUSTOMER", None, [("WHATSAPP", address)]), AGENT]
    assert grouping_key(Grouping.ADDRESSES, parties) == grouping_key(Grouping.ADDRESSES, [CUSTOMER, AGENT])


def test_by_type_channel_decides() -> None:
    grouping = Grouping.ADDRESSES_AND_CHANNEL
    parties = [CUSTOMER, AGENT]
    assert grouping_key(grouping, parties, "SMS") != grouping_key(grouping, parties, "VOICE")
    assert grouping_key(grouping, parties) == grouping_key(grouping, parties, "VOICE")


def test_by_profile_only_profile_counts() -> None:
    one = [MatchedParty("CUSTOMER", "mem_profile_1", [("VOICE", "+1")]), AGENT]
    two = [MatchedParty("CUSTOMER", "mem_profile_1", [("SMS", "+2")])]
    assert grouping_key(Grouping.PROFILE, one) == grouping_key(Grouping.PROFILE, two)
    assert grouping_key(Grouping.PROFILE, [CUSTOMER, AGENT]) == grouping_key(Grouping.PROFILE, [CUSTOMER])
    assert grouping_key(Grouping.PROFILE, [CUSTOMER]) != grouping_key(Grouping.PROFILE, one)


def test_by_profile_else_all_addresses() -> None:
    other = MatchedParty("AI_AGENT", None, [("VOICE", "+15550122")])
    assert grouping_key(Grouping.PROFILE, [AGENT, other]) != grouping_key(Grouping.PROFILE, [AGENT])


def test_a_profile_is_no_address() -> None:
    profile = [MatchedParty("CUSTOMER", "+15550100")]
    assert grouping_key(Grouping.PROFILE, profile) != grouping_key(Grouping.PROFILE, [CUSTOMER])
